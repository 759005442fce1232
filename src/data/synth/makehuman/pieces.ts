// Wearable pieces of the pack: meshes that follow the base body, cut into tops and bottoms, with skin weights.
import type { PartKind, Vec3 } from '../types.js';
import type { AssetFolder, Wearable } from './manifest.js';
import { type Fitting, fit, parseFitting } from './mhclo.js';
import { type ObjMesh, parseObj, triangulate } from './obj.js';
import { fourStrongest, jointAt, type Rig } from './rig.js';
import { DEFAULT_TOP_ABOVE, type GarmentSplit } from './wardrobe.js';

export interface Piece extends Fitting {
  name: string;
  kind: PartKind;
  /** Three a triangle. */
  triangles: number[];
  textureTriangles: number[];
  /** Two a texture place, 0 to 1, v downwards. */
  uvs: Float32Array;
  boneIds: number[];
  boneWeights: number[];
}

interface PieceSource {
  rig: Rig;
  /** The unmorphed base mesh. */
  base: Float32Array;
}

/** The body itself, or any group of faces of the base mesh, as a piece that follows its own vertices. */
export function basePiece(
  mesh: ObjMesh,
  groups: RegExp,
  { kind, rig, keep = () => true }: { kind: PartKind; rig: Rig; keep?: (vertex: number) => boolean },
): Piece {
  const faces = mesh.faces.filter((face) => groups.test(face.group) && face.vertices.every(keep));
  const vertices = [...new Set(faces.flatMap((face) => face.vertices))].sort((a, b) => a - b);
  const fitting: Fitting = {
    vertexCount: vertices.length,
    references: Uint16Array.from(vertices.flatMap((v) => [v, v, v])),
    weights: Float32Array.from(vertices.flatMap(() => [1, 0, 0])),
    offsets: new Float32Array(vertices.length * 3),
    scales: [null, null, null],
    hidden: [],
  };
  const index = new Map(vertices.map((v, i) => [v, i]));
  const local = faces.map((face) => ({ ...face, vertices: face.vertices.map((v) => index.get(v) as number) }));
  return assemble(kind, { name: kind, kind, fitting, faces: local, uvs: mesh.uvs, rig });
}

/** A wearable in one piece; faces whose middle `keep` rejects (on the unmorphed body) are cut off. */
export async function wearablePiece(
  assets: AssetFolder,
  wearable: Wearable,
  { kind, rig, base, keep }: PieceSource & { kind: PartKind; keep?: (middle: Vec3) => boolean },
): Promise<Piece> {
  const { mesh, fitting, faces } = await readWearable(assets, wearable);
  const fitted = fit(fitting, base);
  const kept = keep ? faces.filter((face) => keep(jointAt(fitted, face.vertices))) : faces;
  return assemble(wearable.name, { name: wearable.name, kind, fitting, faces: kept, uvs: mesh.uvs, rig });
}

/** A garment cut into its top and its bottom. */
export async function garmentPieces(
  assets: AssetFolder,
  wearable: Wearable,
  { split, rig, base }: PieceSource & { split: GarmentSplit },
): Promise<Piece[]> {
  const { mesh, fitting, faces } = await readWearable(assets, wearable);
  const isTop = topFaces(mesh, faces, split);
  const fitted = fit(fitting, base);
  const regionOfVertex = new Int8Array(fitting.vertexCount).fill(-1);
  faces.forEach((face, f) => {
    for (const v of face.vertices) regionOfVertex[v] = isTop[f] ? 1 : 0;
  });
  const hiddenByTop = new Set(fitting.hidden.filter((v) => nearestRegion(v, { base, fitted, regionOfVertex }) === 1));
  const pieces: Piece[] = [];
  for (const kind of ['top', 'bottom'] as const) {
    if (split[kind] === null) continue;
    const chosen = faces.filter((_, f) => isTop[f] === (kind === 'top'));
    const hidden = fitting.hidden.filter((v) => hiddenByTop.has(v) === (kind === 'top'));
    const source = { name: wearable.name, kind, fitting: { ...fitting, hidden }, faces: chosen, uvs: mesh.uvs, rig };
    pieces.push(assemble(wearable.name, source));
  }
  return pieces;
}

async function readWearable(assets: AssetFolder, { name, clo, mesh: file }: Wearable) {
  const mesh = parseObj(await assets.text(file), name);
  const fitting = parseFitting(await assets.text(clo), name);
  const faces = mesh.faces.filter((face) => face.vertices.every((v) => v < fitting.vertexCount));
  return { mesh, fitting, faces };
}

/** Per face, whether it belongs to the top. */
function topFaces(mesh: ObjMesh, faces: ObjMesh['faces'], split: GarmentSplit): boolean[] {
  const { bottomU } = split;
  if (bottomU) {
    return faces.map((face) => {
      const u = face.uvs.reduce((sum, uv) => sum + mesh.uvs[2 * uv], 0) / face.uvs.length;
      return u < bottomU[0] || u > bottomU[1];
    });
  }
  const component = connectedComponents(mesh.positions.length / 3, faces);
  const sums = new Map<number, { y: number; count: number }>();
  component.forEach((root, v) => {
    const sum = sums.get(root) ?? { y: 0, count: 0 };
    sums.set(root, { y: sum.y + mesh.positions[3 * v + 1], count: sum.count + 1 });
  });
  return faces.map((face) => {
    const { y, count } = sums.get(component[face.vertices[0]]) as { y: number; count: number };
    return y / count > (split.topAbove ?? DEFAULT_TOP_ABOVE);
  });
}

/** Representative vertex of the connected component of each vertex (union-find with path halving). */
export function connectedComponents(vertexCount: number, faces: readonly { vertices: number[] }[]): Int32Array {
  const parent = Int32Array.from({ length: vertexCount }, (_, i) => i);
  const find = (vertex: number): number => {
    let v = vertex;
    while (parent[v] !== v) {
      parent[v] = parent[parent[v]];
      v = parent[v];
    }
    return v;
  };
  for (const { vertices } of faces) for (const v of vertices) parent[find(v)] = find(vertices[0]);
  return parent.map((_, v) => find(v));
}

/** Region (1 top, 0 bottom) of the garment vertex nearest to a base vertex. */
function nearestRegion(
  vertex: number,
  { base, fitted, regionOfVertex }: { base: Float32Array; fitted: Float32Array; regionOfVertex: Int8Array },
): number {
  let best = Number.POSITIVE_INFINITY;
  let region = 0;
  for (let v = 0; v < regionOfVertex.length; v++) {
    if (regionOfVertex[v] < 0) continue;
    const dx = fitted[3 * v] - base[3 * vertex];
    const dy = fitted[3 * v + 1] - base[3 * vertex + 1];
    const dz = fitted[3 * v + 2] - base[3 * vertex + 2];
    const d = dx * dx + dy * dy + dz * dz;
    if (d < best) {
      best = d;
      region = regionOfVertex[v];
    }
  }
  return region;
}

/** Keeps only the vertices and texture places that the faces use, and adds skin weights through the fitting. */
function assemble(
  name: string,
  source: { name: string; kind: PartKind; fitting: Fitting; faces: ObjMesh['faces']; uvs: Float32Array; rig: Rig },
): Piece {
  const { fitting, rig } = source;
  const fan = triangulate(source.faces);
  const used = [...new Set(fan.vertices)].sort((a, b) => a - b);
  const usedUvs = [...new Set(fan.uvs)].sort((a, b) => a - b);
  const index = new Map(used.map((v, i) => [v, i]));
  const uvIndex = new Map(usedUvs.map((v, i) => [v, i]));
  const three = <T extends Uint16Array | Float32Array>(array: T) =>
    used.flatMap((v) => [array[3 * v], array[3 * v + 1], array[3 * v + 2]]);
  const skin = used.map((v) => fourStrongest(inherited(fitting, v, rig)));
  return {
    name,
    kind: source.kind,
    vertexCount: used.length,
    references: Uint16Array.from(three(fitting.references)),
    weights: Float32Array.from(three(fitting.weights)),
    offsets: Float32Array.from(three(fitting.offsets)),
    scales: fitting.scales,
    hidden: fitting.hidden,
    triangles: fan.vertices.map((v) => index.get(v) as number),
    textureTriangles: fan.uvs.map((v) => uvIndex.get(v) as number),
    uvs: Float32Array.from(usedUvs.flatMap((uv) => [wrap(source.uvs[2 * uv]), wrap(1 - source.uvs[2 * uv + 1])])),
    boneIds: skin.flatMap((s) => s.bones),
    boneWeights: skin.flatMap((s) => s.weights),
  };
}

/** Bone weights of the three base vertices a garment vertex follows. */
function inherited(fitting: Fitting, vertex: number, rig: Rig): Map<number, number> {
  const sum = new Map<number, number>();
  for (let k = 3 * vertex; k < 3 * vertex + 3; k++) {
    const share = Math.max(0, fitting.weights[k]);
    for (const [bone, weight] of rig.influences[fitting.references[k]]) {
      sum.set(bone, (sum.get(bone) ?? 0) + share * weight);
    }
  }
  return sum;
}

/** Into [0, 1]; 1 itself stays. */
function wrap(x: number): number {
  return x >= 0 && x <= 1 ? x : x - Math.floor(x);
}
