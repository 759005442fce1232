// Pose files: what is written is read back, foreign files are recognised by content, bad ones give one clear error.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COCO, WHOLEBODY } from './formats.js';
import { POSE_FORMATS, type PoseFormat, parsePose, readPoseFile } from './pose-file.js';
import { poseToJson } from './pose-write.js';
import { fullPerson, personArbitrary } from './test-people.js';

const size = { widthPx: 640, heightPx: 480 };
const write = (people: Parameters<typeof poseToJson>[0], format: PoseFormat) =>
  JSON.stringify(poseToJson(people, { ...size, format, openPosePoints: 25 }));

describe('written files', () => {
  it('OpenPose keeps every point and score', () => {
    fc.assert(
      fc.property(fc.array(personArbitrary, { minLength: 1, maxLength: 3 }), (people) => {
        const read = parsePose(write(people, 'openpose'));
        expect(read).toEqual({ people: people.map((p) => ({ keypoints: p.keypoints })), ...size });
      }),
      { numRuns: 30 },
    );
  });

  it('COCO-WholeBody keeps every place', () => {
    fc.assert(
      fc.property(personArbitrary, (person) => {
        const [read] = parsePose(write([person], 'wholebody')).people;
        read.keypoints.forEach((p, i) => {
          const truth = person.keypoints[i];
          expect([p.x, p.y, p.score > 0]).toEqual([truth.x, truth.y, truth.score > 0]);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('MediaPipe keeps its 33 points, their depth and the hands', () => {
    const mediapipe = Array.from({ length: 33 }, (_, i) => ({ x: 5 + i, y: 9 + i, z: (i - 40) / 4, score: 0.5 }));
    const [read] = parsePose(write([{ ...fullPerson(), mediapipe }], 'mediapipe')).people;
    expect(read.mediapipe).toEqual(mediapipe);
    const { start, end } = WHOLEBODY.rightHand;
    expect(read.keypoints.slice(start, end)).toEqual(fullPerson().keypoints.slice(start, end));
  });

  it.each(POSE_FORMATS)('%s of nobody reads as nobody', (format) => {
    expect(parsePose(write([], format)).people).toEqual([]);
  });

  it('COCO carries box, score and visibilities', () => {
    const person = { ...fullPerson(), box: [1, 2, 11, 22] as const, score: 0.75 };
    const file = poseToJson([person], { ...size, format: 'coco' }) as { annotations: Record<string, unknown>[] };
    expect(file.annotations[0]).toMatchObject({ bbox: [1, 2, 10, 20], area: 200, num_keypoints: 17, score: 0.75 });
    expect(parsePose(JSON.stringify(file)).people[0]).toMatchObject({ box: [1, 2, 11, 22], score: 0.75 });
  });
});

describe('foreign files', () => {
  const keypoints = Array.from({ length: 17 }, (_, i) => [i + 1, i + 2, i % 3]).flat();

  it('reads a bare annotation, a list of results and 18-point OpenPose with shares of the canvas', () => {
    const [single] = parsePose(JSON.stringify({ keypoints })).people;
    expect(single.keypoints.slice(0, 3).map((p) => p.score)).toEqual([0, 0.5, 1]);
    const results = [{ image_id: 5, category_id: 1, keypoints: keypoints.map((v, i) => (i % 3 === 2 ? 0.25 : v)) }];
    expect(parsePose(JSON.stringify(results)).people[0].keypoints[3]).toEqual({ x: 4, y: 5, score: 0.25 });
    const pose_keypoints_2d = Array.from({ length: 18 }, () => [0.5, 0.25, 1]).flat();
    const shares = { people: [{ pose_keypoints_2d }], canvas_width: 200, canvas_height: 100 };
    expect(parsePose(JSON.stringify(shares)).people[0].keypoints[COCO.nose]).toEqual({ x: 100, y: 25, score: 1 });
  });

  it('takes the picture asked for, skips objects, and refuses to guess among several', () => {
    const file = JSON.stringify({
      images: [{ id: 1, width: 10, height: 20 }, { id: 2 }],
      annotations: [
        { image_id: 1, keypoints },
        { image_id: 2, keypoints },
        { image_id: 2, bbox: [0, 0, 1, 1] },
      ],
    });
    expect(parsePose(file, { imageId: 1 })).toMatchObject({ widthPx: 10, heightPx: 20, people: [{}] });
    expect(() => parsePose(file)).toThrow(/one picture, got 2 pictures/);
  });

  it.each([
    ['no JSON', '{"people": [', /expected JSON/],
    ['another layout', '{"hello": 1}', /another layout/],
    ['null', 'null', /another layout/],
    ['a wrong number of points', '{"people":[{"pose_keypoints_2d":[1,2,3]}]}', /people.0.pose_keypoints_2d: needs 18/],
    ['text for numbers', '{"annotations":[{"keypoints":["a"]}]}', /0.keypoints.0/],
  ])('refuses %s with the place of the mistake', (_, text, message) => {
    expect(() => parsePose(text)).toThrow(message);
    expect(() => parsePose(text)).toThrow(/hint: `contrapposto pose/);
  });

  it('names a missing file', async () => {
    await expect(readPoseFile('no/such/pose.json')).rejects.toMatchObject({ code: 'not-found' });
  });
});
