// Thins out a piece of a pack for pictures of a known size, and drops the vertices that nothing uses any more.
import { thinOut } from '../simplify.js';
import { type Fitting, fit } from './mhclo.js';

/** A mesh that follows the base body. */
export interface PieceMesh {
  fitting: Omit<Fitting, 'hidden'>;
  triangles: Uint16Array;
  /** Six a triangle. */
  uvs: Float32Array;
  /** Four a vertex. */
  boneIds: Uint8Array;
  boneWeights: Float32Array;
}

export interface ThinPieceOptions {
  /** How far (units) the surface may move on the unmorphed body. */
  tolerance: number;
  /** The unmorphed base mesh. */
  base: Float32Array;
  boneNames: readonly string[];
  /** Vertices that have to stay. */
  keep: readonly number[];
}

/** Hands are small and looked at closely: they bear half as much. */
const FINE_BONES = /^(?:wrist|metacarpal|finger)/;
const FINE_SHARE = 0.5;

/** The piece with fewer vertices and triangles; `places` says which vertex each of those that stay has become. */
export function thinPiece(
  whole: PieceMesh,
  { tolerance, base, boneNames, keep }: ThinPieceOptions,
): { thin: PieceMesh; places: Uint16Array } {
  const { fitting, boneIds, boneWeights } = whole;
  const isFine = boneNames.map((bone) => FINE_BONES.test(bone));
  const thinned = thinOut(
    { ...whole, positions: fit(fitting, base) },
    { keep, tolerance: (v) => (isFine[boneIds[4 * v]] ? tolerance * FINE_SHARE : tolerance) },
  );
  const used = new Uint8Array(fitting.vertexCount);
  for (const v of keep) used[v] = 1;
  for (const v of thinned.triangles) used[v] = 1;
  const vertices = Uint32Array.from(used.keys()).filter((v) => used[v] === 1);
  const places = new Uint16Array(fitting.vertexCount);
  vertices.forEach((v, i) => {
    places[v] = i;
  });
  const thin = {
    fitting: {
      vertexCount: vertices.length,
      scales: fitting.scales,
      references: picked(fitting.references, vertices, 3),
      weights: picked(fitting.weights, vertices, 3),
      offsets: picked(fitting.offsets, vertices, 3),
    },
    triangles: Uint16Array.from(thinned.triangles, (v) => places[v]),
    uvs: thinned.uvs,
    boneIds: picked(boneIds, vertices, 4),
    boneWeights: picked(boneWeights, vertices, 4),
  };
  return { thin, places };
}

/** Entries of `size` numbers each, of the vertices listed. */
function picked<T extends Uint8Array | Uint16Array | Float32Array>(from: T, vertices: Uint32Array, size: number): T {
  const to = from.slice(0, vertices.length * size) as T;
  vertices.forEach((v, i) => {
    for (let k = 0; k < size; k++) to[i * size + k] = from[v * size + k];
  });
  return to;
}
