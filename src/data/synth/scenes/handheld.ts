// Small things in the hands: cell phone, book, cup, bottle.
import { closedBook, openBook } from '../objects/book.js';
import { pickColour } from '../objects/colours.js';
import { cellPhone } from '../objects/devices.js';
import { BOTTLE_MOUTH, type BottleKind, bottle, glass, mug, paperCup } from '../objects/vessels.js';
import type { SceneRandom } from '../scene-random.js';
import type { SceneContext, SceneDescription, Side } from '../types.js';
import { add, addScaled, cross, normalise, perpendicular, scale, subtract, transform, type Vec3 } from '../vector.js';
import { asSupport, describe, type SceneEntry, targetMesh, yawTowards } from './describe.js';
import { combine, Figure, otherSide, outward, SIDES, standing } from './figure.js';
import { placeChair } from './sitting.js';

// Small things are drawn larger than life: on a picture of 256 pixels the eye then knows them, as large ones of their kind.
const PHONE_SCALE = 1.15;
const BOOK_SCALE = 1.15;
const CUP_SCALE = 1.2;
const BOTTLE_SCALE = 1.15;

const mainHand = (figure: Figure): Side => (figure.random.chance(0.65) ? 'R' : 'L');

function talkOnPhone(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, unit: u } = figure;
  const side = mainHand(figure);
  const x = outward(side);
  figure.loosen();
  figure.standOrWalk(0.3);
  figure.raiseShoulder(side, 0.06);
  pose.headTurn(random.normal(0.08) + 0.05, x * random.between(-0.1, 0.2), -x * random.between(0, 0.14));
  pose.solve();
  const up = normalise(figure.headDirection([0, 1, -0.25]));
  const out = figure.headDirection([x, 0, 0]);
  const forward = figure.headDirection([0, 0, 1]);
  const centre = add(figure.ear(side), combine([out, 0.2 * u], [forward, 0.34 * u], [up, -0.26 * u]));
  const axis = normalise(combine([up, 1], [forward, -0.32]));
  const colour = random.chance(0.65)
    ? { name: 'black', rgb: [30, 30, 34] as Vec3 }
    : pickColour(random.fork('colour'), ['red', 'blue', 'white', 'pink', 'green']);
  const mesh = targetMesh();
  mesh.within(
    { origin: centre, rotation: standing(axis, scale(out, -1)), scale: PHONE_SCALE * (0.25 + 0.85 * u) },
    () => cellPhone(mesh, { colour: colour.rgb, lit: false }),
  );
  const fingers = normalise(combine([axis, 0.75], [forward, -0.65], [out, -0.05]));
  const palm = perpendicular(scale(out, -1), fingers);
  pose.touch(side, addScaled(centre, palm, -0.12 * u), { fingers, palm, pole: [x * 0.75, -1, 0.15], reach: 1.02 });
  pose.curl(side, [0.35, 0.35, 0.4, 0.45, 0.5], [0.3, 0.5, 0.55, 0.6, 0.65], 0.4);
  figure.rest(otherSide(side));
  return describe({
    name: 'talk-on-phone',
    figure,
    mesh,
    verb: 'talk_on',
    phrase: 'talking on',
    target: { category: 'cell phone', colour: colour.name },
    half: 0.5,
    close: { chance: 0.85, pitch: [-0.05, 0.2] },
    indoor: 0.4,
    yaw: yawTowards(x, 0.5, 0.8),
    expression: undefined,
  });
}

function textOnPhone(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const side = mainHand(figure);
  const both = random.chance(0.45);
  const x = outward(side);
  figure.loosen();
  pose.trunk(0.05, 0, 0);
  pose.solve();
  figure.standOrWalk(0.3);
  const height = figure.shoulder(side)[1] - random.between(-0.5, 1.2) * u;
  const centre: Vec3 = [
    pose.root[0] + (both ? 0 : x * random.between(0.3, 1.1) * u),
    height,
    measures.chestZ + random.between(2, 3) * u,
  ];
  // Held rather upright, so that its back shows from ahead.
  const normal = normalise(add(normalise(subtract(figure.eyes, centre)), [0, -random.between(0.1, 0.5), 0]));
  const up = perpendicular([0, 1, 0], normal);
  const colour = random.chance(0.6)
    ? { name: 'black', rgb: [30, 30, 34] as Vec3 }
    : pickColour(random.fork('colour'), ['red', 'blue', 'white', 'pink', 'green']);
  const mesh = targetMesh();
  mesh.within({ origin: centre, rotation: standing(up, normal), scale: PHONE_SCALE * (0.25 + 0.85 * u) }, () =>
    cellPhone(mesh, { colour: colour.rgb, lit: true }),
  );
  for (const hand of both ? SIDES : [side]) {
    const q = outward(hand);
    const across: Vec3 = [-q, 0, 0];
    const fingers = normalise(combine([up, 0.72], [across, 0.6]));
    const palm = perpendicular(normal, fingers);
    const point = add(centre, combine([normal, -0.1 * u], [across, (both ? -0.42 : -0.12) * u], [up, -0.42 * u]));
    pose.touch(hand, point, { fingers, palm, pole: [q, -1, -0.25], reach: 0.85 });
    pose.curl(hand, [0.35, 0.45, 0.5, 0.55, 0.6], [0.3, 0.75, 0.75, 0.75, 0.75], [0.2, 0.5, 0.5, 0.5, 0.5]);
  }
  if (!both) figure.rest(otherSide(side));
  figure.lookAt(centre, 0.85);
  return describe({
    name: 'text-on-phone',
    figure,
    mesh,
    verb: 'text_on',
    phrase: 'texting on',
    target: { category: 'cell phone', colour: colour.name },
    half: 0.5,
    close: { chance: 0.85, pitch: [-0.05, 0.2] },
    indoor: 0.4,
    yaw: random.chance(0.85) ? [-0.75, 0.75] : yawTowards(x, 2.1, 0.3),
  });
}

function readBook(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const mesh = targetMesh();
  const colour = pickColour(random.fork('colour'));
  const sits = random.chance(0.3);
  const supports: { category: string; colour: string }[] = [];
  if (sits) {
    const height = figure.seatHeight;
    figure.sit(height);
    asSupport(mesh, () => supports.push({ category: 'chair', colour: placeChair(mesh, figure, height).name }));
  } else {
    figure.loosen();
    figure.stand();
  }
  const chest = pose.position('spine01');
  const k = BOOK_SCALE * (0.3 + 0.7 * u);
  const fold: Vec3 = [
    chest[0] + random.normal(0.2),
    chest[1] - random.between(0.6, 1.8) * u,
    chest[2] + measures.chestZ + random.between(1.6, 2.3) * u,
  ];
  const tilt = random.between(0.15, 0.7);
  const opening = random.between(0.15, 0.4);
  const normal: Vec3 = [0, Math.cos(tilt), -Math.sin(tilt)];
  const top: Vec3 = [0, Math.sin(tilt), Math.cos(tilt)];
  const turn = standing(normal, top);
  mesh.within({ origin: fold, rotation: turn, scale: k }, () =>
    openBook(mesh, { colour: colour.rgb, opening, pictures: random.chance(0.4) }),
  );
  const onBook = (local: Vec3) => add(fold, transform(turn, scale(local, k)));
  for (const side of SIDES) {
    const x = outward(side);
    const point = onBook([x * 1.25, 1.25 * Math.tan(opening) - 0.1, -0.45]);
    const palm = transform(turn, [-x * Math.sin(opening), Math.cos(opening), 0]);
    const fingers = normalise(combine([top, 0.8], [[-x, 0, 0], 0.6]));
    pose.touch(side, point, { fingers, palm, pole: [x, -1, -0.3], reach: 0.95, gap: 0.16 * u });
    // Straight fingers lie along the cover; bent ones would come through the pages.
    pose.curl(side, [-0.1, 0, 0, 0, 0], [0.1, 0.02, 0.02, 0.02, 0.02], 0);
  }
  figure.lookAt(fold, 0.85);
  return describe({
    name: 'read-book',
    figure,
    mesh,
    verb: 'read',
    phrase: 'reading',
    target: { category: 'book', colour: colour.name },
    supports,
    half: 0.2,
    // From above or over the shoulder the pages are seen, from the front only the cover.
    close: { chance: 0.9, pitch: [0.35, 0.75] },
    indoor: 0.6,
    yaw: random.chance(0.3) ? [-1, 1] : yawTowards(random.sign(), 1.7, 0.7),
  });
}

function holdBook(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const colour = pickColour(random.fork('colour'), [
    'red',
    'orange',
    'yellow',
    'green',
    'blue',
    'purple',
    'pink',
    'brown',
    'black',
    'teal',
  ]);
  const mesh = targetMesh();
  figure.loosen();
  figure.standOrWalk(0.2);
  const chest = pose.position('spine02');
  const k = BOOK_SCALE * (0.3 + 0.7 * u);
  const shown = random.chance(0.65);
  const side = mainHand(figure);
  const x = outward(side);
  const out = shown ? random.between(1.4, 2.2) * u : 0.28 * u;
  const centre: Vec3 = [
    chest[0] + (shown ? 0 : x * 0.4 * u),
    chest[1] + random.between(-0.6, 0.3) * u,
    Math.max(chest[2], 0) + measures.chestZ + out,
  ];
  const cover = normalise([shown ? random.between(-0.35, 0.35) : 0, random.between(-0.1, 0.25), 1]);
  const up = perpendicular([random.normal(0.05), 1, 0], cover);
  const across = cross(up, cover);
  // The cover is the book's local +y, its height local z.
  const turn = standing(cover, up);
  mesh.within({ origin: centre, rotation: turn, scale: k }, () =>
    closedBook(mesh, { colour: colour.rgb, picture: random.chance(0.5) }),
  );
  if (shown) {
    for (const hand of SIDES) {
      const q = outward(hand);
      const point = add(centre, combine([across, q * 0.84 * k], [cover, -0.24 * k], [up, -0.25 * k]));
      const fingers = normalise(combine([up, 0.55], [[-q, 0, 0], 0.55], [cover, 0.15]));
      pose.touch(hand, point, { fingers, palm: cover, pole: [q, -1, -0.3], reach: 1, gap: 0.12 * u });
      pose.curl(hand, [-0.1, 0, 0, 0, 0], 0.02, 0);
    }
  } else {
    const point = add(centre, combine([[x, 0, 0], 0.15 * k], [cover, 0.24 * k], [up, -0.5 * k]));
    const fingers = normalise(combine([[-x, 0, 0], 0.75], [up, 0.55]));
    pose.touch(side, point, { fingers, palm: scale(cover, -1), pole: [x, -1, -0.1], reach: 1 });
    pose.curl(side, [0, 0.12, 0.12, 0.12, 0.12], 0.15, 0.1);
    figure.rest(otherSide(side));
  }
  figure.look(0, 0.05);
  return describe({
    name: 'hold-book',
    figure,
    mesh,
    verb: 'hold',
    phrase: 'holding',
    target: { category: 'book', colour: colour.name },
    half: 0.45,
    close: { chance: 0.85, pitch: [-0.02, 0.2] },
    indoor: 0.55,
    yaw: [-0.9, 0.9],
  });
}

type CupKind = 'mug' | 'paper' | 'glass';

/** Distance of a mug's handle from its axis. */
const MUG_HANDLE = 0.72 * CUP_SCALE;

/** Draws one of the kinds of cup at the current origin; returns the word for its colour. */
function drawCup(mesh: ReturnType<typeof targetMesh>, kind: CupKind, figure: Figure): string | undefined {
  const random = figure.random.fork('cup');
  if (kind === 'mug') {
    const colour = pickColour(random);
    mug(mesh, { colour: colour.rgb, drink: [66, 40, 26] });
    return colour.name;
  }
  if (kind === 'paper') {
    const colour = pickColour(random, ['white', 'white', 'red', 'green', 'blue']);
    paperCup(mesh, { colour: colour.rgb, sleeve: random.chance(0.6) ? [156, 112, 72] : pickColour(random).rgb });
    return colour.name;
  }
  glass(mesh, {
    drink: random.pick<Vec3>([
      [240, 156, 40],
      [150, 40, 50],
      [196, 220, 230],
      [120, 74, 40],
    ]),
  });
  return undefined;
}

function cupWord(kind: CupKind, random: SceneRandom): string {
  if (kind === 'glass') return 'glass';
  return kind === 'mug' && random.chance(0.4) ? 'mug' : 'cup';
}

function useCup(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const side = mainHand(figure);
  const x = outward(side);
  const drinks = random.chance(0.35);
  const kind = random.weighted<CupKind>([
    ['mug', 3],
    ['paper', 1.5],
    ['glass', 1],
  ]);
  figure.loosen();
  figure.stand();
  let point: Vec3;
  let axis: Vec3 = [0, 1, 0];
  if (drinks) {
    figure.look(0, -0.1, 0.6);
    const forward = figure.headDirection([0, 0, 1]);
    axis = normalise(addScaled([0, 1, 0], forward, -random.between(0.35, 0.85)));
    const rim = kind === 'paper' ? 0.78 : 0.5;
    point = add(figure.mouth, combine([axis, -rim * CUP_SCALE * u], [perpendicular(forward, axis), 0.42 * u]));
  } else {
    figure.look(0, 0.08);
    const from = figure.fromShoulder(side, -random.between(-0.2, 0.8), -random.between(1.2, 2.5), 0);
    point = [from[0], from[1], measures.chestZ + random.between(1, 2.2) * u];
  }
  const mesh = targetMesh();
  let colour: string | undefined;
  // Paper cups and glasses stand in the fist; a mug hangs at the palm's side of it by its handle.
  const inwards = perpendicular([-x, 0, -0.3], axis);
  if (kind === 'mug') {
    const handle = addScaled(point, inwards, -MUG_HANDLE * u);
    pose.grip(side, handle, { axis, fingers: [-x * 0.3, 0, 1], pole: [x * 0.4, -1, 0], radius: 0.1 * u });
  } else {
    const held = addScaled(point, axis, -0.15 * u);
    pose.grip(side, held, { axis, fingers: [-x * 0.6, 0, 0.8], pole: [x * 0.4, -1, 0], radius: 0.4 * u });
  }
  const turn = standing(axis, cross(scale(inwards, -1), axis));
  mesh.within({ origin: point, rotation: turn, scale: CUP_SCALE * u }, () => {
    colour = drawCup(mesh, kind, figure);
  });
  figure.rest(otherSide(side));
  return describe({
    name: 'use-cup',
    figure,
    mesh,
    verb: drinks ? 'drink_with' : 'hold',
    phrase: drinks ? 'drinking from' : 'holding',
    target: { category: 'cup', colour, word: cupWord(kind, random) },
    half: 0.5,
    close: { chance: 0.85, pitch: [-0.05, 0.2] },
    indoor: 0.6,
    yaw: drinks ? yawTowards(-x, 0.5, 0.8) : yawTowards(x, 0.1, 0.9),
  });
}

function useBottle(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const side = mainHand(figure);
  const x = outward(side);
  const drinks = random.chance(0.35);
  const kind = random.pick<BottleKind>(['water', 'water', 'glass', 'flask']);
  const colour = pickColour(
    random.fork('colour'),
    kind === 'glass'
      ? ['green', 'brown', 'blue']
      : ['red', 'blue', 'green', 'orange', 'purple', 'pink', 'black', 'white', 'teal'],
  );
  figure.loosen();
  figure.standOrWalk(drinks ? 0 : 0.3);
  const hanging = !drinks && random.chance(0.3);
  let point: Vec3;
  let axis: Vec3 = normalise([-x * random.between(0, 0.15), 1, random.between(-0.15, 0.15)]);
  if (drinks) {
    figure.look(0, -0.22, 0.5);
    const forward = figure.headDirection([0, 0, 1]);
    // The foot of a full bottle is below the mouth, which keeps the arm below the face.
    const lowered = random.between(0.15, 0.8);
    axis = normalise(add(scale(forward, -1), [x * -0.35, lowered + forward[1], 0]));
    point = add(figure.mouth, scale(axis, -(BOTTLE_MOUTH[kind] - 0.02) * BOTTLE_SCALE * u));
  } else {
    const from = figure.fromShoulder(
      side,
      hanging ? 0.5 : -random.between(-0.2, 0.6),
      hanging ? -random.between(4.6, 5) : -random.between(1.4, 2.6),
      0,
    );
    point = hanging
      ? [Math.sign(x) * Math.max(Math.abs(from[0]), measures.hipHalfWidth + 0.7 * u), from[1], 0.6 * u]
      : [from[0], from[1], measures.chestZ + random.between(1.1, 2.2) * u];
    figure.look(0, 0.05);
  }
  const fingers: Vec3 = drinks ? [-x * 0.9, 0.25, 0.3] : [-x * 0.7, -0.1, 0.7];
  // Held near its foot, so that more of it is seen.
  const held = addScaled(point, axis, -0.4 * u);
  pose.grip(side, held, { axis, fingers, pole: [x * (drinks ? 0.4 : 0.9), -1, drinks ? 0.1 : -0.1], radius: 0.32 * u });
  const mesh = targetMesh();
  const cap = pickColour(random.fork('cap'), ['white', 'blue', 'red', 'black']);
  mesh.within({ origin: point, rotation: standing(axis, [0.1, 0, 1]), scale: BOTTLE_SCALE * u }, () =>
    bottle(mesh, kind, { colour: colour.rgb, cap: cap.rgb }),
  );
  figure.rest(otherSide(side));
  return describe({
    name: 'use-bottle',
    figure,
    mesh,
    verb: drinks ? 'drink_with' : 'hold',
    phrase: drinks ? 'drinking from' : 'holding',
    target: { category: 'bottle', colour: colour.name },
    half: hanging ? 0 : 0.5,
    close: { chance: hanging ? 0.4 : 0.85, pitch: [-0.05, 0.2] },
    indoor: 0.4,
    yaw: drinks ? yawTowards(x, 0.95, 0.55) : yawTowards(x, 0.3, 0.9),
  });
}

export const HANDHELD: readonly SceneEntry[] = [
  { name: 'talk-on-phone', weight: 1.3, triplets: [['talk_on', 'cell phone']], build: talkOnPhone },
  { name: 'text-on-phone', weight: 1.3, triplets: [['text_on', 'cell phone']], build: textOnPhone },
  { name: 'read-book', weight: 1.3, triplets: [['read', 'book']], build: readBook },
  { name: 'hold-book', weight: 0.8, triplets: [['hold', 'book']], build: holdBook },
  {
    name: 'use-cup',
    weight: 1.2,
    triplets: [
      ['drink_with', 'cup'],
      ['hold', 'cup'],
    ],
    build: useCup,
  },
  {
    name: 'use-bottle',
    weight: 1.2,
    triplets: [
      ['drink_with', 'bottle'],
      ['hold', 'bottle'],
    ],
    build: useBottle,
  },
];
