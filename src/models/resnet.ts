// Residual networks (He et al. 2016) in torchvision's layout and with its names: ResNet-18, 34, 50, 101 and 152.
import {
  Add,
  GlobalAveragePool,
  Graph,
  MaxPool,
  Relu,
  Reshape,
  type Scope,
  scope,
  type Value,
} from '../graph/index.js';
import { conv2d } from '../nn/convolution.js';
import { linear } from '../nn/linear.js';
import { batchNorm } from '../nn/normalization.js';

/** Blocks of each stage; `bottleneck` blocks squeeze the channels to a quarter around their 3x3 convolution. */
const ARCHITECTURES = {
  18: { blocks: [2, 2, 2, 2], bottleneck: false },
  34: { blocks: [3, 4, 6, 3], bottleneck: false },
  50: { blocks: [3, 4, 6, 3], bottleneck: true },
  101: { blocks: [3, 4, 23, 3], bottleneck: true },
  152: { blocks: [3, 8, 36, 3], bottleneck: true },
} as const;

/** Number of layers with weights, as in the networks' names. */
export type ResNetDepth = keyof typeof ARCHITECTURES;

/** Depths that are built. */
export const RESNET_DEPTHS = Object.keys(ARCHITECTURES).map(Number) as ResNetDepth[];

export interface ResNetConfig {
  depth: ResNetDepth;
  /** Width of the classifier; default 1000, ImageNet's classes. 0 leaves the classifier out. */
  classes?: number;
}

export interface ResNetOutput {
  /** Feature maps after each stage: [N, 64, H / 4, W / 4] to [N, 512, H / 32, W / 32] (four times as wide from 50 on). */
  layers: [layer1: Value, layer2: Value, layer3: Value, layer4: Value];
  /** The last stage averaged over the picture [N, 512 or 2048]. */
  pooled: Value;
  /** [N, classes] */
  logits?: Value;
}

/**
 * The network in evaluation mode: normalisation by the running statistics.
 *
 * @param pixels [N, 3, H, W] of any size, normalised by ImageNet's mean and deviation
 */
export function resNet(p: Scope, config: ResNetConfig, pixels: Value): ResNetOutput {
  const { blocks, bottleneck } = ARCHITECTURES[config.depth];
  const stem = conv2d(p.at('conv1'), pixels, { out: 64, kernel: 7, stride: 2, padding: 3, bias: false });
  const window = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
  let x = MaxPool(Relu(batchNorm(p.at('bn1'), stem)), window); // [N, 64, H / 4, W / 4]
  const block = bottleneck ? bottleneckBlock : basicBlock;
  const layers = blocks.map((count, stage) => {
    for (let i = 0; i < count; i++) {
      const stride = stage > 0 && i === 0 ? 2 : 1;
      x = block(p.at(`layer${stage + 1}`, i), x, { width: 64 * 2 ** stage, stride });
    }
    return x;
  }) as ResNetOutput['layers'];
  const pooled = Reshape(GlobalAveragePool(x), [x.shape[0], x.shape[1]]); // [N, 512 or 2048]
  const { classes = 1000 } = config;
  return { layers, pooled, logits: classes > 0 ? linear(p.at('fc'), pooled, { out: classes }) : undefined };
}

interface BlockOptions {
  /** Channels of the 3x3 convolutions. */
  width: number;
  stride: number;
}

function basicBlock(p: Scope, x: Value, { width, stride }: BlockOptions): Value {
  const bias = false;
  const h = conv2d(p.at('conv1'), x, { out: width, kernel: 3, stride, padding: 1, bias });
  const h2 = conv2d(p.at('conv2'), Relu(batchNorm(p.at('bn1'), h)), { out: width, kernel: 3, padding: 1, bias });
  return joined(p, x, { h: batchNorm(p.at('bn2'), h2), stride });
}

/** The stride is on the 3x3 convolution, as torchvision has it (and not on the first 1x1, as the paper has it). */
function bottleneckBlock(p: Scope, x: Value, { width, stride }: BlockOptions): Value {
  const bias = false;
  const h = Relu(batchNorm(p.at('bn1'), conv2d(p.at('conv1'), x, { out: width, kernel: 1, bias })));
  const h2 = conv2d(p.at('conv2'), h, { out: width, kernel: 3, stride, padding: 1, bias });
  const h3 = conv2d(p.at('conv3'), Relu(batchNorm(p.at('bn2'), h2)), { out: 4 * width, kernel: 1, bias });
  return joined(p, x, { h: batchNorm(p.at('bn3'), h3), stride });
}

/** Adds the input, projected where the shape changes. */
function joined(p: Scope, x: Value, { h, stride }: { h: Value; stride: number }): Value {
  const out = h.shape[1];
  if (stride === 1 && x.shape[1] === out) return Relu(Add(h, x));
  const projected = conv2d(p.at('downsample', 0), x, { out, kernel: 1, stride, bias: false });
  return Relu(Add(h, batchNorm(p.at('downsample', 1), projected)));
}

/**
 * A whole graph: `pixel_values` [batch, 3, height, width] -> `layer1` to `layer4`, `pooled` and, unless `classes` is 0,
 * `logits`.
 */
export function resNetGraph(config: ResNetConfig, options: { batch: number; height: number; width: number }): Graph {
  const { batch, height, width } = options;
  const graph = new Graph(`resnet${config.depth}`);
  const pixels = graph.input('pixel_values', 'float32', [batch, 3, height, width]);
  const { layers, pooled, logits } = resNet(scope(graph), config, pixels);
  for (const [i, layer] of layers.entries()) graph.output(`layer${i + 1}`, layer);
  graph.output('pooled', pooled);
  if (logits) graph.output('logits', logits);
  return graph;
}
