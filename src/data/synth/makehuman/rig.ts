// The skeleton: the bones of the asset rig that a pose moves, and skin weights folded onto them.
import { z } from 'zod';
import { ContrappostoError } from '../../../core/errors.js';
import type { AssetFolder } from './manifest.js';

const skeletonSchema = z.object({
  bones: z.record(z.string(), z.object({ head: z.string(), tail: z.string(), parent: z.string().nullable() })),
  joints: z.record(z.string(), z.array(z.number().int())),
});

const weightsSchema = z.object({ weights: z.record(z.string(), z.array(z.tuple([z.number(), z.number()]))) });

export type FullSkeleton = z.infer<typeof skeletonSchema>;
export type BoneWeights = z.infer<typeof weightsSchema>['weights'];

/** The bones that poses use; every other bone of the rig moves with its nearest ancestor among them. */
export const POSE_BONES: readonly string[] = [
  ...['root', 'spine05', 'spine04', 'spine03', 'spine02', 'spine01', 'neck01', 'head'],
  ...(['L', 'R'] as const).flatMap((side) =>
    [
      ...['clavicle', 'upperarm01', 'upperarm02', 'lowerarm01', 'lowerarm02', 'wrist'],
      ...[1, 2, 3, 4, 5].flatMap((finger) => [1, 2, 3].map((joint) => `finger${finger}-${joint}`)),
      ...['upperleg01', 'lowerleg01', 'foot', 'toe2-1'],
    ].map((bone) => `${bone}.${side}`),
  ),
];

const POSE_BONE_INDEX = new Map(POSE_BONES.map((bone, index) => [bone, index]));
const HEAD = POSE_BONES.indexOf('head');

export interface Rig {
  skeleton: FullSkeleton;
  /** Of all bones of the asset rig. */
  weights: BoneWeights;
  /** Per base vertex: pose bone -> weight. */
  influences: Map<number, number>[];
  /** Parent of each pose bone, -1 for the root. */
  parents: number[];
  /** Base vertices whose mean is the joint where a pose bone begins. */
  heads: number[][];
  tails: number[][];
}

export async function readRig(assets: AssetFolder, vertexCount: number): Promise<Rig> {
  const { skeleton: file, weights: weightsFile } = assets.manifest.body;
  const skeleton = check(skeletonSchema.safeParse(await assets.json(file)), file);
  const { weights } = check(weightsSchema.safeParse(await assets.json(weightsFile)), weightsFile);
  const missing = POSE_BONES.filter((bone) => skeleton.bones[bone] === undefined);
  if (missing.length > 0) {
    throw new ContrappostoError('corrupt-file', { operation: `read ${file}`, expected: `bones ${missing.join(', ')}` });
  }
  const influences = Array.from({ length: vertexCount }, () => new Map<number, number>());
  for (const [bone, entries] of Object.entries(weights)) {
    const target = poseBoneOf(bone, skeleton);
    for (const [vertex, weight] of entries) {
      influences[vertex].set(target, (influences[vertex].get(target) ?? 0) + weight);
    }
  }
  const parents = POSE_BONES.map((bone) => {
    const { parent } = skeleton.bones[bone];
    return parent === null ? -1 : poseBoneOf(parent, skeleton);
  });
  const joints = (end: 'head' | 'tail') => POSE_BONES.map((bone) => skeleton.joints[skeleton.bones[bone][end]]);
  return { skeleton, weights, influences, parents, heads: joints('head'), tails: joints('tail') };
}

/** The pose bone that carries `bone`. */
function poseBoneOf(bone: string, skeleton: FullSkeleton): number {
  const toe = /^toe\d.*\.([LR])$/.exec(bone);
  let name: string | null = toe ? `toe2-1.${toe[1]}` : bone;
  while (name !== null) {
    const index = POSE_BONE_INDEX.get(name);
    if (index !== undefined) return index;
    name = skeleton.bones[name]?.parent ?? null;
  }
  return 0;
}

/** The four strongest bones of a vertex and their weights in 255ths (sum 255), the strongest first. */
export function fourStrongest(influence: ReadonlyMap<number, number>): { bones: number[]; weights: number[] } {
  const entries = [...influence].sort((a, b) => b[1] - a[1]).slice(0, 4);
  const total = entries.reduce((sum, entry) => sum + entry[1], 0);
  if (!(total > 0)) return { bones: [HEAD, 0, 0, 0], weights: [255, 0, 0, 0] };
  const bones = [0, 0, 0, 0];
  const weights = [0, 0, 0, 0];
  entries.forEach(([bone, weight], k) => {
    bones[k] = bone;
    weights[k] = Math.round((weight / total) * 255);
  });
  weights[0] += 255 - weights.reduce((sum, weight) => sum + weight, 0);
  return { bones, weights };
}

/** Mean position of some base vertices. */
export function jointAt(positions: Float32Array, vertices: readonly number[]): [number, number, number] {
  const sum: [number, number, number] = [0, 0, 0];
  for (const v of vertices) for (let axis = 0; axis < 3; axis++) sum[axis] += positions[3 * v + axis] / vertices.length;
  return sum;
}

function check<T>(result: { success: true; data: T } | { success: false; error: z.ZodError }, name: string): T {
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new ContrappostoError('corrupt-file', {
    operation: `read ${name}`,
    expected: 'the layout of a MakeHuman rig',
    got: `${issue.path.join('.')}: ${issue.message}`,
  });
}
