// Gestures: the fingers that a name means are straight and the others closed, the hand is where and turned as it should be.
import { describe, expect, it } from 'vitest';
import { mannequinCast } from '../mannequin.js';
import { SceneRandom } from '../scene-random.js';
import type { SceneDescription, Side } from '../types.js';
import { distance, dot, normalise, subtract, transform } from '../vector.js';
import { GESTURE_SCENES } from './gesture.js';
import { GESTURES } from './gestures.js';

const cast = mannequinCast();
const ADULT = Array.from({ length: cast.count }, (_, i) => cast.character(i)).find((c) => c.info.age !== 'child')!;
const { hands, unit } = ADULT.measures;

function build(name: string, seed: number): SceneDescription {
  const entry = GESTURE_SCENES.find((scene) => scene.name === `gesture-${name.replaceAll('_', '-')}`)!;
  return entry.build({ character: ADULT, random: new SceneRandom(seed) });
}

const acting = ({ gestures }: SceneDescription) => Object.keys(gestures!) as Side[];

/** Angle between the first and the last bone of a finger, radians. */
function bend({ pose }: SceneDescription, side: Side, finger: number): number {
  const bone = (k: number) => {
    const name = `finger${finger}-${k}.${side}`;
    return normalise(subtract(pose.tail(name), pose.position(name)));
  };
  return Math.acos(Math.min(1, Math.max(-1, dot(bone(1), bone(3)))));
}

/** Straight fingers of each gesture: index, middle, ring, little. */
const STRAIGHT: Readonly<Record<string, readonly number[]>> = {
  call: [5],
  dislike: [],
  fist: [],
  four: [2, 3, 4, 5],
  like: [],
  mute: [2],
  ok: [3, 4, 5],
  one: [2],
  palm: [2, 3, 4, 5],
  peace: [2, 3],
  peace_inverted: [2, 3],
  rock: [2, 5],
  stop: [2, 3, 4, 5],
  stop_inverted: [2, 3, 4, 5],
  three: [2, 3, 4],
  three2: [2, 3],
  two_up: [2, 3],
  two_up_inverted: [2, 3],
};

describe.each(GESTURES.map(({ name }) => [name]))('gesture %s', (name) => {
  const scenes = Array.from({ length: 5 }, (_, seed) => build(name, seed));

  it('straightens the right fingers and closes the others', () => {
    for (const scene of scenes) {
      for (const side of acting(scene)) {
        for (const finger of [2, 3, 4, 5]) {
          if (STRAIGHT[name].includes(finger)) expect(bend(scene, side, finger)).toBeLessThan(0.75);
          else expect(bend(scene, side, finger)).toBeGreaterThan(1.2);
        }
      }
    }
  });

  it('is equal for equal seeds, names the hands and says so in words', () => {
    expect([...build(name, 2).pose.boneMatrices()]).toEqual([...scenes[2].pose.boneMatrices()]);
    for (const scene of scenes) {
      for (const side of acting(scene)) expect(scene.gestures![side]).toBe(name);
      expect(scene.wordings!.length).toBeGreaterThanOrEqual(4);
      expect(scene.phrase).toMatch(acting(scene).length === 2 ? /with both hands$/ : /(left|right) hand$/);
      expect(scene.focus!.points!.length).toBeGreaterThan(20);
    }
  });
});

it('shows every gesture of HaGRID', () => {
  expect(GESTURES.map(({ name }) => name).sort()).toEqual(Object.keys(STRAIGHT).sort());
});

describe('directions', () => {
  const average = (name: string, of: (scene: SceneDescription, side: Side) => number) => {
    const values = Array.from({ length: 8 }, (_, seed) => build(name, seed)).flatMap((scene) =>
      acting(scene).map((side) => of(scene, side)),
    );
    return values.reduce((a, b) => a + b, 0) / values.length;
  };
  const palmZ = (scene: SceneDescription, side: Side) =>
    transform(scene.pose.orientation(`wrist.${side}`), hands[side].palm)[2];
  const thumbY = ({ pose }: SceneDescription, side: Side) =>
    subtract(pose.tail(`finger1-3.${side}`), pose.position(`finger1-1.${side}`))[1];

  it('turns the palm to the viewer, and the back of the hand in inverted ones', () => {
    for (const name of ['peace', 'stop', 'two_up']) {
      expect(average(name, palmZ)).toBeGreaterThan(0.7);
      expect(average(`${name}_inverted`, palmZ)).toBeLessThan(-0.7);
    }
  });

  it('points the thumb up to like and down to dislike', () => {
    expect(average('like', thumbY)).toBeGreaterThan(0.5 * unit);
    expect(average('dislike', thumbY)).toBeLessThan(-0.5 * unit);
  });

  it('lays the index finger on the lips to hush', () => {
    for (let seed = 0; seed < 5; seed++) {
      const scene = build('mute', seed);
      const { face } = ADULT.landmarks;
      const tip = scene.pose.tail(`finger2-3.${acting(scene)[0]}`);
      expect(distance(tip, scene.pose.vertex(face[51]))).toBeLessThan(0.7 * unit);
    }
  });
});
