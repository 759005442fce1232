// Half figures that make a gesture with one hand or both: the arm brings the hand to its place, the fingers take its shape.
import { shapeHand, varied } from '../hand-shape.js';
import { handPoints } from '../keypoints.js';
import type { SceneContext, SceneDescription, Side } from '../types.js';
import { add, normalise, perpendicular, rotation, scale, transform, UP, type Vec3 } from '../vector.js';
import { describe, type SceneEntry, targetMesh } from './describe.js';
import { along, Figure, otherSide, outward, SIDES } from './figure.js';
import { freeGesture, GESTURES, type Gesture, type HandPlace } from './gestures.js';

/** Share of scenes in which both hands take part. */
const BOTH_HANDS = 0.18;

const POSSESSIVE = { female: 'her', male: 'his' } as const;

function gestureScene(choose: (figure: Figure) => Gesture) {
  return (context: SceneContext): SceneDescription => {
    const figure = new Figure(context);
    const { random, pose } = figure;
    const gesture = choose(figure);
    const side: Side = random.chance(0.6) ? 'R' : 'L';
    const both = gesture.places[0][0] !== 'lips' && gesture.places[0][0] !== 'ear' && random.chance(BOTH_HANDS);
    const hands: readonly Side[] = both ? SIDES : [side];
    figure.loosen();
    figure.stand();
    const yaw = random.between(-0.5, 0.5);
    // Who shows something looks at the one it is shown to, mostly.
    figure.look(random.chance(0.8) ? yaw * 0.85 : 0, 0, 0.5);
    const place = random.weighted(gesture.places);
    for (const hand of hands) {
      figure.raiseShoulder(hand, random.between(0, 0.12));
      hold(figure, hand, { gesture, place, yaw });
    }
    if (!both) restOther(figure, otherSide(side));
    const draft = describe({
      name: `gesture-${gesture.name.replaceAll('_', '-')}`,
      figure,
      mesh: targetMesh(),
      verb: 'gesture',
      phrase: '',
      half: 1,
      indoor: 0.5,
      yaw: [yaw - 0.02, yaw + 0.02],
    });
    pose.solve();
    return { ...draft, ...words(figure, { gesture, hands }), ...view(figure, hands) };
  };
}

/** Brings a hand to its place, turned towards a viewer at `yaw`, and shapes it. */
function hold(
  figure: Figure,
  side: Side,
  { gesture, place, yaw }: { gesture: Gesture; place: HandPlace; yaw: number },
): void {
  const { pose, random, unit: u } = figure;
  const x = outward(side);
  const loose = place === 'lips' ? 0.3 : 1;
  // What is held up is shown to the viewer; a hand at the face keeps to the face, a sideways thumb to the body.
  const isShown = place !== 'lips' && place !== 'ear' && gesture.fingers[1] > 0.5;
  const towards = rotation(UP, isShown ? yaw : 0);
  const turned = ([a, b, c]: Vec3, amount: number): Vec3 =>
    normalise(
      transform(towards, [x * a + random.normal(amount), b + random.normal(amount * 0.6), c + random.normal(amount)]),
    );
  const fingers = turned(gesture.fingers, 0.13 * loose);
  const palm = perpendicular(turned(gesture.palm, 0.16 * loose), fingers);
  const shape = varied(gesture.shape, (sigma) => random.normal(sigma));
  const pole: Vec3 = [x * random.between(0.6, 1), -1, random.between(-0.5, -0.1)];
  if (place === 'lips') {
    placeAtLips(figure, side, { fingers, palm, pole, shape });
    return;
  }
  const [out, up, forward] = PLACES[place](figure);
  const wrist =
    place === 'ear'
      ? add(figure.ear(side), [x * out * u, up * u, forward * u])
      : figure.fromShoulder(side, out, up, forward);
  pose.arm(side, wrist, pole, { fingers, palm });
  shapeHand(pose, side, shape);
}

/** Where the wrist goes in body units, from the shoulder or the ear: outwards, up, forwards. */
const PLACES: Readonly<Record<Exclude<HandPlace, 'lips'>, (figure: Figure) => Vec3>> = {
  raised: ({ random }) => [random.between(0.3, 1.6), random.between(-0.6, 1.3), random.between(1.6, 2.9)],
  front: ({ random }) => [random.between(-0.9, 0.5), random.between(-1.7, -0.4), random.between(2.2, 3.2)],
  ear: ({ random }) => [random.between(0.55, 0.9), random.between(-1.35, -1), random.between(0.5, 1)],
};

/** Puts the tip of the straight index finger before the lips: first anywhere near, then moved by what the tip misses. */
function placeAtLips(
  figure: Figure,
  side: Side,
  hand: { fingers: Vec3; palm: Vec3; pole: Vec3; shape: Gesture['shape'] },
): void {
  const { pose, unit: u } = figure;
  const forward = figure.headDirection([0, 0, 1]);
  const goal = add(along(figure.mouth, forward, 0.2 * u), [0, 0.3 * u, 0]);
  let wrist = add(goal, scale(hand.fingers, -1.75 * u));
  for (let attempt = 0; attempt < 3; attempt++) {
    pose.arm(side, wrist, [outward(side) * 0.7, -1, 0.2], hand);
    shapeHand(pose, side, hand.shape);
    const tip = pose.tail(`finger2-3.${side}`);
    wrist = add(wrist, [goal[0] - tip[0], goal[1] - tip[1], goal[2] - tip[2]]);
  }
}

function restOther(figure: Figure, side: Side): void {
  if (figure.random.chance(0.75)) figure.hang(side);
  else figure.handOnHip(side);
}

function words(figure: Figure, { gesture, hands }: { gesture: Gesture; hands: readonly Side[] }) {
  const { sex, subject } = figure.pose.character.info;
  const whose = subject === 'person' ? 'their' : POSSESSIVE[sex];
  const which = hands.length > 1 ? 'both hands' : `${whose} ${hands[0] === 'L' ? 'left' : 'right'} hand`;
  const own = (text: string) => text.replace(/\bthe (lips|index finger|fingers)\b/, `${whose} $1`);
  const wordings = gesture.wordings.flatMap(([doing, does]): (readonly [string, string])[] => [
    [own(doing), own(does)],
    [`${own(doing)} with ${which}`, `${own(does)} with ${which}`],
  ]);
  const [phrase] = wordings[1];
  return { phrase, wordings, gestures: Object.fromEntries(hands.map((side) => [side, gesture.name])) };
}

/** Frames the head and the acting hands, down to somewhere between chest and hips. */
function view(figure: Figure, hands: readonly Side[]): Pick<SceneDescription, 'focus'> {
  const { pose, random, unit: u } = figure;
  const head = pose.tail('head');
  const shoulders = SIDES.map((side) => figure.shoulder(side));
  const low = pose.position('spine02')[1] + (pose.position('root')[1] - pose.position('spine02')[1]) * random.next();
  const points: Vec3[] = [
    add(head, [0, 0.15 * u, 0]),
    ...shoulders,
    [head[0], low, head[2]],
    ...hands.flatMap((side) => handPoints(pose, side)),
  ];
  return { focus: { points, fill: [0.84, 0.95], distance: [13, 28], pitch: [-0.06, 0.12], cut: true } };
}

const entry = (name: string, weight: number, choose: (figure: Figure) => Gesture): SceneEntry => ({
  name: `gesture-${name.replaceAll('_', '-')}`,
  weight,
  triplets: [['gesture', null]],
  build: gestureScene(choose),
});

/** One scene a gesture of HaGRID, and free finger poses. */
export const GESTURE_SCENES: readonly SceneEntry[] = [
  ...GESTURES.map((gesture) => entry(gesture.name, 1, () => gesture)),
  entry('free', 4, ({ random }) => freeGesture(random.fork('free'))),
];
