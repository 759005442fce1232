// The judge: one small network that names what a person does with what, points at body and hands, and gives features for distances.
import { z } from 'zod';
import {
  Abs,
  Add,
  And,
  ArgMax,
  Cast,
  Clip,
  Concat,
  Div,
  Flatten,
  Floor,
  GlobalAveragePool,
  Graph,
  LessOrEqual,
  Mul,
  ReduceSum,
  Relu,
  Reshape,
  type Scope,
  Sigmoid,
  Softmax,
  Sub,
  scope,
  Transpose,
  type Value,
} from '../graph/index.js';
import { conv2d, groupNorm, linear, nearest } from '../nn/index.js';
import { count, parseConfig } from './config.js';

const schema = z
  .looseObject({
    picture_size: count,
    stem_channels: count,
    /** Of the trunk's stages, at a quarter, eighth, sixteenth, ... of the picture's side. */
    channels: z.array(count).min(2),
    /** Residual blocks of each stage. */
    blocks: z.array(count).min(2),
    decoder_channels: count,
    norm_groups: count,
    /** Which of the 133 whole-body points it looks for, in the order of its maps. */
    keypoints: z.array(z.int().min(0).max(132)).min(1),
    triplets: z.array(z.object({ verb: z.string(), object: z.string().nullable() })).min(1),
  })
  .refine((c) => c.blocks.length === c.channels.length, {
    path: ['blocks'],
    error: 'needs one entry for each of channels',
  })
  .refine((c) => c.picture_size % 2 ** (c.channels.length + 1) === 0, {
    path: ['picture_size'],
    error: 'must be divisible by the last stage’s stride',
  });

/** A judge's config; `triplets` are its classes in the order of the logits. */
export type JudgeConfig = z.infer<typeof schema>;

/** Reads a judge's `config.json`. Throws `unsupported`. */
export function parseJudgeConfig(config: unknown): JudgeConfig {
  return parseConfig(schema, config, 'Judge');
}

/** Side of a heat map's cell in pixels. */
export const HEAT_MAP_STRIDE = 4;

export interface JudgeOutput {
  /** [N, triplets] */
  logits: Value;
  /** Logits over the cells of each point's map [N, K, H / 4, W / 4]; their softmax says where the point is. */
  heatMaps: Value;
  /** Logits of each point being seen in the picture [N, K]. */
  visible: Value;
  /** The last two stages averaged over the picture [N, channels of both]: features for distances. */
  features: Value;
}

/**
 * A residual trunk with group normalisation, a decoder up to a quarter of the picture's side, and three heads.
 *
 * @param pixels [N, 3, S, S] in [-1, 1], S the config's `picture_size`
 */
export function judge(p: Scope, config: JudgeConfig, pixels: Value): JudgeOutput {
  const trunk = p.at('trunk');
  const groups = config.norm_groups;
  const stem = conv2d(trunk.at('stem'), pixels, { out: config.stem_channels, kernel: 7, stride: 2, padding: 3 });
  let x = Relu(groupNorm(trunk.at('stem_norm'), stem, { groups, epsilon: 1e-5 })); // [N, C, S / 2, S / 2]
  const stages = config.channels.map((out, stage) => {
    for (let i = 0; i < config.blocks[stage]; i++) {
      x = block(trunk.at('stages', stage, i), x, { out, stride: i === 0 ? 2 : 1, groups });
    }
    return x;
  });
  const features = Concat(
    stages.slice(-2).map((s) => Flatten(GlobalAveragePool(s))),
    { axis: 1 },
  ); // [N, D]
  const decoded = decode(p.at('decoder'), config, stages);
  return {
    features,
    logits: linear(p.at('triplets'), features, { out: config.triplets.length }),
    visible: linear(p.at('visible'), features, { out: config.keypoints.length }),
    heatMaps: conv2d(p.at('heat_maps'), decoded, { out: config.keypoints.length, kernel: 1 }),
  };
}

/** Two 3x3 convolutions around the identity, projected where the shape changes. */
function block(p: Scope, x: Value, { out, stride, groups }: { out: number; stride: number; groups: number }): Value {
  const norm = (name: string, from: Value) => groupNorm(p.at(name), from, { groups, epsilon: 1e-5 });
  const h = Relu(norm('norm1', conv2d(p.at('conv1'), x, { out, kernel: 3, stride, padding: 1, bias: false })));
  const h2 = norm('norm2', conv2d(p.at('conv2'), h, { out, kernel: 3, padding: 1, bias: false }));
  if (stride === 1 && x.shape[1] === out) return Relu(Add(h2, x));
  return Relu(Add(h2, norm('norm3', conv2d(p.at('skip'), x, { out, kernel: 1, stride, bias: false }))));
}

/** From the coarsest stage to the finest, adding each stage on the way: [N, decoder_channels, S / 4, S / 4]. */
function decode(p: Scope, config: JudgeConfig, stages: readonly Value[]): Value {
  const { decoder_channels: out, norm_groups: groups } = config;
  let x: Value | undefined;
  for (let i = stages.length - 1; i >= 0; i--) {
    const level = p.at(i);
    const side = conv2d(level.at('side'), stages[i], { out, kernel: 1 });
    const joined = x ? Add(nearest(x), side) : side;
    const h = conv2d(level.at('conv'), joined, { out, kernel: 3, padding: 1, bias: false });
    x = Relu(groupNorm(level.at('norm'), h, { groups, epsilon: 1e-5 }));
  }
  return x!;
}

/** Cells on each side of a map's peak whose mean is the point: quarter-pixel places from four-pixel cells. */
const PEAK_RADIUS = 2;

/**
 * Where each point is: the mean place of the cells around the map's peak.
 *
 * @param output `heatMaps` [N, K, h, w] and `visible` [N, K] of `judge`
 * @returns [N, K, 3]: x, y in pixels, and a score in [0, 1]: seen at all, times the map's share around its peak
 */
export function judgedKeypoints({ heatMaps, visible }: Pick<JudgeOutput, 'heatMaps' | 'visible'>): Value {
  const { graph } = heatMaps;
  const [batch, points, height, width] = heatMaps.shape;
  const chances = Softmax(Reshape(heatMaps, [batch, points, height * width]), { axis: -1 });
  const peak = Cast(ArgMax(chances, { axis: 2, keepdims: true }), { to: 'float32' }); // [N, K, 1]
  const peakRow = Floor(Div(peak, width));
  const peakColumn = Sub(peak, Mul(peakRow, width));
  const cells = Array.from({ length: height * width }, (_, i) => i);
  const rows = graph.constant(
    cells.map((i) => Math.floor(i / width)),
    { shape: [1, 1, height * width] },
  );
  const columns = graph.constant(
    cells.map((i) => i % width),
    { shape: [1, 1, height * width] },
  );
  const within = (a: Value, b: Value) => LessOrEqual(Abs(Sub(a, b)), PEAK_RADIUS);
  const near = And(within(rows, peakRow), within(columns, peakColumn));
  const kept = Mul(chances, Cast(near, { to: 'float32' })); // [N, K, h * w]
  const mass = Clip(ReduceSum(kept, { axes: [2] }), 1e-6); // [N, K, 1]
  const place = (axis: Value) => Mul(Add(Div(ReduceSum(Mul(kept, axis), { axes: [2] }), mass), 0.5), HEAT_MAP_STRIDE); // [N, K, 1]
  const score = Mul(Reshape(Sigmoid(visible), [batch, points, 1]), mass);
  return Concat([place(columns), place(rows), score], { axis: 2 });
}

/**
 * A whole graph: `image` uint8 [batch, S, S, 3] -> `logits` [batch, triplets], `keypoints` [batch, K, 3] (x, y in
 * pixels, score) and `features` [batch, D].
 */
export function judgeGraph(config: JudgeConfig, options: { batch: number }): Graph {
  const side = config.picture_size;
  const graph = new Graph('judge');
  const image = graph.input('image', 'uint8', [options.batch, side, side, 3]);
  const pixels = Transpose(Sub(Div(Cast(image, { to: 'float32' }), 127.5), 1), [0, 3, 1, 2]);
  const output = judge(scope(graph), config, pixels);
  graph.output('logits', output.logits);
  graph.output('keypoints', judgedKeypoints(output));
  graph.output('features', output.features);
  return graph;
}
