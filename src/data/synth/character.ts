// Puts a character together from pieces: joins their meshes, stands it on the ground and measures it.
import { ContrappostoError } from '../../core/errors.js';
import { measure } from './measures.js';
import type { Character, CharacterInfo, Expression, Landmarks, MeshPart, PartKind, Texture } from './types.js';
import type { Vec3 } from './vector.js';

/** One mesh of a character, in the rest pose at any height above the ground. */
export interface CharacterPiece {
  kind: PartKind;
  name: string;
  /** Three a vertex. */
  positions: Float32Array;
  /** Three a triangle, of this piece's vertices. */
  triangles: ArrayLike<number>;
  /** Six a triangle. */
  uvs: Float32Array;
  /** Four a vertex. */
  boneIds: Uint8Array;
  boneWeights: Float32Array;
  texture: Texture;
  cloth?: MeshPart['cloth'];
}

export interface CharacterSource {
  id: number;
  info: CharacterInfo;
  boneNames: readonly string[];
  boneIndex: Readonly<Record<string, number>>;
  parents: Int16Array;
  heads: readonly Vec3[];
  tails: readonly Vec3[];
  /** The body first. */
  pieces: readonly CharacterPiece[];
  /** Vertices of the body. */
  landmarks: Landmarks;
  /** Faces by name; vertices count through all pieces. */
  expressions: ReadonlyMap<string, () => Expression>;
}

const NEUTRAL: Expression = { vertices: new Uint32Array(0), offsets: new Float32Array(0) };

/** Joins the pieces into one mesh with its soles on y = 0. */
export function assembleCharacter(source: CharacterSource): Character {
  const { pieces, boneNames, boneIndex, parents } = source;
  const joined = join(pieces);
  const { positions } = joined;
  let sole = Number.POSITIVE_INFINITY;
  for (let i = 1; i < positions.length; i += 3) if (positions[i] < sole) sole = positions[i];
  for (let i = 1; i < positions.length; i += 3) positions[i] -= sole;
  const lower = ([x, y, z]: Vec3): Vec3 => [x, y - sole, z];
  const skeleton = { boneNames, boneIndex, parents, heads: source.heads.map(lower), tails: source.tails.map(lower) };
  const measures = measure({ ...joined, ...skeleton }, pieces[0].positions.length / 3);
  return {
    id: source.id,
    info: source.info,
    ...skeleton,
    ...joined,
    measures,
    landmarks: source.landmarks,
    expressions: ['neutral', ...source.expressions.keys()],
    expression(name) {
      if (name === 'neutral') return NEUTRAL;
      const make = source.expressions.get(name);
      if (make) return make();
      throw new ContrappostoError('not-found', {
        operation: 'expression',
        expected: ['neutral', ...source.expressions.keys()].join(', '),
        got: `"${name}"`,
      });
    },
  };
}

function join(pieces: readonly CharacterPiece[]) {
  const vertexCount = pieces.reduce((sum, piece) => sum + piece.positions.length / 3, 0);
  const triangleCount = pieces.reduce((sum, piece) => sum + piece.triangles.length / 3, 0);
  const positions = new Float32Array(vertexCount * 3);
  const boneIds = new Uint8Array(vertexCount * 4);
  const boneWeights = new Float32Array(vertexCount * 4);
  const triangles = new Uint32Array(triangleCount * 3);
  const uvs = new Float32Array(triangleCount * 6);
  const parts: MeshPart[] = [];
  let vertex = 0;
  let triangle = 0;
  for (const piece of pieces) {
    positions.set(piece.positions, vertex * 3);
    boneIds.set(piece.boneIds, vertex * 4);
    boneWeights.set(piece.boneWeights, vertex * 4);
    uvs.set(piece.uvs, triangle * 6);
    const { triangles: own } = piece;
    for (let i = 0; i < own.length; i++) triangles[3 * triangle + i] = vertex + own[i];
    const endTriangle = triangle + piece.triangles.length / 3;
    const { kind, name, texture, cloth } = piece;
    parts.push({ kind, name, firstTriangle: triangle, endTriangle, texture, ...(cloth && { cloth }) });
    vertex += piece.positions.length / 3;
    triangle = endTriangle;
  }
  return { vertexCount, triangleCount, positions, boneIds, boneWeights, triangles, uvs, parts };
}
