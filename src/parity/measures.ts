// Recomputes measures of picture quality and of distributions, and Otsu's threshold.
import { floats, type Tensor } from '../core/tensor.js';
import { featureSums, frechetOfStatistics } from '../metrics/feature-statistics.js';
import { inceptionScore } from '../metrics/inception-score.js';
import { jensenShannonDistance } from '../metrics/jensen-shannon.js';
import { maximumMeanDiscrepancy } from '../metrics/kernel-distance.js';
import { otsuThreshold } from '../metrics/otsu.js';
import { psnrOfPlanes } from '../metrics/peak-signal-noise.js';
import type { Planes } from '../metrics/picture-planes.js';
import { type SsimName, ssimOfPlanes } from '../metrics/structural-similarity.js';
import type { ParityFamily, ParityTools, ReferenceFile } from './family.js';
import { compare, EVALUATION_TOLERANCE, LOOP_TOLERANCE } from './report.js';

interface Measure {
  tensor: string;
  needs: readonly string[];
  tolerance?: number;
  measure(file: ReferenceFile, tools: ParityTools): number[] | Promise<number[]>;
}

const ofPictures = (tensor: string, measure: (a: Planes, b: Planes) => number, average: boolean): Measure => ({
  tensor,
  needs: ['ssim_a', 'ssim_b'],
  measure(file) {
    const [a, b] = ['ssim_a', 'ssim_b'].map((name) => picturesOf(file.read(name)));
    const values = a.map((picture, i) => measure(picture, b[i]));
    return average ? [values.reduce((x, y) => x + y) / values.length] : values;
  },
});

const similarity = (convention: SsimName) => (a: Planes, b: Planes) => ssimOfPlanes(a, b, { convention, range: 1 });

const jensenShannon = (tensor: string, base: number): Measure => ({
  tensor,
  needs: ['js_p', 'js_q'],
  measure: (file) => [jensenShannonDistance(floats(file.read('js_p')), floats(file.read('js_q')), { base })],
});

const MEASURES: readonly Measure[] = [
  ofPictures('ssim_gauss', similarity('torchmetrics'), true),
  ofPictures('ssim_skimage_gauss', similarity('strict'), false),
  ofPictures('ssim_skimage_uniform7', similarity('uniform'), false),
  {
    tensor: 'psnr',
    needs: ['ssim_a', 'ssim_b'],
    // of all pictures together, since its error is averaged before the logarithm
    measure: (file) => [
      psnrOfPlanes(asOnePicture(file.read('ssim_a')), asOnePicture(file.read('ssim_b')), { range: 1 }),
    ],
  },
  {
    tensor: 'fid',
    needs: ['fid_f1', 'fid_f2'],
    tolerance: LOOP_TOLERANCE,
    async measure(file, tools) {
      const [a, b] = await Promise.all(['fid_f1', 'fid_f2'].map((name) => statisticsOf(file.read(name), tools)));
      return [await frechetOfStatistics(a, b, tools)];
    },
  },
  {
    tensor: 'kid_subset100',
    needs: ['fid_f1', 'fid_f2'],
    tolerance: LOOP_TOLERANCE,
    async measure(file, tools) {
      const [a, b] = ['fid_f1', 'fid_f2'].map((name) => rowsOf(file.read(name)).slice(0, 100));
      return [await maximumMeanDiscrepancy(a, b, tools)];
    },
  },
  {
    tensor: 'is',
    needs: ['is_logits'],
    measure: (file) => [inceptionScore(rowsOf(file.read('is_logits')), { splits: 1 }).mean],
  },
  jensenShannon('js_base_e', Math.E),
  jensenShannon('js_base_2', 2),
];

/** `metrics.safetensors`: every measure whose inputs the file holds. */
export const measures: ParityFamily = {
  stem: 'metrics',
  async recompute(file, tools) {
    const known = MEASURES.filter(({ tensor, needs }) => [tensor, ...needs].every((name) => file.names.has(name)));
    const checks = [];
    for (const { tensor, tolerance = EVALUATION_TOLERANCE, measure } of known) {
      const ours = await measure(file, tools);
      checks.push(compare({ file: file.path, tensor, tolerance }, ours, file.read(tensor)));
    }
    return { checks, inputs: known.flatMap(({ needs }) => needs) };
  },
};

/** `otsu.safetensors`: `image` of whole numbers in 0..255 -> `threshold`. */
export const otsu: ParityFamily = {
  stem: 'otsu',
  async recompute(file) {
    const threshold = otsuThreshold(file.read('image').data as Float32Array);
    const where = { file: file.path, tensor: 'threshold', tolerance: 0 };
    const checks = [compare(where, [threshold ?? Number.NaN], file.read('threshold'))];
    return { checks, inputs: ['image'] };
  },
};

/** Pictures of a tensor [N, C, H, W]. */
function picturesOf(tensor: Tensor): Planes[] {
  const [count, channels, heightPx, widthPx] = tensor.shape;
  const size = channels * heightPx * widthPx;
  const data = floats(tensor);
  return Array.from({ length: count }, (_, i) => {
    return { channels, heightPx, widthPx, data: data.subarray(i * size, (i + 1) * size) };
  });
}

function asOnePicture(tensor: Tensor): Planes {
  const [count, channels, heightPx, widthPx] = tensor.shape;
  return { channels: count * channels, heightPx, widthPx, data: floats(tensor) };
}

/** Rows of a tensor [N, D]. */
function rowsOf(tensor: Tensor): Float32Array[] {
  const [count, width] = tensor.shape;
  const data = floats(tensor);
  return Array.from({ length: count }, (_, i) => data.subarray(i * width, (i + 1) * width));
}

async function statisticsOf(tensor: Tensor, { runtime, signal }: ParityTools) {
  const sums = featureSums({ width: tensor.shape[1], runtime, signal });
  await sums.add(rowsOf(tensor));
  return sums.result();
}
