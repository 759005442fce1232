// Loss and evaluation of the layout model: the overlap that its choice may expect, on situations varied at random.
import {
  Add,
  Cast,
  Clip,
  Concat,
  Graph,
  Greater,
  Max,
  Min,
  Mul,
  ReduceMean,
  ReduceSum,
  Reshape,
  Slice,
  Softmax,
  Sqrt,
  Sub,
  scope,
  Unsqueeze,
  type Value,
  Where,
} from '../../graph/index.js';
import {
  apartness,
  bestLayout,
  type LayoutModelConfig,
  type LayoutModelInput,
  layoutModel,
  mirrorBox,
  mirrorLayout,
  overlap,
} from '../../models/index.js';

interface Sized {
  config: LayoutModelConfig;
  batch: number;
}

/** Chance that a hidden unit stays, by layer. */
export const KEEP = { words: 0.8, first: 0.8, second: 0.8 } as const;
/** Weight of GIoU's penalty when training begins; it fades with the progress, since only overlap counts in the end. */
const APART_WEIGHT = 0.2;
/** Makes the loss about as large as others, so that the usual clipping of gradients fits. */
const LOSS_SCALE = 10;
/** Deviation of a person's corners in shares of the person's sides: detectors and masks cut people differently. */
const JITTER = 0.04;
/** Shorter sides than this are no person. */
const LEAST_SIDE = 0.02;

const column = (x: Value, i: number) => Slice(x, { starts: [i], ends: [i + 1], axes: [-1] });
const mean = (x: Value) => ReduceMean(x, { keepdims: false });

/** The annotated situations of one graph, and the object's true box. */
function situations(graph: Graph, batch: number): { input: LayoutModelInput; truth: Value } {
  const float = (name: string, ...shape: number[]) => graph.input(name, 'float32', [batch, ...shape]);
  const ids = (name: string) => Cast(Reshape(graph.input(name, 'int32', [batch, 1]), [batch]), { to: 'int64' });
  const truth = float('layout_box', 4);
  const input = {
    person: float('layout_person', 4),
    aspect: float('layout_aspect', 1),
    verb: ids('layout_verb'),
    object: ids('layout_object'),
    keypoints: float('layout_keypoints', 33, 3),
    present: truth,
    hasPresent: graph.constant(new Array(batch).fill(0), { shape: [batch, 1] }),
  };
  return { input, truth };
}

/**
 * The true box with each side scaled by 1 - a / 2 to 1 + a / 2 and moved the share `a` of the way to a place drawn
 * uniformly inside the canvas. At a = 1 this is record, section 12: uniform shift, sides scaled by 0.5 to 1.5.
 *
 * @param draws uniform in [0, 1), [N, 4]: places and sides
 */
export function perturbed(truth: Value, { amplitude, draws }: { amplitude: Value; draws: Value }): Value {
  const along = (axis: number) => {
    const [low, high] = [column(truth, axis), column(truth, axis + 2)];
    const scale = Add(Mul(Sub(column(draws, axis + 2), 0.5), amplitude), 1);
    const side = Min(Mul(Sub(high, low), scale), 1);
    const centred = Sub(Mul(Add(low, high), 0.5), Mul(side, 0.5));
    const room = Sub(1, side);
    const start = Max(Min(centred, room), 0);
    const moved = Add(start, Mul(amplitude, Sub(Mul(column(draws, axis), room), start)));
    return { low: moved, high: Add(moved, side) };
  };
  const [x, y] = [along(0), along(1)];
  return Concat([x.low, y.low, x.high, y.high], { axis: 1 });
}

/** The person's box with moved corners, unless too little is left of it. */
function jittered(person: Value, noise: Value): Value {
  const [x1, y1, x2, y2] = [0, 1, 2, 3].map((i) => column(person, i));
  const [w, h] = [Sub(x2, x1), Sub(y2, y1)];
  const moved = Clip(Add(person, Mul(noise, Mul(Concat([w, h, w, h], { axis: 1 }), JITTER))), 0, 1);
  const [a, b, c, d] = [0, 1, 2, 3].map((i) => column(moved, i));
  const least = Min(Sub(c, a), Sub(d, b)); // [N, 1]
  return Where(Greater(least, LEAST_SIDE), moved, person);
}

/** The same situation in a mirror where `mirror` [N, 1] is 1. */
function mirroredSome(input: LayoutModelInput, truth: Value, mirror: Value) {
  const other = mirrorLayout(input);
  const blend = (a: Value, b: Value, by: Value) => Add(a, Mul(by, Sub(b, a)));
  const keypoints = blend(input.keypoints, other.keypoints, Unsqueeze(mirror, [1]));
  return {
    input: { ...input, person: blend(input.person, other.person, mirror), keypoints },
    truth: blend(truth, mirrorBox(truth), mirror),
  };
}

/** Inputs that vary the situations, by name; their draws are in `VARIATION_INPUTS`. */
function varied(graph: Graph, given: { input: LayoutModelInput; truth: Value }) {
  const batch = given.truth.shape[0];
  const draw = (name: string, width = 1) => graph.input(name, 'float32', [batch, width]);
  const { input, truth } = mirroredSome(given.input, given.truth, draw('mirror'));
  const known = (name: string) => Cast(Reshape(draw(name), [batch]), { to: 'int64' });
  const hasPresent = draw('has_present');
  // Large amplitudes twice as often as half of them: a wrong box is the usual reason to ask.
  const present = perturbed(truth, { amplitude: Sqrt(draw('amplitude')), draws: draw('places', 4) });
  return {
    truth,
    input: {
      ...input,
      person: jittered(input.person, draw('jitter', 4)),
      verb: Mul(input.verb, known('knows_verb')),
      object: Mul(input.object, known('knows_object')),
      keypoints: Mul(input.keypoints, Unsqueeze(draw('knows_points'), [1])),
      present,
      hasPresent,
    },
  };
}

/** Expected loss of overlap over the hypotheses of every member, each weighted by its chance. */
export function layoutLoss({ config, batch }: Sized): Graph {
  const graph = new Graph('layout_loss');
  const { input, truth } = varied(graph, situations(graph, batch));
  const fade = Sub(1, graph.input('progress', 'float32', []));
  const drop = (member: number) => (name: string, x: Value) => {
    const keeps = graph.input(`keep_${name}_${member}`, 'float32', x.shape);
    return Mul(x, Mul(keeps, 1 / KEEP[name as keyof typeof KEEP]));
  };
  const expectations = layoutModel(scope(graph, 'layout'), config, { input, drop }).map(({ boxes, logits }) => {
    const goal = Unsqueeze(truth, [1]); // [N, 1, 4]
    const chances = Unsqueeze(Softmax(logits, { axis: 1 }), [2]); // [N, H, 1]
    const expect = (x: Value) => mean(ReduceSum(Mul(chances, x), { axes: [1] }));
    return { overlap: expect(overlap(boxes, goal)), apart: expect(apartness(boxes, goal)) };
  });
  const sum = (values: Value[]) => values.reduce((a, b) => Add(a, b));
  const gained = sum(expectations.map((e) => e.overlap));
  const apart = sum(expectations.map((e) => e.apart));
  graph.output('loss', Mul(Sub(Mul(Mul(fade, APART_WEIGHT), apart), gained), LOSS_SCALE));
  graph.output('expected_overlap', Mul(gained, 1 / config.members));
  return graph;
}

/** Mean overlap of the model's choice with the truth: without a present box, and with one at the full amplitude. */
export function layoutEvaluation({ config, batch }: Sized): Graph {
  const graph = new Graph('layout_evaluation');
  const { input, truth } = situations(graph, batch);
  const p = scope(graph, 'layout');
  const ones = graph.constant(new Array(batch).fill(1), { shape: [batch, 1] });
  const draws = graph.input('places', 'float32', [batch, 4]);
  const present = perturbed(truth, { amplitude: ones, draws });
  const reached = (asked: LayoutModelInput) => mean(overlap(bestLayout(p, config, asked).box, truth));
  graph.output('blind', reached(input));
  graph.output('perturbed', reached({ ...input, present, hasPresent: ones }));
  graph.output('untouched', mean(overlap(present, truth)));
  return graph;
}
