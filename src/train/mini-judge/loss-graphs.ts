// Loss and measures of the judge: which triplet, where each point is, whether it is seen.
import {
  Abs,
  Add,
  And,
  Cast,
  Div,
  Equal,
  Exp,
  Graph,
  Greater,
  Less,
  LogSoftmax,
  Mul,
  Neg,
  ReduceMean,
  ReduceSum,
  Reshape,
  Slice,
  Softplus,
  Sqrt,
  Sub,
  scope,
  type Value,
} from '../../graph/index.js';
import { type JudgeConfig, judge, judgedKeypoints } from '../../models/index.js';
import { WHOLEBODY } from '../../pose/formats.js';
import { toSigned } from '../mini-sd/autoencoder-graphs.js';
import { augment } from './augment.js';

/** Part of a class's target that is spread over all classes: "hold" and "carry" are not always told apart by people either. */
const LABEL_SMOOTHING = 0.05;
/** Deviation of a point's target in cells. */
const TARGET_DEVIATION = 1;
/** A hidden point teaches where it must be, but less than one that is seen. */
const HIDDEN_WEIGHT = 0.3;
/** Weights that make the terms about equally large late in training. */
const KEYPOINT_WEIGHT = 0.4;
const VISIBLE_WEIGHT = 0.5;
/** A body point within this share of the picture's side counts as found. */
const PCK_SHARE = 0.03;

interface Sized {
  config: JudgeConfig;
  batch: number;
}

/** The annotated pictures of one graph, from the inputs `image`, `judge_keypoints` and `judge_class`. */
function scene(graph: Graph, { config, batch }: Sized) {
  const side = config.picture_size;
  const pixels = toSigned(graph.input('image', 'uint8', [batch, side, side, 3]));
  const keypoints = graph.input('judge_keypoints', 'float32', [batch, config.keypoints.length, 3]);
  const places = Slice(keypoints, { starts: [0], ends: [2], axes: [2] });
  const visibility = Slice(keypoints, { starts: [2], ends: [3], axes: [2] });
  const known = graph.input('judge_class', 'int32', [batch, 1]);
  return { pixels, points: Sub(Mul(places, 2 / side), 1), visibility, known, places };
}

/** 1 in the column of each row's class: [N, classes]. */
function oneHot(known: Value, classes: number): Value {
  const all = known.graph.constant(
    Array.from({ length: classes }, (_, i) => i),
    { dtype: 'int32', shape: [1, classes] },
  );
  return Cast(Equal(known, all), { to: 'float32' });
}

const total = (x: Value) => ReduceSum(x, { keepdims: false });
const mean = (x: Value) => ReduceMean(x, { keepdims: false });
const number = (x: Value) => Cast(x, { to: 'float32' });

/** Cross-entropy of smoothed classes. */
function classLoss(logits: Value, target: Value): Value {
  const classes = logits.shape[1];
  const smooth = Add(Mul(target, 1 - LABEL_SMOOTHING), LABEL_SMOOTHING / classes);
  return Neg(mean(ReduceSum(Mul(LogSoftmax(logits), smooth), { axes: [1] })));
}

/**
 * Cross-entropy of each map, read as chances over its cells, with a Gaussian around the point.
 *
 * @param points [N, K, 2] in [-1, 1]
 * @param weight [N, K, 1], 0 for points that teach nothing
 */
function placeLoss(heatMaps: Value, { points, weight }: { points: Value; weight: Value }): Value {
  const [batch, count, height, width] = heatMaps.shape;
  const chances = LogSoftmax(Reshape(heatMaps, [batch, count, height * width]));
  const axis = (index: number, cells: number, shape: number[]) => {
    const at = Slice(points, { starts: [index], ends: [index + 1], axes: [2] }); // [N, K, 1]
    const centres = Array.from({ length: cells }, (_, i) => i + 0.5);
    const distance = Sub(points.graph.constant(centres, { shape: [1, 1, cells] }), Mul(Add(at, 1), cells / 2));
    const bell = Exp(Mul(Mul(distance, distance), -0.5 / TARGET_DEVIATION ** 2));
    return Reshape(Div(bell, Add(ReduceSum(bell, { axes: [2] }), 1e-6)), shape);
  };
  const columns = axis(0, width, [batch, count, 1, width]);
  const rows = axis(1, height, [batch, count, height, 1]);
  const agreed = Mul(Mul(Reshape(chances, heatMaps.shape), columns), rows);
  const loss = Neg(Reshape(ReduceSum(agreed, { axes: [2, 3] }), [batch, count, 1]));
  return Div(total(Mul(loss, weight)), Add(total(weight), 1));
}

/** Binary cross-entropy of logits [N, K] against 0 or 1 [N, K, 1]. */
function visibleLoss(logits: Value, seen: Value): Value {
  return mean(Sub(Softplus(logits), Mul(logits, Reshape(seen, logits.shape))));
}

/** The judge's loss on pictures changed at random. */
export function judgeLoss({ config, batch }: Sized): Graph {
  const graph = new Graph('judge_loss');
  const { known, ...given } = scene(graph, { config, batch });
  const { pixels, points, visibility } = augment(graph, given);
  const output = judge(scope(graph, 'judge'), config, pixels);
  const extent = ReduceSum(number(Less(Abs(points), 1)), { axes: [2] });
  const inside = Greater(extent, 1.5); // both coordinates
  const seen = number(And(inside, Greater(visibility, 1.5)));
  const hidden = number(And(inside, And(Greater(visibility, 0.5), Less(visibility, 1.5))));
  const weight = Add(seen, Mul(hidden, HIDDEN_WEIGHT));
  const triplet = classLoss(output.logits, oneHot(known, config.triplets.length));
  const place = placeLoss(output.heatMaps, { points, weight });
  const visible = visibleLoss(output.visible, seen);
  graph.output('loss', Add(triplet, Add(Mul(place, KEYPOINT_WEIGHT), Mul(visible, VISIBLE_WEIGHT))));
  graph.output('triplet_loss', triplet);
  graph.output('place_loss', place);
  graph.output('visible_loss', visible);
  return graph;
}

/** Measures on unchanged pictures: triplet among the first one and three, seen body points found, mean error of hands in pixels. */
export function judgeEvaluation({ config, batch }: Sized): Graph {
  const graph = new Graph('judge_evaluation');
  const { pixels, known, places, visibility } = scene(graph, { config, batch });
  const output = judge(scope(graph, 'judge'), config, pixels);
  const target = oneHot(known, config.triplets.length);
  const own = ReduceSum(Mul(output.logits, target), { axes: [1] });
  const better = ReduceSum(number(Greater(output.logits, own)), { axes: [1] });
  graph.output('top1', mean(number(Less(better, 0.5))));
  graph.output('top3', mean(number(Less(better, 2.5))));
  const found = Slice(judgedKeypoints(output), { starts: [0], ends: [2], axes: [2] });
  const apart = Sub(found, places);
  const distance = Sqrt(ReduceSum(Mul(apart, apart), { axes: [2] })); // [N, K, 1]
  const seen = number(Greater(visibility, 1.5));
  const of = (part: (index: number) => boolean) =>
    Mul(
      seen,
      graph.constant(
        config.keypoints.map((i) => Number(part(i))),
        { shape: [1, config.keypoints.length, 1] },
      ),
    );
  const average = (x: Value, over: Value) => Div(total(Mul(x, over)), Add(total(over), 1e-6));
  const body = of((i) => i < WHOLEBODY.body.end);
  graph.output('pck', average(number(Less(distance, PCK_SHARE * config.picture_size)), body));
  graph.output('body_error_px', average(distance, body));
  graph.output(
    'hand_error_px',
    average(
      distance,
      of((i) => i >= WHOLEBODY.leftHand.start),
    ),
  );
  return graph;
}
