// Opens a pack of baked characters and builds its people on demand.
import { ContrappostoError } from '../../../core/errors.js';
import { assembleCharacter, type CharacterPiece } from '../character.js';
import { clothMap } from '../cloth-map.js';
import type { Character, CharacterInfo, Expression, Landmarks, MeshPart, PartKind, Side, Texture } from '../types.js';
import type { Vec3 } from '../vector.js';
import type { Recipe } from './cast.js';
import type { PackedLandmarks } from './landmarks.js';
import { fit } from './mhclo.js';
import { type BlobRef, PackReader } from './pack.js';
import { jointAt } from './rig.js';
import { type PackedPiece, type PackedShifts, type PackHeader, STEPS } from './schema.js';
import { type PieceMesh, thinPiece } from './thin-piece.js';

/** The people of a pack. Characters are built when first asked for and kept. */
export interface CharacterPack {
  readonly count: number;
  /** @throws `not-found` unless 0 <= index < count. */
  character(index: number): Character;
}

/**
 * Opens what `bakeCharacters` returned. `tolerance` is how far (units) surfaces may move to save triangles: what is a
 * fraction of a pixel costs nothing to look at and half of the time to draw.
 * @throws `corrupt-file` for other bytes.
 */
export function openPack(bytes: Uint8Array, { tolerance = 0 }: { tolerance?: number } = {}): CharacterPack {
  const pack = new Pack(new PackReader(bytes), tolerance);
  const built = new Map<number, Character>();
  const count = pack.header.people.length;
  return {
    count,
    character(index) {
      if (!(Number.isInteger(index) && index >= 0 && index < count)) {
        throw new ContrappostoError('not-found', {
          operation: 'character of pack',
          expected: `0 to ${count - 1}`,
          got: String(index),
        });
      }
      const character = built.get(index) ?? pack.build(index);
      built.set(index, character);
      return character;
    },
  };
}

/** A piece with its arrays read; shared by everybody who wears it. */
interface LoadedPiece extends PieceMesh {
  hidden: Uint16Array;
  isClothing: boolean;
}

type Shifts = { vertices: Uint16Array; shifts: Int16Array };

class Pack {
  readonly header: PackHeader;
  readonly #reader: PackReader;
  readonly #base: Float32Array;
  readonly #boneIndex: Record<string, number>;
  readonly #baked = new Map<PackedPiece, LoadedPiece>();
  readonly #pieces = new Map<PackedPiece, LoadedPiece>();
  readonly #textures = new Map<string, Texture>();
  readonly #clothes = new Map<PackedPiece, MeshPart['cloth']>();
  readonly #faces = new Map<string, Map<PackedPiece, Expression>>();
  readonly #headLength: number;
  readonly #tolerance: number;
  /** Where the body's vertices are after thinning. */
  #landmarkPlaces: (vertex: number) => number = (vertex) => vertex;

  constructor(reader: PackReader, tolerance: number) {
    this.#reader = reader;
    this.#tolerance = tolerance;
    this.header = reader.header as PackHeader;
    this.#base = reader.get(this.header.base);
    this.#boneIndex = Object.fromEntries(this.header.bones.map((bone, i) => [bone, i]));
    this.#headLength = this.#headLengthOf(this.#base);
  }

  build(index: number): Character {
    const recipe = this.header.people[index];
    const body = this.#morph(recipe);
    this.#scaleTo(recipe.stature, body);
    const worn = this.#wornBy(recipe);
    const pieces = worn.map(({ piece, texture }) => {
      return this.#dress(piece, { texture, body, covered: this.#coveredBy(worn, LAYERS_OVER[piece.kind]) });
    });
    const scale = this.#headLengthOf(body) / this.#headLength;
    const expressions = new Map(
      this.header.expressions.map((face) => [face.name, once(() => this.#express(face, worn, scale))]),
    );
    const joints = (vertices: number[][]): Vec3[] => vertices.map((list) => jointAt(body, list));
    return assembleCharacter({
      id: index,
      info: infoOf(recipe, worn),
      boneNames: this.header.bones,
      boneIndex: this.#boneIndex,
      parents: Int16Array.from(this.header.parents),
      heads: joints(this.header.heads),
      tails: joints(this.header.tails),
      pieces,
      landmarks: this.#landmarks(),
      expressions,
    });
  }

  /** The base mesh with the recipe's targets applied; joints and helpers move along. */
  #morph({ morphs }: Recipe): Float32Array {
    const positions = Float32Array.from(this.#base);
    for (const target of this.header.targets) {
      const weight = morphs[target.name];
      if (weight === undefined) continue;
      const { vertices, shifts } = this.#shifts(target);
      const count = vertices.length;
      const step = weight * STEPS.shift;
      for (let i = 0; i < count; i++) {
        const at = 3 * vertices[i];
        positions[at] += step * shifts[i];
        positions[at + 1] += step * shifts[count + i];
        positions[at + 2] += step * shifts[2 * count + i];
      }
    }
    return positions;
  }

  /** Scales a body about the origin to a height. */
  #scaleTo(stature: number, positions: Float32Array): void {
    const body = this.header.pieces.find((piece) => piece.kind === 'body') as PackedPiece;
    const { references } = this.#load(body).fitting;
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = 0; i < references.length; i += 3) {
      low = Math.min(low, positions[3 * references[i] + 1]);
      high = Math.max(high, positions[3 * references[i] + 1]);
    }
    const factor = stature / (high - low);
    for (let i = 0; i < positions.length; i++) positions[i] *= factor;
  }

  /** Pieces in drawing order, the body first, with the names of their textures. */
  #wornBy(recipe: Recipe): Worn[] {
    const worn: Worn[] = [];
    const wear = (kind: string, name: string | null, texture?: string) => {
      const piece = this.header.pieces.find((p) => p.kind === kind && p.name === name);
      if (piece) worn.push({ piece, texture: texture ?? this.header.textures[piece.texture]?.name ?? null });
    };
    wear('body', 'body', recipe.skin);
    wear('teeth', 'teeth');
    wear('bottom', recipe.outfit[1]);
    wear('top', recipe.outfit[0]);
    wear('shoes', recipe.shoes);
    wear('eyes', 'eyes', recipe.eyes);
    wear('brows', recipe.brows);
    wear('hair', recipe.hair);
    wear('hat', recipe.hat);
    return worn;
  }

  /** Marks the base vertices beneath the worn pieces of some kinds. */
  #coveredBy(worn: readonly Worn[], kinds: readonly PartKind[] = []): Uint8Array {
    const covered = new Uint8Array(this.#base.length / 3);
    for (const { piece } of worn) {
      if (kinds.includes(piece.kind)) for (const v of this.#load(piece).hidden) covered[v] = 1;
    }
    return covered;
  }

  #dress(
    piece: PackedPiece,
    { texture, body, covered }: { texture: string | null; body: Float32Array; covered: Uint8Array },
  ): CharacterPiece {
    const loaded = this.#load(piece);
    const { triangles, uvs } = LAYERS_OVER[piece.kind] ? withoutCovered(loaded, covered) : loaded;
    const cloth = loaded.isClothing ? this.#cloth(piece) : undefined;
    return {
      kind: piece.kind,
      name: piece.name,
      positions: fit(loaded.fitting, body),
      triangles,
      uvs,
      boneIds: loaded.boneIds,
      boneWeights: loaded.boneWeights,
      texture: this.#texture(texture, piece),
      ...(cloth && { cloth }),
    };
  }

  /** The piece as it is drawn: thinned out. */
  #load(piece: PackedPiece): LoadedPiece {
    const done = this.#pieces.get(piece);
    if (done) return done;
    const whole = this.#read(piece);
    const loaded = this.#tolerance > 0 ? this.#thinned(piece, whole) : whole;
    this.#pieces.set(piece, loaded);
    return loaded;
  }

  #thinned(piece: PackedPiece, whole: LoadedPiece): LoadedPiece {
    const isBody = piece.kind === 'body';
    const { thin, places } = thinPiece(whole, {
      tolerance: this.#tolerance,
      base: this.#base,
      boneNames: this.header.bones,
      keep: isBody ? landmarkVertices(this.header.landmarks) : [],
    });
    if (isBody) this.#landmarkPlaces = (vertex) => places[vertex];
    return { ...whole, ...thin };
  }

  /** The piece as it was baked. */
  #read(piece: PackedPiece): LoadedPiece {
    const whole = this.#baked.get(piece) ?? this.#decode(piece);
    this.#baked.set(piece, whole);
    return whole;
  }

  #decode(piece: PackedPiece): LoadedPiece {
    const read = this.#reader;
    const scaled = (ref: BlobRef<'i16'>, step: number) => Float32Array.from(read.get(ref), (x) => x * step);
    const places = read.get(piece.uvs);
    const corners = read.get(piece.textureTriangles);
    const uvs = new Float32Array(corners.length * 2);
    corners.forEach((corner, i) => {
      uvs[2 * i] = places[2 * corner] * STEPS.uv;
      uvs[2 * i + 1] = places[2 * corner + 1] * STEPS.uv;
    });
    return {
      fitting: {
        vertexCount: piece.vertexCount,
        scales: piece.scales,
        references: read.get(piece.references),
        weights: read.get(piece.weights),
        offsets: scaled(piece.offsets, STEPS.offset),
      },
      hidden: read.get(piece.hidden),
      triangles: read.get(piece.triangles),
      uvs,
      boneIds: read.get(piece.boneIds),
      boneWeights: Float32Array.from(read.get(piece.boneWeights), (w) => w / 255),
      isClothing: piece.kind === 'top' || piece.kind === 'bottom' || piece.kind === 'dress',
    };
  }

  /** Textures keep the mean colour of the piece that wears them, so one picture may serve as several. */
  #texture(name: string | null, piece: PackedPiece): Texture {
    const key = `${piece.kind} ${piece.name} ${name}`;
    const done = this.#textures.get(key);
    if (done) return done;
    const packed = this.header.textures.find((texture) => texture.name === name);
    const texture = packed
      ? withMean(
          { ...packed, palette: this.#reader.get(packed.palette), texels: this.#reader.get(packed.texels) },
          this.#read(piece).uvs,
        )
      : plain(piece.kind === 'teeth' ? [226, 220, 206] : [90, 84, 78]);
    this.#textures.set(key, texture);
    return texture;
  }

  /** Measured on the unmorphed body so that the same cloth looks the same on everybody. */
  #cloth(piece: PackedPiece): MeshPart['cloth'] {
    if (!this.#clothes.has(piece)) {
      const loaded = this.#read(piece);
      const { widthPx, heightPx } = this.header.textures[piece.texture];
      const joints = Object.fromEntries(
        this.header.bones.map((bone, i) => [bone, jointAt(this.#base, this.header.heads[i])]),
      );
      const positions = fit(loaded.fitting, this.#base);
      this.#clothes.set(
        piece,
        clothMap({ ...loaded, positions, widthPx, heightPx, boneNames: this.header.bones, joints }),
      );
    }
    return this.#clothes.get(piece);
  }

  #shifts(packed: PackedShifts): Shifts {
    return { vertices: this.#reader.get(packed.vertices), shifts: this.#reader.get(packed.shifts) };
  }

  /** A face on this person's pieces: what follows the moved base vertices moves too. */
  #express(face: PackedShifts, worn: readonly Worn[], scale: number): Expression {
    const vertices: number[] = [];
    const offsets: number[] = [];
    let first = 0;
    for (const { piece } of worn) {
      // The upper teeth sit in the skull: only the lips around them move.
      const moved = piece.kind === 'teeth' ? STILL : this.#expressPiece(face, piece);
      for (const v of moved.vertices) vertices.push(first + v);
      for (const offset of moved.offsets) offsets.push(offset * scale);
      first += this.#load(piece).fitting.vertexCount;
    }
    return { vertices: Uint32Array.from(vertices), offsets: Float32Array.from(offsets) };
  }

  #expressPiece(face: PackedShifts, piece: PackedPiece): Expression {
    const cache = this.#faces.get(face.name) ?? new Map<PackedPiece, Expression>();
    this.#faces.set(face.name, cache);
    const done = cache.get(piece);
    if (done) return done;
    const { vertices, shifts } = this.#shifts(face);
    const row = new Map(Array.from(vertices, (v, i) => [v, i]));
    const { references, weights, vertexCount } = this.#load(piece).fitting;
    const moved: number[] = [];
    const offsets: number[] = [];
    for (let v = 0; v < vertexCount; v++) {
      const sum = [0, 0, 0];
      for (let k = 3 * v; k < 3 * v + 3; k++) {
        const i = row.get(references[k]);
        if (i === undefined) continue;
        for (let axis = 0; axis < 3; axis++) {
          sum[axis] += weights[k] * STEPS.shift * shifts[axis * vertices.length + i];
        }
      }
      if (sum.every((x) => x === 0)) continue;
      moved.push(v);
      offsets.push(...sum);
    }
    const expression = { vertices: Uint32Array.from(moved), offsets: Float32Array.from(offsets) };
    cache.set(piece, expression);
    return expression;
  }

  #headLengthOf(positions: Float32Array): number {
    const head = this.#boneIndex['head'];
    const [a, b] = [this.header.heads[head], this.header.tails[head]].map((list) => jointAt(positions, list));
    return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  }

  #landmarks(): Landmarks {
    const { face, nose, crown, ears, heels, bigToes, smallToes } = this.header.landmarks;
    const at = this.#landmarkPlaces;
    const both = ({ L, R }: Record<Side, number>) => ({ L: at(L), R: at(R) });
    return {
      face: Uint32Array.from(face, at),
      nose: at(nose),
      crown: at(crown),
      ears: both(ears),
      heels: both(heels),
      bigToes: both(bigToes),
      smallToes: both(smallToes),
    };
  }
}

function landmarkVertices({ face, nose, crown, ...sides }: PackedLandmarks): number[] {
  return [...face, nose, crown, ...Object.values(sides).flatMap(({ L, R }) => [L, R])];
}

const STILL: Expression = { vertices: new Uint32Array(0), offsets: new Float32Array(0) };

/** What lies over a layer and hides it: the waistband under a shirt would come through otherwise, and socks. */
const LAYERS_OVER: Partial<Record<PartKind, readonly PartKind[]>> = {
  body: ['top', 'bottom', 'dress', 'shoes', 'hat'],
  bottom: ['top'],
  shoes: ['bottom'],
};

interface Worn {
  piece: PackedPiece;
  texture: string | null;
}

function infoOf(recipe: Recipe, worn: readonly Worn[]): CharacterInfo {
  const word = (kind: string) => worn.find(({ piece }) => piece.kind === kind)?.piece.word ?? '';
  const { sex, age, race } = recipe;
  const subject = age === 'child' ? (sex === 'male' ? 'boy' : 'girl') : sex === 'male' ? 'man' : 'woman';
  const hat = recipe.hat === null ? null : 'hat';
  return { sex, age, race, subject, top: word('top'), bottom: word('bottom'), hair: word('hair') || null, hat };
}

/** Triangles that the layers above leave visible. Plain loops: every person of a cast passes here, in every thread. */
function withoutCovered({ triangles, uvs, fitting }: LoadedPiece, covered: Uint8Array) {
  const { references } = fitting;
  const hidden = new Uint8Array(references.length / 3);
  for (let v = 0; v < hidden.length; v++) {
    hidden[v] = covered[references[3 * v]] & covered[references[3 * v + 1]] & covered[references[3 * v + 2]];
  }
  const kept = new Uint16Array(triangles.length);
  const keptUvs = new Float32Array(uvs.length);
  let end = 0;
  for (let t = 0; t < triangles.length; t += 3) {
    const a = triangles[t];
    const b = triangles[t + 1];
    const c = triangles[t + 2];
    if ((hidden[a] & hidden[b] & hidden[c]) === 1) continue;
    kept[end] = a;
    kept[end + 1] = b;
    kept[end + 2] = c;
    for (let k = 0; k < 6; k++) keptUvs[2 * end + k] = uvs[2 * t + k];
    end += 3;
  }
  return { triangles: kept.subarray(0, end), uvs: keptUvs.subarray(0, 2 * end) };
}

/** Mean colour over the triangles' middles; strands and eyes have none worth knowing. */
function withMean(texture: Omit<Texture, 'mean'>, uvs: Float32Array): Texture {
  const { widthPx, heightPx, texels, palette } = texture;
  const sum = [0, 0, 0];
  for (let i = 0; i < uvs.length; i += 6) {
    const u = (uvs[i] + uvs[i + 2] + uvs[i + 4]) / 3;
    const v = (uvs[i + 1] + uvs[i + 3] + uvs[i + 5]) / 3;
    const x = Math.min(widthPx - 1, Math.floor(u * widthPx));
    const entry = texels[Math.min(heightPx - 1, Math.floor(v * heightPx)) * widthPx + x];
    for (let k = 0; k < 3; k++) sum[k] += palette[3 * entry + k];
  }
  const count = Math.max(1, uvs.length / 6);
  return { ...texture, mean: [sum[0] / count, sum[1] / count, sum[2] / count] };
}

function plain(colour: readonly [number, number, number]): Texture {
  const palette = new Uint8Array(768);
  palette.set(colour, 0);
  return {
    name: 'plain',
    widthPx: 1,
    heightPx: 1,
    texels: new Uint8Array(1),
    palette,
    transparency: 'opaque',
    mean: colour,
  };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
