// InceptionV3 (Szegedy et al. 2016) as the Fréchet inception distance uses it: its own poolings, four places to look at.
import {
  AveragePool,
  Cast,
  Concat,
  Conv,
  GlobalAveragePool,
  Graph,
  MatMul,
  MaxPool,
  Mul,
  Relu,
  Reshape,
  Resize,
  type Scope,
  Sub,
  scope,
  Transpose,
  type Value,
} from '../graph/index.js';
import { batchNorm } from '../nn/normalization.js';

/** Widths of the features: after the first and second max-pool, before the auxiliary classifier, after the last mean. */
export const INCEPTION_WIDTHS = [64, 192, 768, 2048] as const;
export type InceptionWidth = (typeof INCEPTION_WIDTHS)[number];

/**
 * How a picture comes to 299 x 299: `tensorflow` as the first implementation and torch-fidelity do (corners aligned to
 * corners of pixels, no filter), `torch` as pytorch-fid does (centres of pixels, no filter), `antialias` as today's
 * Torchmetrics does. Distances of two rules do not compare.
 */
export type InceptionResize = 'tensorflow' | 'torch' | 'antialias';

const SIDE = 299;
const EPSILON = 1e-3;
/** Classes of the 2015 graph, of which eight are unused. */
const CLASSES = 1008;

interface ConvShape {
  out: number;
  /** Height and width; one number for a square. */
  kernel?: number | readonly [number, number];
  stride?: number;
  /** Of height and width. */
  padding?: readonly [number, number];
}

/** Convolution without bias, normalisation by running statistics, ReLU. */
function basic(p: Scope, x: Value, shape: ConvShape): Value {
  const { out, kernel = 1, stride = 1, padding = [0, 0] } = shape;
  const [height, width] = typeof kernel === 'number' ? [kernel, kernel] : kernel;
  const weight = p.at('conv').parameter('weight', [out, x.shape[1], height, width]);
  const pads = [...padding, ...padding];
  const y = Conv(x, weight, undefined, { strides: [stride, stride], pads });
  return Relu(batchNorm(p.at('bn'), y, { epsilon: EPSILON }));
}

/** A row of convolutions, each named after the branch: `branch5x5_1`, `branch5x5_2`. */
function chain(p: Scope, x: Value, steps: readonly (readonly [name: string, shape: ConvShape])[]): Value {
  return steps.reduce((y, [name, shape]) => basic(p.at(name), y, shape), x);
}

const join = (...parts: Value[]): Value => Concat(parts, { axis: 1 });
const halve = (x: Value): Value => MaxPool(x, { kernel_shape: [3, 3], strides: [2, 2] });
const sameWindow = { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] };
/** Zeros beyond the border are not counted: what torchvision's network does otherwise. */
const mean3 = (x: Value): Value => AveragePool(x, { ...sameWindow, count_include_pad: false });

const square3 = { kernel: 3, padding: [1, 1] } as const;
const row = (n: number) => ({ kernel: [1, n], padding: [0, (n - 1) / 2] }) as const;
const column = (n: number) => ({ kernel: [n, 1], padding: [(n - 1) / 2, 0] }) as const;

function mixedA(p: Scope, x: Value, poolWidth: number): Value {
  return join(
    basic(p.at('branch1x1'), x, { out: 64 }),
    chain(p, x, [
      ['branch5x5_1', { out: 48 }],
      ['branch5x5_2', { out: 64, kernel: 5, padding: [2, 2] }],
    ]),
    chain(p, x, [
      ['branch3x3dbl_1', { out: 64 }],
      ['branch3x3dbl_2', { out: 96, ...square3 }],
      ['branch3x3dbl_3', { out: 96, ...square3 }],
    ]),
    basic(p.at('branch_pool'), mean3(x), { out: poolWidth }),
  );
}

function mixedB(p: Scope, x: Value): Value {
  return join(
    basic(p.at('branch3x3'), x, { out: 384, kernel: 3, stride: 2 }),
    chain(p, x, [
      ['branch3x3dbl_1', { out: 64 }],
      ['branch3x3dbl_2', { out: 96, ...square3 }],
      ['branch3x3dbl_3', { out: 96, kernel: 3, stride: 2 }],
    ]),
    halve(x),
  );
}

function mixedC(p: Scope, x: Value, width: number): Value {
  return join(
    basic(p.at('branch1x1'), x, { out: 192 }),
    chain(p, x, [
      ['branch7x7_1', { out: width }],
      ['branch7x7_2', { out: width, ...row(7) }],
      ['branch7x7_3', { out: 192, ...column(7) }],
    ]),
    chain(p, x, [
      ['branch7x7dbl_1', { out: width }],
      ['branch7x7dbl_2', { out: width, ...column(7) }],
      ['branch7x7dbl_3', { out: width, ...row(7) }],
      ['branch7x7dbl_4', { out: width, ...column(7) }],
      ['branch7x7dbl_5', { out: 192, ...row(7) }],
    ]),
    basic(p.at('branch_pool'), mean3(x), { out: 192 }),
  );
}

function mixedD(p: Scope, x: Value): Value {
  return join(
    chain(p, x, [
      ['branch3x3_1', { out: 192 }],
      ['branch3x3_2', { out: 320, kernel: 3, stride: 2 }],
    ]),
    chain(p, x, [
      ['branch7x7x3_1', { out: 192 }],
      ['branch7x7x3_2', { out: 192, ...row(7) }],
      ['branch7x7x3_3', { out: 192, ...column(7) }],
      ['branch7x7x3_4', { out: 192, kernel: 3, stride: 2 }],
    ]),
    halve(x),
  );
}

/** @param pool the first such block averages, the last takes the maximum: a slip of the 2015 graph that FID inherits */
function mixedE(p: Scope, x: Value, pool: (x: Value) => Value): Value {
  const split = (y: Value, name: string) =>
    join(basic(p.at(`${name}a`), y, { out: 384, ...row(3) }), basic(p.at(`${name}b`), y, { out: 384, ...column(3) }));
  const doubled = chain(p, x, [
    ['branch3x3dbl_1', { out: 448 }],
    ['branch3x3dbl_2', { out: 384, ...square3 }],
  ]);
  return join(
    basic(p.at('branch1x1'), x, { out: 320 }),
    split(basic(p.at('branch3x3_1'), x, { out: 384 }), 'branch3x3_2'),
    split(doubled, 'branch3x3dbl_3'),
    basic(p.at('branch_pool'), pool(x), { out: 192 }),
  );
}

export interface InceptionOutput {
  /** Features of each width asked for [N, width]. */
  features: Map<InceptionWidth, Value>;
  /** [N, 1008], without the bias of the last layer, as Inception Scores are computed. */
  logits?: Value;
}

const pooled = (x: Value): Value => Reshape(GlobalAveragePool(x), [x.shape[0], x.shape[1]]);

/**
 * The network in evaluation mode with the names of pytorch-fid's and torch-fidelity's state dictionaries. Only as much is
 * built as the widths need.
 *
 * @param pixels [N, 3, 299, 299] in [-1, 1]
 * @param options.logits also classify; needs the whole network
 */
export function inceptionV3(
  p: Scope,
  pixels: Value,
  options: { widths: readonly InceptionWidth[]; logits?: boolean },
): InceptionOutput {
  const { widths, logits: classify = false } = options;
  const deepest = classify ? 2048 : Math.max(...widths);
  const features = new Map<InceptionWidth, Value>();
  const look = (width: InceptionWidth, x: Value) => {
    if (widths.includes(width)) features.set(width, pooled(x));
    return deepest <= width;
  };
  let x = basic(p.at('Conv2d_1a_3x3'), pixels, { out: 32, kernel: 3, stride: 2 }); // [N, 32, 149, 149]
  x = basic(p.at('Conv2d_2a_3x3'), x, { out: 32, kernel: 3 }); // [N, 32, 147, 147]
  x = halve(basic(p.at('Conv2d_2b_3x3'), x, { out: 64, ...square3 })); // [N, 64, 73, 73]
  if (look(64, x)) return { features };
  x = basic(p.at('Conv2d_3b_1x1'), x, { out: 80 });
  x = halve(basic(p.at('Conv2d_4a_3x3'), x, { out: 192, kernel: 3 })); // [N, 192, 35, 35]
  if (look(192, x)) return { features };
  x = mixedA(p.at('Mixed_5b'), x, 32);
  x = mixedA(p.at('Mixed_5c'), x, 64);
  x = mixedA(p.at('Mixed_5d'), x, 64); // [N, 288, 35, 35]
  x = mixedB(p.at('Mixed_6a'), x); // [N, 768, 17, 17]
  x = mixedC(p.at('Mixed_6b'), x, 128);
  x = mixedC(p.at('Mixed_6c'), x, 160);
  x = mixedC(p.at('Mixed_6d'), x, 160);
  x = mixedC(p.at('Mixed_6e'), x, 192);
  if (look(768, x)) return { features };
  x = mixedD(p.at('Mixed_7a'), x); // [N, 1280, 8, 8]
  x = mixedE(p.at('Mixed_7b'), x, mean3);
  x = mixedE(p.at('Mixed_7c'), x, (y) => MaxPool(y, sameWindow)); // [N, 2048, 8, 8]
  look(2048, x);
  if (!classify) return { features };
  const weight = p.at('fc').parameter('weight', [CLASSES, 2048]);
  return { features, logits: MatMul(pooled(x), Transpose(weight, [1, 0])) }; // [N, 1008]
}

export interface InceptionGraphOptions {
  batch: number;
  heightPx: number;
  widthPx: number;
  widths: readonly InceptionWidth[];
  resize?: InceptionResize;
  logits?: boolean;
}

/**
 * A whole graph: `pictures` uint8 [batch, height, width, 3] -> `features_64` and so on [batch, width], and `logits`
 * [batch, 1008] where asked for. Values go in as (x - 128) / 128 for `tensorflow` and `antialias`, x / 127.5 - 1 for
 * `torch`, each as the program does whose rule it is.
 */
export function inceptionV3Graph(options: InceptionGraphOptions): Graph {
  const { batch, heightPx, widthPx, widths, resize = 'tensorflow', logits } = options;
  const graph = new Graph('inception_v3');
  const pictures = graph.input('pictures', 'uint8', [batch, heightPx, widthPx, 3]);
  const planes = Transpose(Cast(pictures, { to: 'float32' }), [0, 3, 1, 2]); // [N, 3, H, W]
  const square = Resize(planes, {
    sizes: [batch, 3, SIDE, SIDE],
    mode: 'linear',
    coordinate_transformation_mode: resize === 'tensorflow' ? 'asymmetric' : 'half_pixel',
    antialias: resize === 'antialias',
  });
  const pixels = resize === 'torch' ? Sub(Mul(square, 1 / 127.5), 1) : Mul(Sub(square, 128), 1 / 128);
  const out = inceptionV3(scope(graph), pixels, { widths, logits });
  for (const [width, value] of out.features) graph.output(`features_${width}`, value);
  if (out.logits) graph.output('logits', out.logits);
  return graph;
}
