// Faces: pose units of the face rig mixed into expressions, baked to displacements of the base mesh.
import { z } from 'zod';
import { IDENTITY, type Mat3, multiply, rotation, transform, type Vec3 } from '../vector.js';
import type { AssetFolder } from './manifest.js';
import { jointAt, type Rig } from './rig.js';

/** Weights of pose units. */
type Mixture = Readonly<Record<string, number>>;

const unitsSchema = z.object({ framemapping: z.array(z.string()) });
const expressionSchema = z.object({ unit_poses: z.record(z.string(), z.number()) });

/**
 * The faces to bake: files of the asset folder, softened where they overact, plus mixtures of our own. `smile` and
 * `glad` are mild enough for everyday scenes.
 */
const FACES: Readonly<Record<string, { file?: string; strength?: number; add?: Mixture }>> = {
  smile: { add: both({ MouthPullUp: 0.62, CheekUp: 0.35, LowerLidUp: 0.2, InnerBrowUp: 0.25, OuterBrowUp: 0.15 }) },
  glad: { add: both({ MouthPullUp: 0.72, MouthPullSide: 0.1, CheekUp: 0.45, LowerLidUp: 0.25, InnerBrowUp: 0.3 }) },
  grin: { file: 'smile05', strength: 0.9, add: both({ MouthPullSide: 0.25, InnerBrowUp: 0.3 }) },
  laugh: { file: 'laugh01', strength: 0.7, add: both({ InnerBrowUp: 0.3 }) },
  calm: { add: both({ MouthPullUp: 0.3, OuterBrowUp: 0.2, InnerBrowUp: 0.3 }) },
  focused: { file: 'attention01', strength: 0.8 },
  determined: { file: 'determination01', strength: 0.7 },
  surprised: { file: 'surprise01', strength: 0.75 },
};

/** The same weights for the left and the right unit: `MouthPullUp` is `MouthLeftPullUp` and `MouthRightPullUp`. */
function both(mixture: Mixture): Mixture {
  const sided = (name: string, side: string) =>
    name.startsWith('Mouth') ? name.replace('Mouth', `Mouth${side}`) : `${side}${name}`;
  return Object.fromEntries(
    Object.entries(mixture).flatMap(([name, weight]) => ['Left', 'Right'].map((side) => [sided(name, side), weight])),
  );
}

export interface BakedExpression {
  name: string;
  /** Base vertices. */
  vertices: number[];
  /** Three a vertex, in units. */
  offsets: number[];
}

/** A displacement below this (units of 10 cm) does not show. */
const INVISIBLE = 0.002;

/** Bakes every face of `FACES` on the base body given by `positions`. */
export async function bakeExpressions(
  assets: AssetFolder,
  rig: Rig,
  positions: Float32Array,
): Promise<BakedExpression[]> {
  const units = await readUnits(assets);
  const baked: BakedExpression[] = [];
  for (const [name, { file, strength = 1, add = {} }] of Object.entries(FACES)) {
    const mixture: Record<string, number> = { ...add };
    if (file) {
      const { unit_poses } = expressionSchema.parse(await assets.json(`expressions/${file}.mhpose`));
      for (const [unit, weight] of Object.entries(unit_poses)) mixture[unit] = (mixture[unit] ?? 0) + weight * strength;
    }
    baked.push({ name, ...displace(mixture, { units, rig, positions }) });
  }
  return baked;
}

/** Per pose unit: bone -> rotation vector (axis times angle, Y up). */
type Units = Map<string, Map<string, Vec3>>;

/** Reads the one-frame-a-unit motion file. Its axes are Z up; ours are Y up. */
async function readUnits(assets: AssetFolder): Promise<Units> {
  const { framemapping } = unitsSchema.parse(await assets.json('expressions/face-poseunits.json'));
  const lines = (await assets.text('expressions/face-poseunits.bvh')).split('\n').map((line) => line.trim());
  const channels: { bone: string; axis: string }[] = [];
  let bone = '';
  for (const line of lines) {
    const joint = /^(?:ROOT|JOINT)\s+(\S+)/.exec(line);
    if (joint) bone = joint[1];
    if (line.startsWith('CHANNELS')) for (const axis of line.split(/\s+/).slice(2)) channels.push({ bone, axis });
    if (line === 'MOTION') break;
  }
  const frames = lines
    .slice(lines.findIndex((line) => line.startsWith('Frame Time')) + 1)
    .filter((line) => line !== '');
  const units: Units = new Map();
  framemapping.forEach((unit, f) => {
    const values = frames[f].split(/\s+/).map(Number);
    const turns = new Map<string, Mat3>();
    channels.forEach(({ bone: name, axis }, c) => {
      if (!axis.endsWith('rotation') || values[c] === 0) return;
      // (x, y, z) of a Z-up file are (x, z, -y) here.
      const direction: Vec3 = axis[0] === 'X' ? [1, 0, 0] : axis[0] === 'Y' ? [0, 0, -1] : [0, 1, 0];
      turns.set(name, multiply(turns.get(name) ?? IDENTITY, rotation(direction, (values[c] * Math.PI) / 180)));
    });
    units.set(unit, new Map([...turns].map(([name, turn]) => [name, rotationVector(turn)])));
  });
  return units;
}

/** Axis times angle of a rotation by less than half a turn. */
function rotationVector(m: Mat3): Vec3 {
  const [x, y, z] = [m[7] - m[5], m[2] - m[6], m[3] - m[1]];
  const sine = Math.hypot(x, y, z) / 2;
  if (sine < 1e-9) return [0, 0, 0];
  const factor = Math.atan2(sine, (m[0] + m[4] + m[8] - 1) / 2) / (2 * sine);
  return [x * factor, y * factor, z * factor];
}

/** Poses the face bones by the mixture (rotation vectors add up) and skins the base mesh with the full rig. */
function displace(
  mixture: Mixture,
  { units, rig, positions }: { units: Units; rig: Rig; positions: Float32Array },
): Omit<BakedExpression, 'name'> {
  const vectors = new Map<string, Vec3>();
  for (const [unit, weight] of Object.entries(mixture)) {
    for (const [bone, v] of units.get(unit) ?? []) {
      const sum = vectors.get(bone) ?? [0, 0, 0];
      vectors.set(bone, [sum[0] + weight * v[0], sum[1] + weight * v[1], sum[2] + weight * v[2]]);
    }
  }
  const placed = placeBones(vectors, rig, positions);
  const sums = new Map<number, [number, number, number]>();
  for (const [bone, { turn, from, to }] of placed) {
    for (const [vertex, weight] of rig.weights[bone] ?? []) {
      const p: Vec3 = [positions[3 * vertex], positions[3 * vertex + 1], positions[3 * vertex + 2]];
      const q = transform(turn, [p[0] - from[0], p[1] - from[1], p[2] - from[2]]);
      const sum = sums.get(vertex) ?? [0, 0, 0];
      for (let axis = 0; axis < 3; axis++) sum[axis] += weight * (to[axis] + q[axis] - p[axis]);
      sums.set(vertex, sum);
    }
  }
  const moved = [...sums].filter(([, d]) => Math.hypot(...d) > INVISIBLE).sort((a, b) => a[0] - b[0]);
  return { vertices: moved.map(([vertex]) => vertex), offsets: moved.flatMap(([, d]) => d) };
}

/** Forward kinematics over all bones of the asset rig; returns the bones that moved. */
function placeBones(vectors: ReadonlyMap<string, Vec3>, rig: Rig, positions: Float32Array) {
  const { bones, joints } = rig.skeleton;
  const placed = new Map<string, { turn: Mat3; from: Vec3; to: Vec3 }>();
  const place = (name: string): { turn: Mat3; from: Vec3; to: Vec3 } => {
    const done = placed.get(name);
    if (done) return done;
    const { head, parent } = bones[name];
    const from = jointAt(positions, joints[head]);
    let turn: Mat3 = IDENTITY;
    let to: Vec3 = from;
    if (parent !== null) {
      const above = place(parent);
      const offset = transform(above.turn, [from[0] - above.from[0], from[1] - above.from[1], from[2] - above.from[2]]);
      to = [above.to[0] + offset[0], above.to[1] + offset[1], above.to[2] + offset[2]];
      turn = above.turn;
    }
    const vector = vectors.get(name);
    if (vector) turn = multiply(turn, rotation(vector, Math.hypot(...vector)));
    placed.set(name, { turn, from, to });
    return { turn, from, to };
  };
  for (const name of Object.keys(bones)) place(name);
  return [...placed].filter(([, { turn, from, to }]) => {
    return turn.some((x, i) => Math.abs(x - IDENTITY[i]) > 1e-6) || to.some((x, i) => Math.abs(x - from[i]) > 1e-6);
  });
}
