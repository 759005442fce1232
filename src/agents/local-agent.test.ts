// The local agent on pictures and boxes: deterministic, inside the canvas, able to answer any words.
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Image } from '../core/image.js';
import { createRuntime } from '../runtime/index.js';
import { CANVAS_PX, type LayoutQuestion } from './agent.js';
import { openLayoutNetwork } from './layout-network.js';
import { createLocalAgent } from './local-agent.js';
import { testPicture, testQuestion } from './test-agent.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());
const agent = createLocalAgent(runtime);
const network = openLayoutNetwork(runtime);

/** A picture of one colour. */
function plain(level: number): Image {
  const picture = testPicture(64, 64);
  return { ...picture, data: picture.data.fill(level) };
}

describe('choose', () => {
  it('ranks all pictures, the same way every time, ties to the first', async () => {
    const pictures = [plain(10), plain(240), plain(10)];
    const options = { verb: 'riding', object: 'bicycle', count: 3 };
    const choice = await agent.choose('a woman is riding a bicycle', pictures, options);
    expect(choice.source).toBe('local');
    expect([...choice.indices].sort()).toEqual([0, 1, 2]);
    expect(choice.indices.indexOf(0)).toBeLessThan(choice.indices.indexOf(2));
    expect(choice.index).toBe(choice.indices[0]);
    expect((await agent.choose('a woman is riding a bicycle', pictures, options)).scores).toEqual(choice.scores);
  });

  it('gives as many as there are, works without a verb, refuses none', async () => {
    expect((await agent.choose('someone', [plain(99)], { count: 3 })).indices).toEqual([0]);
    await expect(agent.choose('someone', [])).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('stops when asked to', async () => {
    const choosing = agent.choose('someone', [plain(1)], { signal: AbortSignal.abort() });
    await expect(choosing).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('propose', () => {
  it('puts a bicycle below and a phone at the head', async () => {
    const standing = { ...testQuestion(), objectBox: null, keypoints: null, image: testPicture(64, 64) };
    const bicycle = await agent.propose(standing);
    const phone = await agent.propose({ ...standing, verb: 'talking', preposition: 'on', object: 'phone' });
    const [person, low, high] = [standing.personBox, bicycle.box!, phone.box!];
    expect(low[3]).toBeGreaterThan(person[3] - 40);
    expect((high[1] + high[3]) / 2).toBeLessThan((person[1] + person[3]) / 2);
    expect(high[2] - high[0]).toBeLessThan(low[2] - low[0]);
    expect(bicycle).toMatchObject({ status: 'proposed', source: 'local', attributes: { poseType: 'dynamic' } });
    expect(phone.reasoning).toContain('"phone" is taken as cell phone');
  });

  it('answers for words that it does not know, and says so', async () => {
    const proposal = await agent.propose({ ...testQuestion(), verb: 'contemplating', object: 'universe' });
    expect(proposal.box).not.toBeNull();
    expect(proposal.reasoning).toContain('"contemplating" is not known');
  });

  it('gives whole boxes inside the canvas, or none, for any person', async () => {
    const side = fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 512 }));
    const span = side.map(([low, size]): [number, number] => [low, Math.min(CANVAS_PX, low + size)]);
    const box = fc.tuple(span, span).map(([x, y]) => [x[0], y[0], x[1], y[1]] as const);
    const words = fc.constantFrom('riding', 'holding', 'kicking', 'pondering');
    const property = fc.asyncProperty(box, fc.option(box), words, async (personBox, objectBox, verb) => {
      const question: LayoutQuestion = { ...testQuestion(), personBox, objectBox, verb };
      const { status, box: placed } = await agent.propose(question);
      expect(placed === null).toBe(status !== 'proposed');
      for (const v of placed ?? []) expect(Number.isInteger(v) && v >= 0 && v <= CANVAS_PX).toBe(true);
    });
    await fc.assert(property, { numRuns: 20 });
  });

  it('answers a mirrored question with the mirrored box', async () => {
    const personBox = [100, 60, 260, 440] as const;
    const mirrored = [252, 60, 412, 440] as const;
    const asked = { verb: 'kick', object: 'sports ball' };
    const placed = await network.place([
      { ...asked, personBox },
      { ...asked, personBox: mirrored },
    ]);
    const [a, b] = placed.map((p) => p.box);
    expect(CANVAS_PX - b[2]).toBeCloseTo(a[0], 1);
    expect(b[1]).toBeCloseTo(a[1], 1);
    expect(placed[0].expected).toBeCloseTo(placed[1].expected, 4);
  });

  it('gives each situation of a long list the answer that it gets alone', async () => {
    const at = (i: number) => ({ verb: 'hold', object: 'umbrella', personBox: [i, 50, 200 + i, 400] as const });
    const many = await network.place(Array.from({ length: 70 }, (_, i) => at(i)));
    const [alone] = await network.place([at(67)]);
    expect(many).toHaveLength(70);
    for (let k = 0; k < 4; k++) expect(many[67].box[k]).toBeCloseTo(alone.box[k], 2);
  });
});
