// Writes checkpoints of the real sizes with random weights, for measuring speed and memory without a download.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { randomNormal } from '../src/core/random.js';
import { float32, type Shape, sizeOf, type Tensor } from '../src/core/tensor.js';
import type { Graph } from '../src/graph/index.js';
import {
  clipTextGraph,
  openAutoencoder,
  parseClipTextConfig,
  parseUNet2DConditionConfig,
  unetGraph,
} from '../src/models/index.js';
import { FAMILIES, type Family } from './checkpoint-families.js';

export type StoredDType = 'float32' | 'float16';

export interface RandomCheckpoint {
  family: Family;
  dtype: StoredDType;
}

const TOKENIZER = resolve(import.meta.dirname, '../models/mini/tokenizer');
/** Values are drawn once and repeated; their statistics are what speed and memory depend on, not their content. */
const BLOCK = 1 << 21;
const SIZE = { batch: 1, height: 16, width: 16 };

/** Writes a folder in diffusers layout; returns the parameters of each network. */
export async function writeRandomCheckpoint(
  folder: string,
  { family, dtype }: RandomCheckpoint,
): Promise<Record<string, number>> {
  const { index, configs } = FAMILIES[family];
  const counts: Record<string, number> = {};
  for (const [name, config] of Object.entries(configs)) {
    const at = join(folder, name);
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, name === 'scheduler' ? 'scheduler_config.json' : 'config.json'), JSON.stringify(config));
    if (name === 'scheduler') continue;
    const shapes = shapesOf(name, config);
    const file = name.startsWith('text_encoder') ? 'model.safetensors' : 'diffusion_pytorch_model.safetensors';
    await writeRandomSafetensors(join(at, file), shapes, dtype);
    counts[name] = [...shapes.values()].reduce((sum, shape) => sum + sizeOf(shape), 0);
    if (name.startsWith('text_encoder')) {
      cpSync(TOKENIZER, join(folder, name.replace('text_encoder', 'tokenizer')), { recursive: true });
    }
  }
  writeFileSync(join(folder, 'model_index.json'), JSON.stringify(index));
  return counts;
}

function shapesOf(name: string, config: object): Map<string, Shape> {
  if (name === 'unet') return parameterShapes([unetGraph(parseUNet2DConditionConfig(config), SIZE)]);
  if (name === 'vae') {
    const vae = openAutoencoder(config);
    return parameterShapes([vae.decodeGraph(SIZE), vae.encodeGraph({ batch: 1, height: 64, width: 64 })]);
  }
  const text = parseClipTextConfig(config);
  const shapes = parameterShapes([clipTextGraph(text, { batch: 1, prefix: 'text_model' })]);
  if (name === 'text_encoder_2') shapes.set('text_projection.weight', [text.projection_dim, text.hidden_size]);
  return shapes;
}

/** Name -> shape of every parameter that the graphs declare. */
export function parameterShapes(graphs: readonly Graph[]): Map<string, Shape> {
  return new Map(graphs.flatMap((graph) => Array.from(graph.parameters.values(), (p) => [p.name, p.shape] as const)));
}

/** Matrices and kernels uniform in about ±1 / sqrt(fan in), norms one, biases zero. */
export async function writeRandomSafetensors(path: string, shapes: ReadonlyMap<string, Shape>, dtype: StoredDType) {
  const bytes = dtype === 'float32' ? 4 : 2;
  const entries: Record<string, object> = {};
  let offset = 0;
  for (const [name, shape] of shapes) {
    const end = offset + sizeOf(shape) * bytes;
    entries[name] = { dtype: dtype === 'float32' ? 'F32' : 'F16', shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(entries));
  const header = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  header.writeBigUInt64LE(BigInt(header.length - 8));
  json.copy(header, 8);
  const file = await open(path, 'w');
  try {
    await file.write(header);
    for (const [name, shape] of shapes) {
      const block = Buffer.from(blockFor(name, { shape, dtype }).buffer);
      for (let left = sizeOf(shape) * bytes; left > 0; left -= block.length) {
        await file.write(block, 0, Math.min(left, block.length));
      }
    }
  } finally {
    await file.close();
  }
}

const blocks = new Map<string, Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>>();

function blockFor(name: string, { shape, dtype }: { shape: Shape; dtype: StoredDType }) {
  const bias = name.endsWith('bias');
  // A power of two: halves are then scaled through their exponent, and floats exactly.
  const exponent = shape.length < 2 ? (bias ? Number.NEGATIVE_INFINITY : 0) : exponentFor(shape);
  const key = `${dtype} ${shape.length < 2} ${exponent}`;
  const known = blocks.get(key);
  if (known) return known;
  const made = makeBlock({ constant: shape.length < 2, exponent, dtype });
  blocks.set(key, made);
  return made;
}

function exponentFor(shape: Shape): number {
  return Math.round(-Math.log2(sizeOf(shape.slice(1))) / 2);
}

function makeBlock({ constant, exponent, dtype }: { constant: boolean; exponent: number; dtype: StoredDType }) {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
  if (dtype === 'float32') {
    const scale = 2 ** exponent;
    return new Float32Array(BLOCK).map(() => (constant ? scale : scale * (random() / 2 ** 31 - 1)));
  }
  if (constant) return new Uint16Array(BLOCK).fill(exponent === 0 ? 0x3c00 : 0);
  // Magnitudes from 1/2 to 1, times the power of two: sign, exponent, ten random bits.
  const power = Math.max(1, 14 + exponent) << 10;
  return new Uint16Array(BLOCK).map(() => {
    const bits = random();
    return ((bits >>> 16) & 0x8000) | power | ((bits >>> 8) & 0x3ff);
  });
}

/** Values for every input of a graph: normal noise, the middle of the schedule as timestep. */
export function randomFeeds(graph: Graph): Record<string, Tensor> {
  return Object.fromEntries(
    Array.from(graph.inputs, ([name, { shape }], i) => [
      name,
      name === 'timestep' ? float32(new Array<number>(sizeOf(shape)).fill(500), shape) : randomNormal(i, { shape }),
    ]),
  );
}
