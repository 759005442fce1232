// How long the measures take: pictures a second, and the distances of 10,000 features of 2,048. `npx tsx bench/measures.ts [pictures|networks|features]`
import { availableParallelism } from 'node:os';
import { featureSums, frechetOfStatistics } from '../src/metrics/feature-statistics.js';
import { inceptionScoreSums } from '../src/metrics/inception-score.js';
import { kernelDistance } from '../src/metrics/kernel-distance.js';
import { keypointSimilarity } from '../src/metrics/keypoint-similarity.js';
import { otsuForeground } from '../src/metrics/otsu.js';
import { psnr } from '../src/metrics/peak-signal-noise.js';
import { poseMask } from '../src/metrics/pose-mask.js';
import { ssim } from '../src/metrics/structural-similarity.js';
import { noisePicture, normalRows } from '../src/metrics/test-pictures.js';
import { randomPose } from '../src/metrics/test-poses.js';
import { inceptionV3Graph, perceptualDistanceGraph, randomWeights } from '../src/models/index.js';
import { createRuntime, type Runtime } from '../src/runtime/index.js';

const ROWS = 10_000;
const FEATURES = 2048;
const KERNEL_SUBSETS = 10;
const SIZE = { widthPx: 256, heightPx: 256 };

interface Cost {
  measure: string;
  wallS: number;
  /** Of all threads, ONNX Runtime's included: what it takes where nothing else runs, over the number of cores. */
  cpuS: number;
  perSecond?: number;
}

async function cost(measure: string, work: () => unknown, { times }: { times?: number } = {}): Promise<Cost> {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  for (let i = 0; i < (times ?? 1); i++) await work();
  const used = process.cpuUsage(cpu);
  const wallS = (performance.now() - start) / 1000;
  const cpuS = (used.user + used.system) / 1e6;
  return { measure, wallS, cpuS, ...(times && { perSecond: times / cpuS }) };
}

async function ofPictures(): Promise<Cost[]> {
  const [a, b] = [noisePicture(1, SIZE), noisePicture(2, SIZE)];
  const [pose, body] = [randomPose(3, { count: 133 }), randomPose(4, { count: 18 })];
  const map = normalRows(5, { rows: 1, columns: 64 * 64 })[0];
  const [logits] = normalRows(6, { rows: 1, columns: 1008 });
  const scores = inceptionScoreSums({ total: 2001, classes: 1008 });
  return [
    await cost('SSIM, 256 x 256', () => ssim(a, b), { times: 40 }),
    await cost('PSNR, 256 x 256', () => psnr(a, b), { times: 40 }),
    await cost('mask of a pose, 256 x 256', () => poseMask(body, SIZE), { times: 20 }),
    await cost('OKS of 133 points', () => keypointSimilarity(pose, pose, { areaPx: 9e4 }), { times: 20_000 }),
    await cost('Otsu, 64 x 64', () => otsuForeground(map), { times: 500 }),
    await cost('Inception Score, 1,008 classes', () => scores.add(logits), { times: 2000 }),
  ];
}

/** Networks of the user, with random weights: they take as long. */
async function ofNetworks(runtime: Runtime): Promise<Cost[]> {
  const [a, b] = [1, 2].map((seed) => {
    const { data } = noisePicture(seed, SIZE);
    return { dtype: 'uint8' as const, shape: [1, SIZE.heightPx, SIZE.widthPx, 3], data };
  });
  const inception = inceptionV3Graph({ batch: 1, ...SIZE, widths: [2048] });
  const costs: Cost[] = [];
  for (const [name, graph, feeds] of [
    ['InceptionV3, 2,048 features', inception, { pictures: a }],
    ['LPIPS by AlexNet, 256 x 256', perceptualDistanceGraph('alex', { batch: 1, ...SIZE }), { a, b }],
    ['LPIPS by VGG-16, 256 x 256', perceptualDistanceGraph('vgg', { batch: 1, ...SIZE }), { a, b }],
  ] as const) {
    const session = await runtime.session(graph, randomWeights(graph, 1));
    await session.run(feeds);
    costs.push(await cost(name, () => session.run(feeds), { times: 10 }));
    await session.release();
  }
  return costs;
}

async function ofFeatures(runtime: Runtime): Promise<Cost[]> {
  const sets = [1, 2].map((seed) => normalRows(seed, { rows: ROWS, columns: FEATURES, shift: seed / 10 }));
  const shape = `${ROWS} x ${FEATURES}`;
  const frechet = await cost(`Fréchet distance, two sets of ${shape}`, async () => {
    const statistics = [];
    for (const rows of sets) {
      const sums = featureSums({ width: FEATURES, runtime });
      for (let i = 0; i < rows.length; i += 1000) await sums.add(rows.slice(i, i + 1000));
      statistics.push(await sums.result());
    }
    await frechetOfStatistics(statistics[0], statistics[1], { runtime });
  });
  const kernel = await cost(`kernel distance, ${KERNEL_SUBSETS} subsets of 1000 x ${FEATURES}`, () =>
    kernelDistance(sets[0], sets[1], { subsets: KERNEL_SUBSETS, subsetSize: 1000, runtime }),
  );
  return [frechet, kernel];
}

const runtime = createRuntime();
const wanted = process.argv[2];
const parts = { pictures: ofPictures, networks: () => ofNetworks(runtime), features: () => ofFeatures(runtime) };
const costs: Cost[] = [];
for (const [name, measure] of Object.entries(parts)) if (!wanted || wanted === name) costs.push(...(await measure()));
await runtime.close();
console.error(`${availableParallelism()} cores, ${(process.memoryUsage().rss / 1e9).toFixed(2)} GB resident`);
for (const { measure, wallS, cpuS, perSecond } of costs) {
  const rate = perSecond ? `  ${perSecond.toPrecision(2)} a second and core` : '';
  console.log(`${measure}: ${wallS.toFixed(2)} s, ${cpuS.toFixed(2)} s of CPU${rate}`);
}
