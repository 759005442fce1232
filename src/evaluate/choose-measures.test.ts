import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encodePng, type Image } from '../core/image.js';
import { randomNormal } from '../core/random.js';
import { perceptualDistanceGraph } from '../models/index.js';
import { createRuntime } from '../runtime/index.js';
import { writeSafetensors } from '../weights/index.js';
import type { Benchmark, BenchmarkCase } from './benchmark.js';
import { chooseMeasures } from './choose-measures.js';
import { examine } from './examine.js';
import { Ledger } from './ledger.js';
import type { ProbeWeights } from './probe.js';

const folder = mkdtempSync(join(tmpdir(), 'measures-'));
const runtime = createRuntime();
afterAll(async () => {
  await runtime.close();
  rmSync(folder, { recursive: true, force: true });
});

const benchmarkOf = (...cases: BenchmarkCase[]): Benchmark => ({ name: '', about: '', cases, references: 'paired' });
const plain = benchmarkOf({ id: 'a', prompt: 'b' });

async function namesFor(benchmark: Benchmark, options: { names?: string[]; weights?: ProbeWeights } = {}) {
  const { names, weights = {} } = options;
  const context = { runtime, weights, referenceOf: ({ reference }: BenchmarkCase) => reference };
  const chosen = await chooseMeasures(names, { benchmark, context });
  await chosen.close();
  return chosen.all.map(({ name }) => name);
}

describe('measures', () => {
  it('are those that the cases carry the truth for and whose weights are given', async () => {
    expect(await namesFor(plain)).toEqual([
      ...['person', 'detection-score', 'clip-score', 'inception-judge', 'seconds', 'memory'],
    ]);
    const keypoints = Array.from({ length: 17 }, () => ({ x: 1, y: 2, score: 1 }));
    const posed = await namesFor(benchmarkOf({ id: 'a', prompt: 'b', keypoints, reference: 'a.png' }));
    expect(posed).toEqual(expect.arrayContaining(['oks', 'pck', 'mpjpe', 'ssim', 'psnr', 'frechet-mobilenet']));
    expect(posed).not.toContain('dap');
    expect(posed).not.toContain('lpips');
  });

  it.each([
    ['an unknown name', ['no'], 'usage'],
    ['none', [], 'usage'],
    ['what no case carries', ['oks'], 'invalid-input'],
    ['references that are not there', ['frechet-mobilenet'], 'invalid-input'],
    ['weights that were not given', ['pickscore'], 'usage'],
  ])('are refused for %s', async (_, names, code) => {
    await expect(namesFor(plain, { names })).rejects.toMatchObject({ code });
  });

  it('are refused for weights that are not there', async () => {
    const weights = { judge: join(folder, 'gone') };
    await expect(namesFor(plain, { weights })).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('likeness', () => {
  it('compares with the reference in its size, and is looked at once', async () => {
    const reference: Image = { widthPx: 64, heightPx: 48, data: Uint8Array.from({ length: 9216 }, (_, i) => i % 256) };
    const path = join(folder, 'r.png');
    writeFileSync(path, await encodePng(reference));
    const { parameters } = perceptualDistanceGraph('alex', { batch: 1, heightPx: 64, widthPx: 64 });
    const tensors = [...parameters].map(([name, { shape }], i) => {
      const { data } = randomNormal(i, { shape });
      // Linear layers of LPIPS have no negative weights.
      return [name, { dtype: 'float32', shape, data: (data as Float32Array).map((v) => Math.abs(v) / 50) }] as const;
    });
    const file = join(folder, 'lpips.safetensors');
    await writeSafetensors(file, Object.fromEntries(tensors));

    const one = { id: 'a', prompt: 'b', reference: path };
    const context = {
      runtime,
      weights: { lpips: { network: 'alex', weights: [file] } as const },
      referenceOf: () => path,
    };
    const names = ['ssim', 'psnr', 'lpips'];
    const { probes, close } = await chooseMeasures(names, { benchmark: benchmarkOf(one), context });
    const dark = { ...reference, data: reference.data.map((v) => v >> 1) };
    const subjects = [reference, dark].map((source, i) => ({ case: one, source, digest: `${i}`, name: `${i}` }));
    const ledger = await Ledger.open(join(folder, 'measures.jsonl'));
    const [same, other] = await examine(subjects, { probes, ledger, stage: 'measure' });
    expect(same).toEqual({ likeness: { ssim: 1, psnr: 100 }, lpips: 0 });
    expect(other.likeness!.ssim).toBeLessThan(0.9);
    expect(other.lpips).toBeGreaterThan(0);

    const steps: string[] = [];
    const onProgress = ({ type }: { type: string }) => steps.push(type);
    const again = await Ledger.open(join(folder, 'measures.jsonl'));
    expect(await examine(subjects, { probes, ledger: again, stage: 'measure', onProgress })).toEqual([same, other]);
    expect(steps).toEqual([]);
    const stopped = { probes, ledger: await Ledger.open(join(folder, 'other.jsonl')), stage: 'measure' };
    await expect(examine(subjects, { ...stopped, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
    await close();
  });
});
