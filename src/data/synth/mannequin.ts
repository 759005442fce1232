// The built-in people: simple bodies made in code, so that scenes can be rendered without any asset folder.
import { ContrappostoError } from '../../core/errors.js';
import { assembleCharacter, type CharacterPiece } from './character.js';
import { type Bone, type Build, handFrame, mannequinBones } from './mannequin-skeleton.js';
import { type Ring, SkinnedMesh } from './skinned-mesh.js';
import type { Character, CharacterInfo, Colour, Landmarks, PartKind, Side } from './types.js';
import { add, addScaled, distance, mix, normalise, scale, subtract, type Vec3 } from './vector.js';

interface Person {
  build: Build;
  info: Pick<CharacterInfo, 'sex' | 'age' | 'subject'>;
  skin: Colour;
}

const ADULT: Build = { size: 1, shoulders: 1, hips: 1, legs: 1, head: 1 };

const PEOPLE: readonly Person[] = [
  {
    build: { ...ADULT, shoulders: 0.9, hips: 1.05 },
    info: { sex: 'female', age: 'young', subject: 'woman' },
    skin: [228, 180, 150],
  },
  {
    build: { ...ADULT, size: 1.06, shoulders: 1.08 },
    info: { sex: 'male', age: 'young', subject: 'man' },
    skin: [198, 146, 110],
  },
  {
    build: { ...ADULT, size: 0.97, shoulders: 0.92, hips: 1.08 },
    info: { sex: 'female', age: 'middle', subject: 'woman' },
    skin: [120, 78, 54],
  },
  {
    build: { ...ADULT, size: 1.04, shoulders: 1.05 },
    info: { sex: 'male', age: 'old', subject: 'man' },
    skin: [232, 190, 164],
  },
  {
    build: { size: 0.7, shoulders: 0.92, hips: 0.95, legs: 0.92, head: 1.25 },
    info: { sex: 'female', age: 'child', subject: 'girl' },
    skin: [214, 164, 128],
  },
  {
    build: { size: 0.74, shoulders: 0.95, hips: 0.95, legs: 0.93, head: 1.22 },
    info: { sex: 'male', age: 'child', subject: 'boy' },
    skin: [92, 60, 44],
  },
];

/** The mannequins, in the shape of an opened pack. */
export function mannequinCast(): { readonly count: number; character(index: number): Character } {
  const built = new Map<number, Character>();
  return {
    count: PEOPLE.length,
    character(index) {
      const person = PEOPLE[index];
      if (!person) {
        const expected = `0 to ${PEOPLE.length - 1}`;
        throw new ContrappostoError('not-found', { operation: 'mannequin', expected, got: String(index) });
      }
      const character = built.get(index) ?? buildMannequin(index, person);
      built.set(index, character);
      return character;
    },
  };
}

/** Looks joints up by name. */
class Joints {
  readonly index: Record<string, number>;
  readonly #bones: readonly Bone[];

  constructor(bones: readonly Bone[]) {
    this.#bones = bones;
    this.index = Object.fromEntries(bones.map((bone, i) => [bone.name, i]));
  }

  head(bone: string): Vec3 {
    return this.#bones[this.index[bone]].head;
  }

  tail(bone: string): Vec3 {
    return this.#bones[this.index[bone]].tail;
  }
}

function buildMannequin(id: number, { build, info, skin }: Person): Character {
  const bones = mannequinBones(build);
  const joints = new Joints(bones);
  const body = new SkinnedMesh();
  const landmarks = addLandmarks(body, joints, build);
  addHead(body, joints, build);
  for (const side of ['L', 'R'] as const) addHand(body, side, { joints, size: build.size });
  const hair: Colour = info.age === 'old' ? [150, 150, 150] : [70, 46, 30];
  const pieces: CharacterPiece[] = [
    piece('body', body, skin),
    piece('bottom', trousers(joints, build.size), [60, 70, 96]),
    piece('top', sweater(joints, build), [128, 130, 134]),
    piece('shoes', shoes(joints, build.size), [70, 50, 40]),
    piece('eyes', features(joints, build, 'eyes'), [36, 28, 26]),
    piece('brows', features(joints, build, 'brows'), hair),
    piece('hair', hairCap(joints, build), hair),
  ];
  return assembleCharacter({
    id,
    info: { ...info, race: 'none', top: 'sweater', bottom: 'trousers', hair: 'short hair', hat: null },
    boneNames: bones.map((bone) => bone.name),
    boneIndex: joints.index,
    parents: Int16Array.from(bones, (bone) => (bone.parent === null ? -1 : joints.index[bone.parent])),
    heads: bones.map((bone) => bone.head),
    tails: bones.map((bone) => bone.tail),
    pieces,
    landmarks,
    expressions: new Map(),
  });
}

function piece(kind: PartKind, mesh: SkinnedMesh, colour: Colour): CharacterPiece {
  const palette = new Uint8Array(768);
  for (let i = 0; i < 768; i += 3) palette.set(colour, i);
  return {
    kind,
    name: 'mannequin',
    positions: Float32Array.from(mesh.positions),
    triangles: mesh.triangles,
    uvs: new Float32Array(mesh.triangles.length * 2),
    boneIds: Uint8Array.from(mesh.boneIds),
    boneWeights: Float32Array.from(mesh.boneWeights),
    texture: {
      name: kind,
      widthPx: 1,
      heightPx: 1,
      texels: Uint8Array.of(1),
      palette,
      transparency: 'opaque',
      mean: colour,
    },
  };
}

/** Rings every so often from one joint to the next, blending the bones around the joint where they meet. */
function limb(
  joints: Joints,
  names: readonly string[],
  { radii, end, flat = 1 }: { radii: readonly number[]; end: Vec3; flat?: number },
): Ring[] {
  const stations = [...names.map((name) => joints.head(name)), end];
  const rings: Ring[] = [];
  names.forEach((name, i) => {
    const own = joints.index[name];
    const before = i > 0 ? joints.index[names[i - 1]] : own;
    const after = i + 1 < names.length ? joints.index[names[i + 1]] : own;
    for (const t of [0, 0.2, 0.5, 0.8]) {
      const width = radii[i] + (radii[i + 1] - radii[i]) * t;
      const bones: [number, number] = t < 0.5 ? [own, before] : [own, after];
      const blend = t === 0 ? 0.5 : t === 0.2 || t === 0.8 ? 0.15 : 0;
      const centre = mix(stations[i], stations[i + 1], t);
      rings.push({ centre, width, depth: width * flat, bones, blend });
    }
  });
  const last = joints.index[names[names.length - 1]];
  const width = radii[radii.length - 1];
  rings.push({ centre: end, width, depth: width * flat, bones: [last, last], blend: 0 });
  return rings;
}

function sweater(joints: Joints, { size, shoulders, hips }: Build): SkinnedMesh {
  const mesh = new SkinnedMesh();
  const names = ['root', 'spine05', 'spine04', 'spine03', 'spine02', 'spine01', 'neck01'];
  const widths = [1.78 * hips, 1.68 * hips, 1.5, 1.45, 1.6 * shoulders, 1.72 * shoulders, 0.62];
  const depths = [1.1, 1.05, 0.95, 0.95, 1.05, 0.9, 0.6];
  const rings = names.map((name, i): Ring => {
    const [own, below] = [joints.index[name], joints.index[names[Math.max(0, i - 1)]]];
    return {
      centre: joints.head(name),
      width: widths[i] * size,
      depth: depths[i] * size,
      bones: [own, below],
      blend: 0.4,
    };
  });
  // The shoulders keep their width up to just below the neck.
  const slope: Ring = { ...rings[5], centre: mix(rings[5].centre, rings[6].centre, 0.6), width: rings[5].width * 0.97 };
  mesh.tube([...rings.slice(0, 6), slope, rings[6]], { side: [1, 0, 0], segments: 20 });
  for (const side of ['L', 'R'] as const) {
    const bones = ['upperarm01', 'upperarm02', 'lowerarm01', 'lowerarm02'].map((bone) => `${bone}.${side}`);
    const radii = [0.7, 0.54, 0.45, 0.4, 0.32].map((r) => r * size);
    mesh.tube(limb(joints, bones, { radii, end: joints.head(`wrist.${side}`) }), { side: [0, 0, 1] });
    const ball = 0.74 * size;
    mesh.ellipsoid(joints.head(bones[0]), [ball, ball, ball], { bone: joints.index[`clavicle.${side}`], rings: 8 });
  }
  return mesh;
}

function trousers(joints: Joints, size: number): SkinnedMesh {
  const mesh = new SkinnedMesh();
  for (const side of ['L', 'R'] as const) {
    const bones = ['upperleg01', 'lowerleg01'].map((bone) => `${bone}.${side}`);
    const rings = limb(joints, bones, {
      radii: [0.86, 0.62, 0.42].map((r) => r * size),
      end: joints.head(`foot.${side}`),
    });
    // The thigh begins inside the hips.
    const root = joints.index['root'];
    const top: Ring = { ...rings[0], centre: add(rings[0].centre, [0, 0.45 * size, 0]), bones: [root, root], blend: 0 };
    mesh.tube([top, ...rings], { side: [1, 0, 0] });
  }
  return mesh;
}

function shoes(joints: Joints, size: number): SkinnedMesh {
  const mesh = new SkinnedMesh();
  for (const side of ['L', 'R'] as const) {
    const [foot, toe] = [joints.index[`foot.${side}`], joints.index[`toe2-1.${side}`]];
    const ankle = joints.head(`foot.${side}`);
    const ball = joints.head(`toe2-1.${side}`);
    const ring = (p: Vec3, width: number, depth: number, bone: number): Ring => {
      return {
        centre: [p[0], depth * size, p[2]],
        width: width * size,
        depth: depth * size,
        bones: [bone, bone],
        blend: 0,
      };
    };
    const rings = [
      ring(addScaled(ankle, [0, 0, -1], 0.5 * size), 0.32, 0.4, foot),
      ring(ankle, 0.42, 0.48, foot),
      ring(mix(ankle, ball, 0.5), 0.46, 0.42, foot),
      ring(ball, 0.5, 0.3, toe),
      ring(joints.tail(`toe2-1.${side}`), 0.38, 0.24, toe),
    ];
    mesh.tube(rings, { side: [1, 0, 0] });
  }
  return mesh;
}

/** Centre and half axes of the skull. */
function skull(joints: Joints, { size, head }: Build): { centre: Vec3; radii: Vec3 } {
  const k = size * head;
  return { centre: add(joints.head('head'), [0, 0.85 * k, 0.25 * k]), radii: [0.78 * k, 1.1 * k, 0.95 * k] };
}

function addHead(mesh: SkinnedMesh, joints: Joints, build: Build): void {
  const { centre, radii } = skull(joints, build);
  const bone = joints.index['head'];
  const neck = joints.index['neck01'];
  mesh.ellipsoid(centre, radii, { bone, rings: 16, segments: 20 });
  const k = build.size * build.head;
  mesh.ellipsoid(onFace(centre, radii, [0, -0.12, 1]), [0.14 * k, 0.22 * k, 0.2 * k], { bone, rings: 6, segments: 8 });
  for (const x of [1, -1]) {
    mesh.ellipsoid(
      [centre[0] + x * radii[0], centre[1] - 0.05 * k, centre[2] - 0.05 * k],
      [0.1 * k, 0.26 * k, 0.16 * k],
      {
        bone,
        rings: 6,
        segments: 8,
      },
    );
  }
  const base = joints.head('neck01');
  const width = 0.5 * build.size;
  const rings: Ring[] = [
    { centre: add(base, [0, -0.3 * build.size, 0]), width, depth: width, bones: [neck, neck], blend: 0 },
    { centre: mix(base, centre, 0.3), width, depth: width, bones: [neck, bone], blend: 0.4 },
    { centre: mix(base, centre, 0.6), width, depth: width, bones: [bone, bone], blend: 0 },
  ];
  mesh.tube(rings, { side: [1, 0, 0] });
}

/** The point of an ellipsoid's surface in a direction of its own stretched space. */
function onFace(centre: Vec3, radii: Vec3, direction: Vec3): Vec3 {
  const d = normalise(direction);
  return [centre[0] + d[0] * radii[0], centre[1] + d[1] * radii[1], centre[2] + d[2] * radii[2]];
}

function features(joints: Joints, build: Build, kind: 'eyes' | 'brows'): SkinnedMesh {
  const mesh = new SkinnedMesh();
  const { centre, radii } = skull(joints, build);
  const k = build.size * build.head;
  for (const x of [-1, 1]) {
    const place: Vec3 = kind === 'eyes' ? [x * 0.4, 0.04, 0.9] : [x * 0.4, 0.24, 0.88];
    const half: Vec3 = kind === 'eyes' ? [0.1 * k, 0.08 * k, 0.06 * k] : [0.17 * k, 0.035 * k, 0.05 * k];
    mesh.ellipsoid(onFace(centre, radii, place), half, { bone: joints.index['head'], rings: 6, segments: 8 });
  }
  return mesh;
}

function hairCap(joints: Joints, build: Build): SkinnedMesh {
  const mesh = new SkinnedMesh();
  const { centre, radii } = skull(joints, build);
  const keep = (d: Vec3) => d[1] > 0.45 || (d[2] < 0.15 && d[1] > -0.35);
  mesh.ellipsoid(centre, scale(radii, 1.07), { bone: joints.index['head'], rings: 16, segments: 20, keep });
  return mesh;
}

function addHand(mesh: SkinnedMesh, side: Side, { joints, size }: { joints: Joints; size: number }): void {
  const wristBone = joints.index[`wrist.${side}`];
  const wrist = joints.head(`wrist.${side}`);
  const { fingers, thumb } = handFrame(side, wrist, subtract(joints.tail(`wrist.${side}`), wrist));
  const ring = (along: number, width: number, depth: number): Ring => {
    const centre = addScaled(wrist, fingers, along * size);
    return { centre, width: width * size, depth: depth * size, bones: [wristBone, wristBone], blend: 0 };
  };
  mesh.tube([ring(-0.1, 0.26, 0.2), ring(0.3, 0.4, 0.18), ring(0.95, 0.43, 0.14)], { side: thumb });
  for (let finger = 1; finger <= 5; finger++) {
    const names = [1, 2, 3].map((joint) => `finger${finger}-${joint}.${side}`);
    const radius = (finger === 1 ? 0.13 : finger === 5 ? 0.09 : 0.11) * size;
    const radii = [1, 0.95, 0.9, 0.75].map((r) => r * radius);
    mesh.tube(limb(joints, names, { radii, end: joints.tail(names[2]) }), { side: thumb, segments: 8 });
  }
}

/** Adds vertices without triangles at the landmarks, so that they move with the bones. */
function addLandmarks(mesh: SkinnedMesh, joints: Joints, build: Build): Landmarks {
  const { centre, radii } = skull(joints, build);
  const head = joints.index['head'];
  const onHead = (direction: Vec3) => mesh.vertex(onFace(centre, radii, direction), [head, head]);
  const onFoot = (side: Side, bone: string, offset: Vec3) => {
    const i = joints.index[`${bone}.${side}`];
    const p = joints.tail(`${bone}.${side}`);
    return mesh.vertex([p[0] + offset[0] * build.size, 0.1 * build.size, p[2] + offset[2] * build.size], [i, i]);
  };
  const footLength = distance(joints.head('foot.L'), joints.tail('foot.L')) / build.size;
  return {
    face: Uint32Array.from(faceDirections(), onHead),
    nose: onHead([0, -0.12, 1.2]),
    ears: { L: onHead([1, -0.05, -0.05]), R: onHead([-1, -0.05, -0.05]) },
    heels: { L: onFoot('L', 'foot', [0, 0, -footLength - 0.4]), R: onFoot('R', 'foot', [0, 0, -footLength - 0.4]) },
    bigToes: { L: onFoot('L', 'toe2-1', [-0.15, 0, 0]), R: onFoot('R', 'toe2-1', [0.15, 0, 0]) },
    smallToes: { L: onFoot('L', 'toe2-1', [0.3, 0, -0.3]), R: onFoot('R', 'toe2-1', [-0.3, 0, -0.3]) },
    crown: onHead([0, 1, 0]),
  };
}

/** The 68 face points as directions from the middle of the skull, in the order of iBUG 300-W. */
function faceDirections(): Vec3[] {
  const line = (count: number, at: (t: number) => Vec3) => Array.from({ length: count }, (_, i) => at(i / (count - 1)));
  const ring = (count: number, { x, y, rx, ry }: { x: number; y: number; rx: number; ry: number }) =>
    Array.from({ length: count }, (_, i): Vec3 => {
      const angle = Math.PI - (2 * Math.PI * i) / count;
      return [x + rx * Math.cos(angle), y + ry * Math.sin(angle), 0.9];
    });
  return [
    ...line(17, (t) => [-Math.cos(Math.PI * t), -0.05 - 0.95 * Math.sin(Math.PI * t), 0.7 * Math.sin(Math.PI * t)]),
    ...line(5, (t) => [-0.58 + 0.38 * t, 0.22 + 0.06 * Math.sin(Math.PI * t), 0.88]),
    ...line(5, (t) => [0.2 + 0.38 * t, 0.22 + 0.06 * Math.sin(Math.PI * t), 0.88]),
    ...line(4, (t) => [0, 0.06 - 0.18 * t, 1]),
    ...line(5, (t) => [-0.14 + 0.28 * t, -0.26, 1]),
    ...ring(6, { x: -0.4, y: 0.04, rx: 0.13, ry: 0.06 }),
    ...ring(6, { x: 0.4, y: 0.04, rx: 0.13, ry: 0.06 }),
    ...ring(12, { x: 0, y: -0.5, rx: 0.26, ry: 0.09 }),
    ...ring(8, { x: 0, y: -0.5, rx: 0.2, ry: 0.03 }),
  ];
}
