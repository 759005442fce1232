// AlexNet and VGG-16 up to the five places where LPIPS (Zhang et al. 2018) compares pictures, and the comparison.
import {
  Add,
  Cast,
  Conv,
  Div,
  Graph,
  MaxPool,
  Mul,
  ReduceL2,
  ReduceMean,
  Relu,
  type Scope,
  Sub,
  scope,
  Transpose,
  type Value,
} from '../graph/index.js';
import { conv2d } from '../nn/convolution.js';

/** Networks whose comparison weights were published: `alex` for measuring, `vgg` closer to what training optimises. */
export type PerceptualNetwork = 'alex' | 'vgg';

interface Layer {
  /** Number in torchvision's `features`. */
  index: number;
  out: number;
  kernel: number;
  stride?: number;
  padding: number;
  /** Side of the window of the max-pool before it, of stride 2. */
  poolBefore?: number;
  /** Whether pictures are compared behind it. */
  isTap: boolean;
}

const ALEX: readonly Layer[] = [
  { index: 0, out: 64, kernel: 11, stride: 4, padding: 2, isTap: true },
  { index: 3, out: 192, kernel: 5, padding: 2, poolBefore: 3, isTap: true },
  { index: 6, out: 384, kernel: 3, padding: 1, poolBefore: 3, isTap: true },
  { index: 8, out: 256, kernel: 3, padding: 1, isTap: true },
  { index: 10, out: 256, kernel: 3, padding: 1, isTap: true },
];

/** Index of each convolution by stage, whose last one is compared. */
const VGG_STAGES = [
  [0, 2],
  [5, 7],
  [10, 12, 14],
  [17, 19, 21],
  [24, 26, 28],
] as const;
const VGG: readonly Layer[] = VGG_STAGES.flatMap((indices, stage) =>
  indices.map((index, i) => ({
    index,
    out: Math.min(512, 64 * 2 ** stage),
    kernel: 3,
    padding: 1,
    ...(stage > 0 && i === 0 && { poolBefore: 2 }),
    isTap: i === indices.length - 1,
  })),
);

const LAYERS: Readonly<Record<PerceptualNetwork, readonly Layer[]>> = { alex: ALEX, vgg: VGG };

/** LPIPS's own mean and deviation of values in [-1, 1]. */
const SHIFT = [-0.03, -0.088, -0.188];
const SCALE = [0.458, 0.448, 0.45];
/** Added to the length of a feature vector before it is divided by it. */
const EPSILON = 1e-10;

/** Smallest side that the network's poolings leave something of. */
export const MIN_PERCEPTUAL_SIDE_PX: Readonly<Record<PerceptualNetwork, number>> = { alex: 31, vgg: 16 };

/** Activations [N, C, h, w] at the five places, of pixels [N, 3, H, W] that are normalised; names of torchvision. */
function taps(p: Scope, network: PerceptualNetwork, pixels: Value): Value[] {
  const found: Value[] = [];
  let x = pixels;
  for (const { index, poolBefore, isTap, ...shape } of LAYERS[network]) {
    if (poolBefore) x = MaxPool(x, { kernel_shape: [poolBefore, poolBefore], strides: [2, 2] });
    x = Relu(conv2d(p.at('features', index), x, shape));
    if (isTap) found.push(x);
  }
  return found;
}

/**
 * A whole graph: `a` and `b` uint8 [batch, height, width, 3] -> `distance` [batch, 1, 1, 1]. The formula: with f and g the
 * two pictures' activations at place l, each vector divided by its length,
 * `sum_l mean_hw sum_c w_lc (f_lc - g_lc)^2`.
 */
export function perceptualDistanceGraph(
  network: PerceptualNetwork,
  { batch, heightPx, widthPx }: { batch: number; heightPx: number; widthPx: number },
): Graph {
  const graph = new Graph(`lpips_${network}`);
  const p = scope(graph);
  const perChannel = (values: readonly number[]) => graph.constant(values, { shape: [1, 3, 1, 1] });
  const [first, second] = ['a', 'b'].map((name) => {
    const picture = graph.input(name, 'uint8', [batch, heightPx, widthPx, 3]);
    const planes = Transpose(Cast(picture, { to: 'float32' }), [0, 3, 1, 2]); // [N, 3, H, W]
    const signed = Sub(Mul(planes, 2 / 255), 1);
    return taps(p, network, Div(Sub(signed, perChannel(SHIFT)), perChannel(SCALE)));
  });
  const parts = first.map((f, l) => {
    const difference = Sub(direction(f), direction(second[l])); // [N, C, h, w]
    const weight = p.at(`lin${l}`, 'model', 1).parameter('weight', [1, f.shape[1], 1, 1]);
    return ReduceMean(Conv(Mul(difference, difference), weight), { axes: [2, 3] }); // [N, 1, 1, 1]
  });
  graph.output(
    'distance',
    parts.reduce((a, b) => Add(a, b)),
  );
  return graph;
}

function direction(x: Value): Value {
  return Div(x, Add(ReduceL2(x, { axes: [1] }), EPSILON));
}
