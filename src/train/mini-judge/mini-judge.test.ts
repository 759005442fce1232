// The judge's recipe: points follow their pictures, the loss falls where it should, targets are read from records.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Tensor } from '../../core/tensor.js';
import { Graph, parameterCount } from '../../graph/index.js';
import { judgeGraph, randomWeights } from '../../models/index.js';
import { MIRROR } from '../../pose/formats.js';
import { createRuntime } from '../../runtime/index.js';
import { memorySource } from '../../weights/index.js';
import { augment } from './augment.js';
import { judgeEvaluation, judgeLoss } from './loss-graphs.js';
import { JUDGED_POINTS, judgeConfig, MINI_JUDGE, TOY_JUDGE } from './settings.js';
import { writeJudgeTargets } from './targets.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());
const folder = mkdtempSync(join(tmpdir(), 'judge-'));
afterAll(() => rmSync(folder, { recursive: true }));

const TRIPLETS = [
  { verb: 'ride', object: 'bicycle' },
  { verb: 'wave', object: null },
];
const K = JUDGED_POINTS.length;
const float = (shape: number[], values: ArrayLike<number>): Tensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});
const filled = (shape: number[], value: number) => float(shape, new Array(shape.reduce((a, b) => a * b)).fill(value));

describe('augment', () => {
  const side = 64;
  const graph = new Graph('augment');
  const result = augment(graph, {
    pixels: graph.input('pixels', 'float32', [1, 3, side, side]),
    points: graph.input('points', 'float32', [1, K, 2]),
    visibility: graph.input('visibility', 'float32', [1, K, 1]),
  });
  graph.output('new_pixels', result.pixels);
  graph.output('new_points', result.points);
  graph.output('new_visibility', result.visibility);

  /** A white spot at the point of number `spot`, seen through the change. */
  async function spotAfter(mirror: number, place: number[]) {
    const spot = 9; // left wrist
    const [x, y] = [40.5, 22.5];
    const pixels = new Float32Array(3 * side * side).fill(-1);
    for (let c = 0; c < 3; c++)
      for (let dy = -1; dy <= 1; dy++)
        for (let dx = -1; dx <= 1; dx++) pixels[c * side * side + (22 + dy) * side + 40 + dx] = 1;
    const points = new Float32Array(2 * K);
    points.set([(2 * x) / side - 1, (2 * y) / side - 1], 2 * spot);
    const visibility = new Float32Array(K);
    visibility[spot] = 2;
    const session = await runtime.session(graph, memorySource({}));
    const out = await session.run({
      pixels: float([1, 3, side, side], pixels),
      points: float([1, K, 2], points),
      visibility: float([1, K, 1], visibility),
      mirror: filled([1, 1, 1], mirror),
      place: float([1, 1, 4], place),
      tone: filled([1, 1, 1, 3], 0.5),
      tint: filled([1, 3, 1, 1], 0.5),
      softness: filled([1, 1, 1, 2], 0.5),
      noise: filled([1, 3, side, side], 0),
      noise_level: filled([1, 1, 1, 1], 0),
    });
    let [mass, sx, sy] = [0, 0, 0];
    const picture = out['new_pixels'].data as Float32Array;
    for (let i = 0; i < side * side; i++) {
      const w = picture[i] + 1;
      mass += w;
      sx += w * ((i % side) + 0.5);
      sy += w * (Math.floor(i / side) + 0.5);
    }
    const seen = (out['new_visibility'].data as Float32Array).indexOf(2);
    const at = (out['new_points'].data as Float32Array).subarray(2 * seen, 2 * seen + 2);
    return { seen, centre: [sx / mass, sy / mass], point: [...at].map((v) => ((v + 1) * side) / 2) };
  }

  it.each([
    ['as it is', 1, [0.5, 0.5, 0.5, 0.5]],
    ['cut out, turned and moved', 1, [0.1, 0.9, 0.8, 0.3]],
    ['mirrored and turned', 0, [0.9, 0.1, 0.2, 0.7]],
  ])('moves points as it moves pixels: %s', async (_, mirror, place) => {
    const { seen, centre, point } = await spotAfter(mirror, place);
    expect(point[0]).toBeCloseTo(centre[0], 0);
    expect(point[1]).toBeCloseTo(centre[1], 0);
    expect(JUDGED_POINTS[seen]).toBe(mirror ? 9 : MIRROR[9]);
  });
});

describe('judge loss', () => {
  it('is finite, and the evaluation of a perfect map finds its point', async () => {
    const config = judgeConfig(TOY_JUDGE, TRIPLETS);
    const graph = judgeLoss({ config, batch: 2 });
    const feeds: Record<string, Tensor> = {};
    for (const [name, { dtype, shape }] of graph.inputs) {
      if (dtype === 'float32') feeds[name] = filled([...shape], 0.5);
    }
    feeds['image'] = { dtype: 'uint8', shape: [2, 64, 64, 3], data: new Uint8Array(2 * 64 * 64 * 3).fill(100) };
    feeds['judge_class'] = { dtype: 'int32', shape: [2, 1], data: Int32Array.of(0, 1) };
    feeds['judge_keypoints'] = float([2, K, 3], Array.from({ length: 2 * K }, (_, i) => [i % 64, 30, i % 3]).flat());
    const session = await runtime.session(graph, randomWeights(graph, 1));
    const { loss, triplet_loss: triplet } = await session.run(feeds);
    expect(Number.isFinite(loss.data[0])).toBe(true);
    expect(triplet.data[0]).toBeGreaterThan(0.3);
    const evaluation = judgeEvaluation({ config, batch: 2 });
    const measured = await (await runtime.session(evaluation, randomWeights(evaluation, 1))).run({
      image: feeds['image'],
      judge_class: feeds['judge_class'],
      judge_keypoints: feeds['judge_keypoints'],
    });
    expect(measured['top3'].data[0]).toBe(1); // there are two classes
    expect(measured['top1'].data[0]).toBeCloseTo(0.5); // the same picture twice, once of each class
    expect(measured['body_error_px'].data[0]).toBeGreaterThan(0);
  });

  it('has less than four million parameters in its full size', () => {
    const graph = judgeGraph(judgeConfig(MINI_JUDGE, TRIPLETS), { batch: 1 });
    expect(parameterCount(graph)).toBeLessThan(4e6);
    expect(parameterCount(graph)).toBeGreaterThan(3e6);
  });
});

describe('writeJudgeTargets', () => {
  const keypoints = Array.from({ length: 3 * 133 }, (_, i) => i);
  const record = (verb: string, object: string | null, width = 64) =>
    JSON.stringify({ width, height: 64, triplet: { subject: 'man', verb, object }, keypoints });

  it('numbers the sorted triplets of all shards and keeps the judged points', async () => {
    writeFileSync(join(folder, 'shard-0.jsonl'), `${record('wave', null)}\n${record('ride', 'bicycle')}\n`);
    writeFileSync(join(folder, 'shard-2.jsonl'), `${record('hold', 'cup')}\n`);
    const { triplets, rows } = await writeJudgeTargets(folder, { pictureSize: 64 });
    expect(rows).toBe(3);
    expect(triplets.map((t) => t.verb)).toEqual(['hold', 'ride', 'wave']);
    const classes = readFileSync(join(folder, 'shard-0.judge_class.i32'));
    expect([classes.readInt32LE(0), classes.readInt32LE(4)]).toEqual([2, 1]);
    const points = readFileSync(join(folder, 'shard-2.judge_keypoints.f32'));
    expect(points.length).toBe(4 * 3 * K);
    expect(points.readFloatLE(4 * 3 * 23)).toBe(3 * 91); // after body and feet comes the left wrist
  });

  it('takes each gesture for a class of its own', async () => {
    const at = mkdtempSync(join(folder, 'gestures-'));
    const show = (left: string | null, right: string | null) =>
      JSON.stringify({ ...JSON.parse(record('gesture', null)), gestures: { left, right } });
    writeFileSync(
      join(at, 'shard-0.jsonl'),
      `${show('peace', null)}\n${show(null, 'free')}\n${show('peace', 'peace')}\n`,
    );
    const { triplets } = await writeJudgeTargets(at, { pictureSize: 64 });
    expect(triplets.map((t) => t.object)).toEqual(['free', 'peace']);
  });

  it('refuses pictures of another size', async () => {
    writeFileSync(join(folder, 'shard-3.jsonl'), `${record('wave', null, 48)}\n`);
    await expect(writeJudgeTargets(folder, { pictureSize: 64 })).rejects.toMatchObject({ code: 'invalid-input' });
  });
});
