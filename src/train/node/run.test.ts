// Runs in Node: the loss falls, an interrupted run goes on as if it had not been, damaged and wrong folders are refused.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Philox } from '../../core/random.js';
import { Cast, Graph, MatMul, Mul, ReduceMean, Sub, type Value } from '../../graph/index.js';
import { openSafetensors } from '../../weights/index.js';
import type { Recipe } from '../training-export.js';
import { trainInNode } from './run.js';

const folder = mkdtempSync(join(tmpdir(), 'node-training-'));
afterAll(() => rmSync(folder, { recursive: true }));
const dataDirectory = join(folder, 'data');
const ROWS = 40;
const TRUE_WEIGHT = [1.5, -2, 0.5];

mkdirSync(dataDirectory);
for (const shard of [0, 1]) {
  const random = new Philox(shard + 1);
  const x = Float32Array.from({ length: (ROWS / 2) * 3 }, () => random.normal());
  const y = Float32Array.from({ length: ROWS / 2 }, (_, i) =>
    TRUE_WEIGHT.reduce((sum, w, k) => sum + w * x[3 * i + k], 0),
  );
  writeFileSync(join(dataDirectory, `shard-${shard}.x.f32`), new Uint8Array(x.buffer));
  writeFileSync(join(dataDirectory, `shard-${shard}.y.f32`), new Uint8Array(y.buffer));
}

/** Linear regression on a derived column: x is doubled first, so that the weight has to be halved. */
function recipe(steps: number): Recipe {
  const error = (graph: Graph, batch: number): Value => {
    const x = graph.input('doubled', 'float32', [batch, 3]);
    const prediction = MatMul(x, graph.parameter('net.weight', [3, 1]));
    const difference = Sub(prediction, graph.input('y', 'float32', [batch, 1]));
    return ReduceMean(Mul(difference, difference), { keepdims: false });
  };
  const loss = new Graph('loss');
  const kept = Cast(loss.input('keep', 'bool', []), { to: 'float32' });
  loss.output('loss', Mul(error(loss, 8), kept));
  const evaluation = new Graph('evaluation');
  evaluation.output('error', error(evaluation, 4));
  const double = new Graph('double');
  double.output('doubled', Mul(double.input('x', 'float32', [16, 3]), 2));
  const y = { kind: 'data', field: 'y' } as const;
  const doubled = { kind: 'data', field: 'doubled' } as const;
  const optimizer = { lr: 0.05, betas: [0.9, 0.99] as const, eps: 1e-8, weightDecay: 0, clip: 10 };
  return {
    plan: {
      name: 'line',
      components: { net: 'net.' },
      fields: { x: { dtype: 'float32', shape: [3] }, y: { dtype: 'float32', shape: [1] } },
      heldOutRows: 8,
      stages: [
        {
          ...{ name: 'only', seconds: null, steps, batch: 8, ema: { decay: 0.9, warmup: true } },
          derive: [
            {
              ...{ field: 'doubled', graph: 'double.onnx', output: 'doubled', batch: 16, dtype: 'float32' },
              inputs: { x: { kind: 'data', field: 'x' } },
            },
          ],
          inputs: { doubled, y, keep: { kind: 'bernoulli', p: 0.9 } },
          objectives: [
            {
              ...{
                name: 'fit',
                graph: 'loss.onnx',
                loss: 'loss',
                metrics: [],
                trainable: ['net.'],
                optimizer,
                from: 0,
              },
              schedule: { kind: 'cosine', warmupSteps: 5, finalRatio: 0 },
            },
          ],
          evaluate: { graph: 'evaluation.onnx', inputs: { doubled, y }, outputs: ['error'], batches: 2 },
        },
      ],
    },
    graphs: { 'loss.onnx': loss, 'evaluation.onnx': evaluation, 'double.onnx': double },
    files: { 'configs/net/config.json': '{}\n' },
  };
}

const weightOf = (directory: string) => {
  const file = openSafetensors(join(directory, 'net.safetensors'));
  const values = [...(file.read('weight').data as Float32Array)];
  file.close();
  return values;
};
const train = (name: string, more: Partial<Parameters<typeof trainInNode>[0]> = {}) =>
  trainInNode({ recipe: recipe(150), dataDirectory, outDirectory: join(folder, name), threads: 1, ...more });

describe('trainInNode', () => {
  it('finds what the data was made with, and measures it on rows it never saw', async () => {
    const { steps, stages } = await train('whole');
    expect(steps).toBe(150);
    expect(stages.only.error).toBeLessThan(1e-2);
    for (const [i, w] of weightOf(join(folder, 'whole')).entries()) expect(w).toBeCloseTo(TRUE_WEIGHT[i] / 2, 1);
    const lines = readFileSync(join(folder, 'whole', 'log.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l));
    expect(lines[0]['fit.loss']).toBeGreaterThan(10 * lines[14]['fit.loss']);
    expect(readFileSync(join(folder, 'whole', 'configs/net/config.json'), 'utf8')).toBe('{}\n');
  });

  it('leaves a whole checkpoint when interrupted, and ends with the same weights after going on', async () => {
    const stop = new AbortController();
    let steps = 0;
    const onProgress: Parameters<typeof trainInNode>[0]['onProgress'] = (event) => {
      if (event.type === 'step' && ++steps === 37) stop.abort();
    };
    const interrupted = train('part', { signal: stop.signal, onProgress });
    await expect(interrupted).rejects.toMatchObject({ code: 'aborted' });
    expect(weightOf(join(folder, 'part'))).toHaveLength(3);
    const rest = await train('rest', { resumeDirectory: join(folder, 'part') });
    expect(rest.steps).toBe(150 - 37);
    expect(weightOf(join(folder, 'rest'))).toEqual(weightOf(join(folder, 'whole')));
  });

  it('depends on the seed', async () => {
    await train('other', { seed: 1, recipe: recipe(5) });
    await train('same', { seed: 1, recipe: recipe(5) });
    await train('third', { seed: 2, recipe: recipe(5) });
    expect(weightOf(join(folder, 'same'))).toEqual(weightOf(join(folder, 'other')));
    expect(weightOf(join(folder, 'third'))).not.toEqual(weightOf(join(folder, 'other')));
  });

  it('refuses what it cannot do, before it begins', async () => {
    const none = join(folder, 'none');
    await expect(train('a', { resumeDirectory: none })).rejects.toMatchObject({ code: 'not-found' });
    await expect(train('b', { dataDirectory: folder })).rejects.toThrow(/expected shard-\*\.y\.f32/);
    const other = { ...recipe(5), plan: { ...recipe(5).plan, name: 'curve' } };
    const wrong = train('c', { recipe: other, resumeDirectory: join(folder, 'whole') });
    await expect(wrong).rejects.toThrow(/a run of curve, got "line"/);
    const large = recipe(5);
    large.graphs['loss.onnx'].output('more', large.graphs['loss.onnx'].parameter('net.more', [2000, 1001]));
    await expect(train('d', { recipe: large })).rejects.toMatchObject({ code: 'limit' });
  });
});
