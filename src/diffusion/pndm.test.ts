// PNDM against a second, literal reading of its algorithm, and against the differential equation that it integrates.
import { describe, expect, it } from 'vitest';
import { randomNormal } from '../core/random.js';
import { floats } from '../core/tensor.js';
import { DDIMScheduler } from './ddim.js';
import { PNDMScheduler } from './pndm.js';
import type { SamplingRun, Scheduler } from './scheduler.js';

const TRAINING = { beta_start: 0.00085, beta_end: 0.012, beta_schedule: 'scaled_linear' };
/** What Stable Diffusion 1.5 and 2.x ship. */
const SHIPPED = { ...TRAINING, skip_prk_steps: true, set_alpha_to_one: false, steps_offset: 1, clip_sample: false };

type Model = (x: number, t: number) => number;

/** Runs a scalar through the network `model`; returns the final sample. */
function integrate(run: SamplingRun, model: Model, x: number): number {
  let sample: Float32Array = Float32Array.of(x);
  run.timesteps.forEach((t, i) => {
    sample = run.step(i, Float32Array.of(model(sample[0], t)), sample).sample;
  });
  return sample[0];
}

/** Adams-Bashforth with a corrected first step, written as a loop over a list that grows and a counter, in scalars. */
function literalPlms(
  config: { alphas: Float64Array; steps: number; kind: string },
  model: Model,
  start: number,
): number {
  const { alphas, steps, kind } = config;
  const stride = Math.floor(alphas.length / steps);
  const grid = Array.from({ length: steps }, (_, i) => (steps - 1 - i) * stride + 1);
  const alpha = (t: number) => (t >= 0 ? alphas[t] : alphas[0]);
  const transfer = (x: number, [t, next]: [number, number], m: number) => {
    const [a, b] = [alpha(t), alpha(next)];
    const e = kind === 'epsilon' ? m : Math.sqrt(a) * m + Math.sqrt(1 - a) * x;
    // DDIM's step: the clean estimate under the next level of the same noise.
    return Math.sqrt(b) * ((x - Math.sqrt(1 - a) * e) / Math.sqrt(a)) + Math.sqrt(1 - b) * e;
  };
  let x = start;
  const past: number[] = [];
  for (const t of grid) {
    const e = model(x, t);
    past.push(e);
    const [e0, e1, e2, e3] = past.toReversed();
    if (past.length === 1 && steps > 1) {
      const guess = transfer(x, [t, t - stride], e);
      x = transfer(x, [t, t - stride], (e + model(guess, t - stride)) / 2);
      continue;
    }
    let mixed = e0;
    if (past.length === 2) mixed = (3 * e0 - e1) / 2;
    if (past.length === 3) mixed = (23 * e0 - 16 * e1 + 5 * e2) / 12;
    if (past.length > 3) mixed = (55 * e0 - 59 * e1 + 37 * e2 - 9 * e3) / 24;
    x = transfer(x, [t, t - stride], mixed);
  }
  return x;
}

describe('PNDMScheduler', () => {
  it('visits the second timestep twice, or begins with three Runge-Kutta steps', () => {
    expect(new PNDMScheduler(SHIPPED).begin(5).timesteps).toEqual([801, 601, 601, 401, 201, 1]);
    expect(new PNDMScheduler(SHIPPED).begin(1).timesteps).toEqual([1]);
    const warm = [801, 701, 701, 601, 601, 501, 501, 401, 401, 301, 301, 201];
    expect(new PNDMScheduler({ ...SHIPPED, skip_prk_steps: false }).begin(5).timesteps).toEqual([...warm, 201, 1]);
    expect(() => new PNDMScheduler(TRAINING).begin(3)).toThrow(/at least 4/);
    expect(new PNDMScheduler(SHIPPED).begin(5, { first: 2 }).timesteps.slice(2)).toEqual([401, 201, 201, 1]);
  });

  it.each(['epsilon', 'v_prediction'])('is DDIM along mixed predictions (%s)', (kind) => {
    const scheduler = new PNDMScheduler({ ...SHIPPED, prediction_type: kind });
    const model: Model = (x, t) => Math.tanh(0.7 * x + 0.001 * t);
    for (const steps of [1, 2, 3, 4, 7, 20]) {
      for (const start of floats(randomNormal(steps, { shape: [4] }))) {
        const expected = literalPlms({ alphas: scheduler.schedule.alphasCumprod, steps, kind }, model, start);
        expect(integrate(scheduler.begin(steps), model, start)).toBeCloseTo(expected, 4);
      }
    }
  });

  it('integrates with second order where DDIM has the first', () => {
    // For data of deviation 0.5 the best prediction is known, and so is the solution: x / spread stays as it was.
    const variance = 0.25;
    const errorAt301 = (scheduler: Scheduler, steps: number) => {
      const { alphasCumprod: a } = scheduler.schedule;
      const spread = (t: number) => Math.sqrt(a[t] * variance + 1 - a[t]);
      const model: Model = (x, t) => (Math.sqrt(1 - a[t]) * x) / spread(t) ** 2;
      const run = scheduler.begin(steps);
      const { timesteps } = run;
      const x = integrate({ ...run, timesteps: timesteps.slice(0, timesteps.lastIndexOf(301)) }, model, 1);
      return Math.abs(x - spread(301) / spread(timesteps[0]));
    };
    const halved = (scheduler: Scheduler) => errorAt301(scheduler, 40) / errorAt301(scheduler, 80);
    const plms = new PNDMScheduler(SHIPPED);
    const rungeKutta = new PNDMScheduler({ ...SHIPPED, skip_prk_steps: false });
    const ddim = new DDIMScheduler(SHIPPED);
    for (const each of [plms, rungeKutta]) expect(halved(each)).toBeGreaterThan(3.5);
    expect(halved(ddim)).toBeLessThan(2.5);
    expect(errorAt301(ddim, 20)).toBeGreaterThan(20 * errorAt301(plms, 20));
  });

  it('refuses predictions of the sample, which the algorithm does not know', () => {
    expect(() => new PNDMScheduler({ prediction_type: 'sample' })).toThrow(/prediction_type/);
  });
});
