// Recomputes scheduler runs on the toy model that the file describes, noising and velocity.
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';
import { float32, floats, sizeOf, type Tensor } from '../core/tensor.js';
import type { Scheduler } from '../diffusion/scheduler.js';
import { SCHEDULERS } from '../diffusion/schedulers.js';
import { metadata, type ParityFamily, type ReferenceFile } from './family.js';
import { type Check, compare, EVALUATION_TOLERANCE, LOOP_TOLERANCE } from './report.js';

/** `ddim_v.20.final`: config, number of steps, and what of the run. */
const RUN_TENSOR = /^([^.]+)\.(\d+)\.([^.]+)$/;

const configs = z.record(z.string(), z.looseObject({ class: z.string() }));

/** `schedulers.safetensors`. */
export const schedulers: ParityFamily = {
  stem: 'schedulers',
  async recompute(file) {
    const made = schedulersOf(file);
    const checks = runNames(file)
      .filter(({ config }) => made.has(config))
      .flatMap((run) => checkRun(file, run, made.get(run.config)!));
    const [first] = made.values();
    if (first) checks.push(...checkNoising(file, first));
    const noises = [...file.names].filter((name) => RUN_TENSOR.exec(name)?.[3] === 'noises');
    return { checks, inputs: ['x_T_unit', 'A', 'add_noise.x0', 'add_noise.eps', 'add_noise.t', ...noises] };
  },
};

/** The schedulers of the file's configs that this program has. */
function schedulersOf(file: ReferenceFile): Map<string, Scheduler> {
  const made = new Map<string, Scheduler>();
  for (const [name, config] of Object.entries(configs.parse(metadata(file, 'configs')))) {
    const make = Object.hasOwn(SCHEDULERS, config.class) ? SCHEDULERS[config.class] : undefined;
    try {
      if (make) made.set(name, make(config));
    } catch (error) {
      // A setting that is not implemented leaves its runs unchecked; the report lists them.
      if (!(error instanceof ContrappostoError) || error.code !== 'unsupported') throw error;
    }
  }
  return made;
}

interface Run {
  config: string;
  steps: number;
}

function runNames(file: ReferenceFile): Run[] {
  const found = new Map<string, Run>();
  for (const name of file.names) {
    const [, config, steps] = RUN_TENSOR.exec(name) ?? [];
    if (config) found.set(`${config}.${steps}`, { config, steps: Number(steps) });
  }
  return [...found.values()];
}

function checkRun(file: ReferenceFile, { config, steps }: Run, scheduler: Scheduler): Check[] {
  const model = toyModel(file);
  const unit = floats(file.read('x_T_unit'));
  const recorded = `${config}.${steps}.noises`;
  const noises = file.names.has(recorded) ? floats(file.read(recorded)) : undefined;
  const noise = (i: number) => noises?.subarray(i * unit.length, (i + 1) * unit.length) ?? new Float32Array();
  const run = scheduler.begin(steps, { noise });
  let x: Float32Array = unit.map((v) => v * run.initNoiseSigma);
  const results = new Map<string, ArrayLike<number>>([['timesteps', run.timesteps]]);
  run.timesteps.forEach((t, i) => {
    x = run.step(i, model(run.scaleModelInput(i, x), t), x).sample;
    results.set(`x${i}`, x);
  });
  results.set('final', x);
  return [...results].flatMap(([part, ours]) => {
    const tensor = `${config}.${steps}.${part}`;
    if (!file.names.has(tensor)) return [];
    const tolerance = part === 'final' ? LOOP_TOLERANCE : EVALUATION_TOLERANCE;
    return [compare({ file: file.path, tensor, tolerance }, ours, file.read(tensor))];
  });
}

/** `tanh(A x + c t)` with A mixing the channels; c stands in the description. */
function toyModel(file: ReferenceFile): (x: Float32Array, t: number) => Float32Array {
  const description = String(metadata(file, 'model'));
  const match = /^tanh\(A x \+ ([\d.e-]+) t\)/.exec(description);
  if (!match) {
    throw new ContrappostoError('unsupported', {
      operation: `model of ${file.path}`,
      expected: 'tanh(A x + NUMBER t)',
      got: description,
    });
  }
  const slope = Number(match[1]);
  const mix = floats(file.read('A'));
  const [, channels, ...space] = file.read('x_T_unit').shape;
  const plane = sizeOf(space);
  return (x, t) =>
    x.map((_, i) => {
      const out = Math.floor(i / plane) % channels;
      const first = i - out * plane; // this position in channel 0 of the same picture
      let sum = slope * t;
      for (let c = 0; c < channels; c++) sum += mix[out * channels + c] * x[first + c * plane];
      return Math.tanh(sum);
    });
}

function checkNoising(file: ReferenceFile, { schedule }: Scheduler): Check[] {
  const parts: [string, 'addNoise' | 'velocity'][] = [
    ['add_noise.out', 'addNoise'],
    ['velocity.out', 'velocity'],
  ];
  return parts.flatMap(([tensor, method]) => {
    if (!file.names.has(tensor)) return [];
    const sample = asFloat32(file.read('add_noise.x0'));
    const noise = asFloat32(file.read('add_noise.eps'));
    const timesteps = Array.from(file.read('add_noise.t').data, Number);
    const ours = floats(schedule[method](sample, noise, timesteps));
    return [compare({ file: file.path, tensor, tolerance: EVALUATION_TOLERANCE }, ours, file.read(tensor))];
  });
}

function asFloat32(tensor: Tensor): Tensor {
  return float32(floats(tensor), tensor.shape);
}
