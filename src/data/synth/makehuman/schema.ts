// The header of a pack of characters: what the baker writes and the loader reads.
import type { PartKind, Texture } from '../types.js';
import type { Recipe } from './cast.js';
import type { PackedLandmarks } from './landmarks.js';
import type { AxisScale } from './mhclo.js';
import type { BlobRef } from './pack.js';

/** Quantisation steps of the integer arrays. Shifts and offsets are in units of 10 cm: 0.4 mm and 0.25 mm. */
export const STEPS = { shift: 0.004, offset: 0.0025, uv: 1 / 65535 } as const;

export interface PackedShifts {
  name: string;
  /** Base vertices that move. */
  vertices: BlobRef<'u16'>;
  /** All x, then all y, then all z, in `STEPS.shift`. */
  shifts: BlobRef<'i16'>;
}

export interface PackedPiece {
  name: string;
  kind: PartKind;
  /** For captions. */
  word: string;
  /** Index of its texture; -1 where the person brings it or it is plain. */
  texture: number;
  vertexCount: number;
  scales: (AxisScale | null)[];
  references: BlobRef<'u16'>;
  /** Hair reaches far beyond the triangles it hangs on, so these have no common range. */
  weights: BlobRef<'f32'>;
  offsets: BlobRef<'i16'>;
  triangles: BlobRef<'u16'>;
  textureTriangles: BlobRef<'u16'>;
  uvs: BlobRef<'u16'>;
  boneIds: BlobRef<'u8'>;
  boneWeights: BlobRef<'u8'>;
  hidden: BlobRef<'u16'>;
}

export interface PackedTexture {
  name: string;
  widthPx: number;
  heightPx: number;
  transparency: Texture['transparency'];
  palette: BlobRef<'u8'>;
  texels: BlobRef<'u8'>;
}

export interface PackHeader {
  bones: string[];
  parents: number[];
  heads: number[][];
  tails: number[][];
  /** Positions of the unmorphed base mesh. */
  base: BlobRef<'f32'>;
  /** Vertices of the body piece. */
  landmarks: PackedLandmarks;
  targets: PackedShifts[];
  expressions: PackedShifts[];
  pieces: PackedPiece[];
  textures: PackedTexture[];
  people: Recipe[];
}
