// Bakes an asset folder into a pack: morph targets, pieces, textures, faces and the recipes of its people.
import { throwIfAborted } from '../../../core/errors.js';
import type { OnProgress } from '../../../core/progress.js';
import type { PartKind } from '../types.js';
import { drawRecipe, type Recipe } from './cast.js';
import { bakeExpressions } from './expressions.js';
import { findLandmarks, type PackedLandmarks } from './landmarks.js';
import { AssetFolder } from './manifest.js';
import { parseObj } from './obj.js';
import { PackWriter } from './pack.js';
import { basePiece, garmentPieces, type Piece, wearablePiece } from './pieces.js';
import { POSE_BONES, type Rig, readRig } from './rig.js';
import { type PackHeader, STEPS } from './schema.js';
import { cutoutTexture, paletteTexture, strandTexture, type TextureData } from './textures.js';
import { GARMENTS, HAIR_WORDS, isClearOfEyes } from './wardrobe.js';
import { withoutPrints } from './without-prints.js';

export interface BakeOptions {
  /** How many people, at least 1. */
  count: number;
  seed: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

const SKIN_PX = 512;
const CLOTHES_PX = 512;
const SHOES_PX = 256;
const HAIR_PX = 512;
const EYE_PX = 128;
const BROW_PX = 128;

/** Holds what one run of `bakeCharacters` gathers. */
interface Bake {
  assets: AssetFolder;
  rig: Rig;
  base: Float32Array;
  writer: PackWriter;
  pieces: PackHeader['pieces'];
  textures: PackHeader['textures'];
}

/**
 * Reads an asset folder laid out as the MakeHuman one and returns the compressed pack for `openPack`. The same folder,
 * count and seed give the same people.
 * @throws `not-found` or `corrupt-file` for a folder with missing or unreadable parts; `aborted`.
 */
export async function bakeCharacters(assetsDir: string, options: BakeOptions): Promise<Uint8Array> {
  const { count, seed, signal, onProgress } = options;
  const assets = await AssetFolder.open(assetsDir);
  const enter = (step: number, stage: string) => {
    throwIfAborted(signal, 'bake characters');
    onProgress?.({ type: 'step', stage: `bake ${stage}`, step, steps: 5 });
  };
  enter(1, 'body');
  const mesh = parseObj(await assets.text(assets.manifest.body.mesh), assets.manifest.body.mesh);
  const base = mesh.positions;
  const rig = await readRig(assets, base.length / 3);
  const bake: Bake = { assets, rig, base, writer: new PackWriter(), pieces: [], textures: [] };
  const recipes = Array.from({ length: count }, (_, index) => drawRecipe(assets.manifest, { seed, index }));
  const body = basePiece(mesh, /^body$/, { kind: 'body', rig });
  const landmarks = findLandmarks(
    base,
    Array.from({ length: body.vertexCount }, (_, v) => body.references[3 * v]),
  );
  addPiece(bake, body, '');
  // Molars would come through the cheeks of thin faces.
  const isFrontTooth = (v: number) => Math.abs(base[3 * v]) < 0.2 && base[3 * v + 2] > 1.34;
  addPiece(bake, basePiece(mesh, /^helper-upper-teeth$/, { kind: 'teeth', rig, keep: isFrontTooth }), '');
  enter(2, 'clothes');
  await addGarments(bake, recipes);
  enter(3, 'hair, shoes and eyes');
  await addSmallParts(bake, recipes);
  enter(4, 'skins');
  for (const skin of assets.manifest.skins) {
    if (recipes.some((recipe) => recipe.skin === skin.name)) {
      addTexture(bake, skin.name, await paletteTexture(await assets.bytes(skin.texture), SKIN_PX));
    }
  }
  enter(5, 'shapes');
  const expressions = await bakeExpressions(assets, rig, averageFace(base, await readTargets(assets, AVERAGE)));
  const targets = await readTargets(
    assets,
    [...new Set(recipes.flatMap((recipe) => Object.keys(recipe.morphs)))].sort(),
  );
  throwIfAborted(signal, 'bake characters');
  return bake.writer.finish(header(bake, { recipes, landmarks, expressions, targets }));
}

/** The face on which expressions are worked out. */
const AVERAGE = ['asian-female-young', 'african-male-young', 'caucasian-female-young', 'caucasian-male-young'];

type Targets = Map<string, number[][]>;

async function readTargets(assets: AssetFolder, names: readonly string[]): Promise<Targets> {
  const targets: Targets = new Map();
  for (const name of names) targets.set(name, await assets.target(name));
  return targets;
}

function averageFace(base: Float32Array, targets: Targets): Float32Array {
  const positions = Float32Array.from(base);
  for (const rows of targets.values()) {
    for (const [vertex, ...offset] of rows) {
      for (let axis = 0; axis < 3; axis++) positions[3 * vertex + axis] += offset[axis] / targets.size;
    }
  }
  return positions;
}

async function addGarments(bake: Bake, recipes: readonly Recipe[]): Promise<void> {
  const { assets, rig, base } = bake;
  const worn = new Set(recipes.flatMap((recipe) => recipe.outfit));
  for (const garment of assets.manifest.clothes) {
    const split = GARMENTS[garment.name];
    if (!split || !worn.has(garment.name) || garment.texture === null) continue;
    const file = await withoutPrints(await assets.bytes(garment.texture), split.prints);
    const texture = addTexture(bake, garment.name, await paletteTexture(file, CLOTHES_PX));
    for (const piece of await garmentPieces(assets, garment, { split, rig, base })) {
      addPiece(bake, piece, split[piece.kind as 'top' | 'bottom'] ?? '', texture);
    }
  }
}

async function addSmallParts(bake: Bake, recipes: readonly Recipe[]): Promise<void> {
  const { assets, rig, base } = bake;
  const { manifest } = assets;
  const kinds: [PartKind, typeof manifest.hair, (r: Recipe) => string | null, number][] = [
    ['shoes', manifest.shoes, (r) => r.shoes, SHOES_PX],
    ['hair', manifest.hair, (r) => r.hair, HAIR_PX],
    ['brows', manifest.eyebrows, (r) => r.brows, BROW_PX],
    ['hat', manifest.hats, (r) => r.hat, 1],
  ];
  for (const [kind, wearables, wornBy, sizePx] of kinds) {
    for (const wearable of wearables) {
      if (!recipes.some((recipe) => wornBy(recipe) === wearable.name)) continue;
      const file = wearable.texture === null ? null : await assets.bytes(wearable.texture);
      const make = kind === 'hair' || kind === 'brows' ? strandTexture : paletteTexture;
      const texture = file === null ? PLAIN : addTexture(bake, wearable.name, await make(file, sizePx));
      const word = kind === 'hair' ? (HAIR_WORDS[wearable.name] ?? 'hair') : kind;
      const keep = kind === 'hair' ? isClearOfEyes : undefined;
      addPiece(bake, await wearablePiece(assets, wearable, { kind, rig, base, keep }), word, texture);
    }
  }
  const eyes = { name: 'eyes', clo: manifest.eyes.clo, mesh: manifest.eyes.mesh, texture: null };
  addPiece(bake, await wearablePiece(assets, eyes, { kind: 'eyes', rig, base }), '');
  for (const name of manifest.eyes.textures) {
    if (!recipes.some((recipe) => recipe.eyes === name)) continue;
    addTexture(bake, name, await cutoutTexture(await assets.bytes(name), EYE_PX));
  }
}

/** Texture index of pieces in one plain colour, or whose texture each person brings. */
const PLAIN = -1;

function addTexture({ writer, textures }: Bake, name: string, data: TextureData): number {
  const { widthPx, heightPx, transparency } = data;
  const palette = writer.put('u8', data.palette);
  textures.push({ name, widthPx, heightPx, transparency, palette, texels: writer.put('u8', data.texels) });
  return textures.length - 1;
}

function addPiece({ writer, pieces }: Bake, piece: Piece, word: string, texture = PLAIN): void {
  const quantised = (values: Float32Array, step: number) =>
    writer.put(
      'i16',
      values.map((x) => Math.round(x / step)),
    );
  pieces.push({
    name: piece.name,
    kind: piece.kind,
    word,
    texture,
    vertexCount: piece.vertexCount,
    scales: [...piece.scales],
    references: writer.put('u16', piece.references),
    weights: writer.put('f32', piece.weights),
    offsets: quantised(piece.offsets, STEPS.offset),
    triangles: writer.put('u16', piece.triangles),
    textureTriangles: writer.put('u16', piece.textureTriangles),
    uvs: writer.put(
      'u16',
      piece.uvs.map((x) => Math.round(x / STEPS.uv)),
    ),
    boneIds: writer.put('u8', piece.boneIds),
    boneWeights: writer.put('u8', piece.boneWeights),
    hidden: writer.put('u16', piece.hidden),
  });
}

function header(
  { writer, rig, base, pieces, textures }: Bake,
  {
    recipes,
    landmarks,
    expressions,
    targets,
  }: {
    recipes: Recipe[];
    landmarks: PackedLandmarks;
    expressions: Awaited<ReturnType<typeof bakeExpressions>>;
    targets: Targets;
  },
): PackHeader {
  const shifts = (rows: readonly number[][]) =>
    // One axis after the other compresses better than interleaved.
    writer.put(
      'i16',
      [1, 2, 3].flatMap((axis) => rows.map((row) => Math.round(row[axis] / STEPS.shift))),
    );
  return {
    bones: [...POSE_BONES],
    parents: rig.parents,
    heads: rig.heads,
    tails: rig.tails,
    base: writer.put('f32', base),
    landmarks,
    targets: [...targets].map(([name, all]) => {
      const rows = all.filter((row) => Math.max(...row.slice(1, 4).map(Math.abs)) >= STEPS.shift);
      return {
        name,
        vertices: writer.put(
          'u16',
          rows.map((row) => row[0]),
        ),
        shifts: shifts(rows),
      };
    }),
    expressions: expressions.map(({ name, vertices, offsets }) => ({
      name,
      vertices: writer.put('u16', vertices),
      shifts: shifts(vertices.map((vertex, i) => [vertex, offsets[3 * i], offsets[3 * i + 1], offsets[3 * i + 2]])),
    })),
    pieces,
    textures,
    people: recipes,
  };
}
