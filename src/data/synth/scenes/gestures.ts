// The eighteen gestures of HaGRID and free finger poses: shape of the hand, which way it faces, where it is held, its words.
import type { Bends, FourFingers, HandShape, ThumbPlace } from '../hand-shape.js';
import type { SceneRandom } from '../scene-random.js';
import type { Vec3 } from '../vector.js';

/**
 * Where the hand is held: `raised` beside the head or the shoulder, `front` before the chest, `ear` beside the cheek,
 * `lips`.
 */
export type HandPlace = 'raised' | 'front' | 'ear' | 'lips';

export interface Gesture {
  /** HaGRID's class name with underscores, or `free`. */
  name: string;
  shape: HandShape;
  /** Directions for a left hand held up on the person's left: x outwards, y up, z towards the viewer. */
  fingers: Vec3;
  palm: Vec3;
  /** Places with their frequency. */
  places: readonly (readonly [HandPlace, number])[];
  /** What a person is doing, in the -ing form and the third person, e.g. `making a peace sign`, `makes a peace sign`. */
  wordings: readonly (readonly [doing: string, does: string])[];
}

const OPEN: Bends = [0.02, 0.06, 0.04];
const CLOSED: Bends = [1.5, 1.85, 0.8];
/** Index to little: 1 is straight, 0 closed. */
const fingers = (...states: FourFingers<0 | 1>): HandShape['bends'] =>
  states.map((state) => (state ? OPEN : CLOSED)) as unknown as HandShape['bends'];
const TOGETHER: HandShape['spread'] = [-0.07, 0, 0.06, 0.08];
/** Index and middle finger side by side. */
const PAIR: HandShape['spread'] = [-0.05, 0.04, 0.02, 0];
const WIDE: HandShape['spread'] = [0.22, 0.02, -0.17, -0.38];
const NATURAL: HandShape['spread'] = [0.08, 0, -0.08, -0.17];

const UP: Vec3 = [0.08, 1, 0.02];
const TO_VIEWER: Vec3 = [0, 0.05, 1];
const TO_SELF: Vec3 = [0, -0.05, -1];
const BESIDE = [
  ['raised', 3],
  ['front', 1.3],
] as const;

interface Draft {
  name: string;
  bends: HandShape['bends'];
  thumb: ThumbPlace;
  spread?: HandShape['spread'];
  fingers?: Vec3;
  palm?: Vec3;
  places?: Gesture['places'];
}

/** `signs` are made or shown, `sights` shown or held up; others are given in full as [doing, does]. */
function gesture(
  draft: Draft,
  { signs = [], sights = [], others = [] }: { signs?: string[]; sights?: string[]; others?: Gesture['wordings'] },
): Gesture {
  const { name, bends, thumb, spread = TOGETHER, places = BESIDE } = draft;
  const said = (verbs: Gesture['wordings'], nouns: readonly string[]) =>
    nouns.flatMap((noun) => verbs.map(([doing, does]) => [`${doing} ${noun}`, `${does} ${noun}`] as const));
  return {
    name,
    shape: { bends, thumb, spread },
    fingers: draft.fingers ?? UP,
    palm: draft.palm ?? TO_VIEWER,
    places,
    wordings: [...said([MAKING, SHOWING], signs), ...said([SHOWING, HOLDING_UP], sights), ...others],
  };
}

const MAKING = ['making', 'makes'] as const;
const SHOWING = ['showing', 'shows'] as const;
const HOLDING_UP = ['holding up', 'holds up'] as const;

/** HaGRID's classes, in its order. */
export const GESTURES: readonly Gesture[] = [
  gesture(
    {
      name: 'call',
      bends: [CLOSED, CLOSED, CLOSED, OPEN],
      thumb: 'out',
      spread: [0.03, 0, -0.02, -0.32],
      fingers: [-0.25, 0.85, 0.35],
      palm: [-0.45, 0.1, 0.9],
      places: [
        ['ear', 3],
        ['raised', 1],
      ],
    },
    { signs: ['a call me sign', 'a phone call gesture'], others: [['gesturing to call', 'gestures to call']] },
  ),
  gesture(
    {
      name: 'dislike',
      bends: fingers(0, 0, 0, 0),
      thumb: 'out',
      fingers: [-0.95, 0.05, 0.3],
      palm: [0.25, -0.05, 0.95],
      places: [['front', 1]],
    },
    { signs: ['a thumbs down sign', 'a dislike gesture'], others: [['giving a thumbs down', 'gives a thumbs down']] },
  ),
  gesture(
    { name: 'fist', bends: fingers(0, 0, 0, 0), thumb: { finger: 3, bone: 2 }, fingers: [0.05, 0.72, 0.66] },
    { signs: ['a fist'], sights: ['a clenched fist'], others: [['raising a fist', 'raises a fist']] },
  ),
  gesture(
    { name: 'four', bends: fingers(1, 1, 1, 1), thumb: 'across', spread: WIDE },
    { signs: ['the number four'], sights: ['four fingers'] },
  ),
  gesture(
    {
      name: 'like',
      bends: fingers(0, 0, 0, 0),
      thumb: 'out',
      fingers: [-0.85, 0.1, 0.5],
      palm: [-0.5, 0.05, -0.85],
      places: [['front', 1]],
    },
    { signs: ['a thumbs up sign', 'a like gesture'], others: [['giving a thumbs up', 'gives a thumbs up']] },
  ),
  gesture(
    {
      name: 'mute',
      bends: fingers(1, 0, 0, 0),
      thumb: { finger: 3, bone: 2 },
      fingers: [0.1, 1, 0.05],
      palm: [-0.75, 0, -0.35],
      places: [['lips', 1]],
    },
    {
      signs: ['a hush sign', 'a silence gesture'],
      others: [['putting a finger to the lips', 'puts a finger to the lips']],
    },
  ),
  gesture(
    {
      name: 'ok',
      bends: [
        [0.65, 1.0, 0.5],
        [0.3, 0.25, 0.15],
        [0.12, 0.15, 0.1],
        [0.02, 0.08, 0.05],
      ],
      thumb: { finger: 2, bone: 4 },
      spread: [0.05, 0.02, -0.14, -0.32],
    },
    { signs: ['an ok sign', 'an okay gesture'] },
  ),
  gesture(
    { name: 'one', bends: fingers(1, 0, 0, 0), thumb: { finger: 3, bone: 2 } },
    {
      signs: ['the number one'],
      sights: ['one finger'],
      others: [['raising the index finger', 'raises the index finger']],
    },
  ),
  gesture(
    { name: 'palm', bends: fingers(1, 1, 1, 1), thumb: 'out', spread: WIDE },
    { sights: ['an open palm', 'five spread fingers', 'an open hand'] },
  ),
  gesture(
    { name: 'peace', bends: fingers(1, 1, 0, 0), thumb: { finger: 4, bone: 2 }, spread: [0.26, -0.14, -0.1, -0.12] },
    { signs: ['a peace sign', 'a victory sign'] },
  ),
  gesture(
    {
      name: 'peace_inverted',
      bends: fingers(1, 1, 0, 0),
      thumb: { finger: 4, bone: 2 },
      spread: [0.26, -0.14, -0.1, -0.12],
      palm: TO_SELF,
    },
    { signs: ['an inverted peace sign', 'a reversed victory sign'] },
  ),
  gesture(
    { name: 'rock', bends: fingers(1, 0, 0, 1), thumb: { finger: 3, bone: 2 }, spread: [0.12, 0, -0.03, -0.26] },
    { signs: ['a rock sign', 'the sign of the horns'] },
  ),
  gesture(
    { name: 'stop', bends: fingers(1, 1, 1, 1), thumb: 'beside' },
    { signs: ['a stop sign', 'a stop gesture'], sights: ['a flat palm'] },
  ),
  gesture(
    { name: 'stop_inverted', bends: fingers(1, 1, 1, 1), thumb: 'beside', palm: TO_SELF },
    { signs: ['an inverted stop sign'], sights: ['the back of a flat hand'] },
  ),
  gesture(
    { name: 'three', bends: fingers(1, 1, 1, 0), thumb: { finger: 5, bone: 2 }, spread: [0.2, 0, -0.2, -0.2] },
    { signs: ['the number three'], sights: ['three fingers'] },
  ),
  gesture(
    { name: 'three2', bends: fingers(1, 1, 0, 0), thumb: 'out', spread: [0.2, -0.14, -0.1, -0.12] },
    { signs: ['the number three with the thumb'], sights: ['a thumb and two fingers'] },
  ),
  gesture(
    { name: 'two_up', bends: fingers(1, 1, 0, 0), thumb: { finger: 4, bone: 2 }, spread: PAIR },
    { signs: ['a two fingers up sign'], sights: ['two fingers together'] },
  ),
  gesture(
    { name: 'two_up_inverted', bends: fingers(1, 1, 0, 0), thumb: { finger: 4, bone: 2 }, spread: PAIR, palm: TO_SELF },
    { signs: ['an inverted two fingers up sign'], sights: ['the back of two fingers together'] },
  ),
];

/** A hand in no particular shape: each finger bent by its own amount, facing anywhere in front. */
export function freeGesture(random: SceneRandom): Gesture {
  const bend = (): Bends => {
    const amount = random.chance(0.3) ? random.pick([0, 1]) : random.next();
    return [amount * random.between(0.9, 1.35), amount * random.between(1.1, 1.7), amount * random.between(0.5, 0.9)];
  };
  const thumb = random.pick<ThumbPlace>(['out', 'beside', 'across']);
  const turn = random.between(-1.2, 1.2);
  return {
    name: 'free',
    shape: {
      bends: [bend(), bend(), bend(), bend()],
      thumb,
      spread: random.pick([TOGETHER, NATURAL, NATURAL, WIDE]),
    },
    fingers: [random.normal(0.3), 1, random.normal(0.25)],
    palm: [-Math.sin(turn), random.normal(0.15), Math.cos(turn) * (random.chance(0.7) ? 1 : -1)],
    places: BESIDE,
    wordings: [
      ['gesturing', 'gestures'],
      ['showing some fingers', 'shows some fingers'],
      ['moving the fingers', 'moves the fingers'],
    ],
  };
}
