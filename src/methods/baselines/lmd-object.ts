// LLM-grounded diffusion draws each object alone in the middle of the canvas, and moves what it drew to the object's box.
import { throwIfAborted } from '../../core/errors.js';
import { randomNormal } from '../../core/random.js';
import { float32, floats, type Tensor } from '../../core/tensor.js';
import { CANVAS, type CanvasBox, cellBox } from '../../diffusion/attention-control/index.js';
import type { GenerationSettings } from '../../diffusion/generation-settings.js';
import type { Pipeline } from '../../diffusion/pipeline.js';
import { type Denoiser, guidedDenoiser } from '../../diffusion/sampling.js';
import type { TextCondition } from '../../diffusion/text-condition.js';
import { otsuForeground } from '../../metrics/otsu.js';
import type { GuidedLayer, LayerMaps, LmdGuidance } from './lmd-guidance.js';
import type { LmdSettings } from './lmd-settings.js';
import { atLeastACell, blended, boxMask, type Grid } from './regions.js';

export interface ObjectTask {
  /** Number of the object, which its own noise depends on. */
  number: number;
  /** The object alone. */
  condition: TextCondition;
  negative?: TextCondition;
  /** Positions of the phrase in its own text. */
  tokens: readonly number[];
  box: CanvasBox;
  /** Unit normal noise of the whole picture [1, C, h, w]. */
  noise: Tensor;
  sampling: GenerationSettings;
  settings: LmdSettings;
}

/** An object where it belongs. */
export interface DrawnObject {
  /** 1 where it is [h * w]. */
  mask: Float32Array;
  /** Unit normal noise that it began with [C, h, w]. */
  noise: Float32Array;
  /** Latents before step i, as long as they are put back. */
  latents: Float32Array[];
  /** Attention to it before each guided step. */
  maps: LayerMaps[];
}

/** Streams of the objects' own noise, apart from those of the steps'. */
const OBJECT_STREAM = 3_000_017;

/** Draws an object in the middle until nothing more of it is needed, and moves everything to its box. */
export async function drawObject(pipeline: Pipeline, guidance: LmdGuidance, task: ObjectTask): Promise<DrawnObject> {
  const { noise, sampling, settings, box, condition, tokens } = task;
  const { scheduler, steps, seed, signal } = sampling;
  const [, , height, width] = noise.shape;
  const grid: Grid = { height, width };
  const { centred, shift } = centre(box, grid);
  const mask = boxMask(centred, grid);
  const unit = ownNoise(task, mask);
  const denoise = await openObject(pipeline, task);
  const run = scheduler.begin(steps, {
    noise: (i) => floats(randomNormal(seed, { shape: noise.shape, stream: i + 1 })),
  });
  const count = run.timesteps.length;
  const guided = Math.max(0, ...settings.updates.map(({ before }) => Math.round(before * count)));
  const frozen = Math.round(settings.frozenShare * count);
  let latents = float32(
    unit.map((v) => v * run.initNoiseSigma),
    noise.shape,
  );
  const kept: Float32Array[] = [];
  const maps: LayerMaps[] = [];
  for (let index = 0; index < Math.max(guided, frozen + 1) && index < count; index++) {
    throwIfAborted(signal, 'lmd');
    kept.push(floats(latents));
    const at = { index, timestep: run.timesteps[index], run, steps: count };
    const moved = await guidance.move(latents, { ...at, condition, objects: [{ box: centred, tokens }] });
    if (moved.maps.length > 0) maps.push(moved.maps[0]);
    const seen = float32(run.scaleModelInput(index, floats(moved.latents)), noise.shape);
    latents = float32(run.step(index, await denoise(seen, at), floats(moved.latents)).sample, noise.shape);
  }
  const place = (values: Float32Array) => shifted(values, { grid, ...shift });
  return {
    mask: place(refined(mask, { maps, layers: guidance.layers, grid })),
    noise: place(unit),
    latents: kept.slice(0, frozen + 1).map(place),
    maps: maps.map((each) => shiftedMaps(each, { layers: guidance.layers, grid, shift })),
  };
}

function openObject(pipeline: Pipeline, { condition, negative, noise, sampling }: ObjectTask): Promise<Denoiser> {
  const [, , height, width] = noise.shape;
  const { guidanceScale, signal, ...size } = sampling;
  const branches = negative ? [negative, condition] : [condition];
  const tokens = condition.tokens.shape[1];
  return pipeline.unetSession({ batch: branches.length, height, width, tokens }, { signal }).then((session) =>
    guidedDenoiser({
      session,
      prompt: condition.tokens,
      negativePrompt: negative?.tokens,
      guidanceScale,
      feeds: pipeline.addedConditions(branches, { heightPx: size.height, widthPx: size.width }),
      signal,
    }),
  );
}

/** LMD: the picture's noise with a little of its own in the box. */
function ownNoise({ noise, number, sampling, settings }: ObjectTask, mask: Float32Array): Float32Array {
  const own = floats(randomNormal(sampling.seed, { shape: noise.shape, stream: OBJECT_STREAM + number }));
  const { foregroundNoise: r } = settings;
  const mixed = floats(noise).map((v, i) => Math.sqrt(1 - r) * v + Math.sqrt(r) * own[i]);
  return blended(mixed, floats(noise), mask);
}

export interface Shift {
  /** Latent pixels to the right and down. */
  dx: number;
  dy: number;
}

/** The box in the middle of the canvas, and how far it is from there to where it belongs. */
export function centre(box: CanvasBox, { height, width }: Grid): { centred: CanvasBox; shift: Shift } {
  const [x1, y1, x2, y2] = cellBox(atLeastACell(box, [height, width]), [height, width]);
  const [across, down] = [CANVAS / width, CANVAS / height];
  const [left, top] = [Math.floor((width - (x2 - x1)) / 2), Math.floor((height - (y2 - y1)) / 2)];
  const centred: CanvasBox = [left * across, top * down, (left + x2 - x1) * across, (top + y2 - y1) * down];
  return { centred, shift: { dx: x1 - left, dy: y1 - top } };
}

/** Values [C, h, w] moved; zeros come in. */
export function shifted(values: Float32Array, { grid, dx, dy }: { grid: Grid } & Shift): Float32Array {
  const { height, width } = grid;
  const out = new Float32Array(values.length);
  for (let row = 0; row < values.length / width; row++) {
    const y = row % height;
    if (y - dy < 0 || y - dy >= height) continue;
    for (let x = Math.max(0, dx); x < Math.min(width, width + dx); x++) {
      out[row * width + x] = values[(row - dy) * width + x - dx];
    }
  }
  return out;
}

interface Moved {
  layers: readonly GuidedLayer[];
  grid: Grid;
}

function shiftedMaps(maps: LayerMaps, { layers, grid, shift }: Moved & { shift: Shift }): LayerMaps {
  return new Map(
    layers.map(({ name, resolution: [height, width] }) => {
      const [dx, dy] = [Math.round((shift.dx * width) / grid.width), Math.round((shift.dy * height) / grid.height)];
      return [name, shifted(maps.get(name)!, { grid: { height, width }, dx, dy })];
    }),
  );
}

/** The bright part of the object's attention within its box; the box where that is nothing. */
function refined(mask: Float32Array, { maps, layers, grid }: Moved & { maps: readonly LayerMaps[] }): Float32Array {
  if (maps.length === 0) return mask;
  const [finest] = [...layers].sort((a, b) => b.resolution[0] - a.resolution[0]);
  const [height, width] = finest.resolution;
  const same = layers.filter(({ resolution }) => resolution[0] === height && resolution[1] === width);
  const sum = new Float32Array(height * width);
  for (const each of maps) {
    for (const { name } of same) {
      for (const [i, v] of each.get(name)!.entries()) sum[i] += v;
    }
  }
  const bright = otsuForeground(sum);
  if (!bright) return mask;
  const found = mask.map((inside, i) => {
    const [y, x] = [Math.floor(i / grid.width), i % grid.width];
    const cell = Math.floor((y * height) / grid.height) * width + Math.floor((x * width) / grid.width);
    return inside * bright[cell];
  });
  return found.some((v) => v > 0) ? found : mask;
}
