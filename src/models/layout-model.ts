// The layout model: where an object belongs beside a person who does something with it, as the box of largest expected overlap.
import { z } from 'zod';
import {
  Add,
  ArgMax,
  Cast,
  Clip,
  Concat,
  Div,
  Exp,
  Gather,
  GatherElements,
  Graph,
  Less,
  Log,
  MatMul,
  Max,
  Min,
  Mul,
  Reshape,
  type Scope,
  Sigmoid,
  Slice,
  Softmax,
  Sqrt,
  Sub,
  scope,
  Tanh,
  Unsqueeze,
  type Value,
} from '../graph/index.js';
import { embedding, linear, silu } from '../nn/index.js';
import { count, parseConfig } from './config.js';

/** Of MediaPipe's body. */
const POINTS = 33;
/** Which point takes each one's place in a mirror: eyes 1-3 and 4-6; from the ears on, left and right take turns. */
const MIRRORED_POINTS = Array.from({ length: POINTS }, (_, i) => {
  if (i === 0) return 0;
  if (i < 7) return i < 4 ? i + 3 : i - 3;
  return i % 2 === 1 ? i + 1 : i - 1;
});

const schema = z.looseObject({
  /** Known words; row 0 of each table is for all others. */
  verbs: z.array(z.string()).min(1),
  objects: z.array(z.string()).min(1),
  /** Networks whose hypotheses are pooled. */
  members: count,
  width: count,
  embedding_width: count,
  /** Boxes that each member places relative to the person, and relative to the object's present box. */
  person_hypotheses: count,
  present_hypotheses: count,
  /** Chance that the present box, where there is one, is right as it is; the hypotheses share the rest. */
  present_trust: z.number().min(0).max(1).default(0),
});

/** A layout model's config. */
export type LayoutModelConfig = z.infer<typeof schema>;

/** Reads a layout model's `config.json`. Throws `unsupported`. */
export function parseLayoutModelConfig(config: unknown): LayoutModelConfig {
  return parseConfig(schema, config, 'LayoutModel');
}

/** What is asked. Boxes are x1, y1, x2, y2 as shares of the canvas. */
export interface LayoutModelInput {
  /** [N, 4] */
  person: Value;
  /** Width over height of the picture [N, 1]. */
  aspect: Value;
  /** Rows of the tables, int64 [N]. */
  verb: Value;
  object: Value;
  /** MediaPipe's points [N, 33, 3]: x, y as shares of the canvas, 1 where known. */
  keypoints: Value;
  /** The object's present box [N, 4], and 1 where there is one [N, 1]. */
  present: Value;
  hasPresent: Value;
}

export interface LayoutHypotheses {
  /** [N, H, 4] as shares of the canvas; they may reach outside. */
  boxes: Value;
  /** [N, H]; softmax gives each one's chance. */
  logits: Value;
}

/** Called on hidden layers; training drops units there. */
export type LayoutDropout = (name: string, x: Value) => Value;

/** Where the person is: centre [N, 1] each, and one length along both axes in shares of the canvas [N, 1] each. */
interface Frame {
  x: Value;
  y: Value;
  /** The square root of the person's area, so that a crouching person has about the scale of a standing one. */
  scaleX: Value;
  scaleY: Value;
}

const column = (x: Value, i: number) => Slice(x, { starts: [i], ends: [i + 1], axes: [-1] });
/** Logarithm of lengths that may be nothing. */
const log = (x: Value) => Log(Max(x, 1e-3));

function frameOf({ person, aspect }: LayoutModelInput): Frame {
  const [x1, y1, x2, y2] = [0, 1, 2, 3].map((i) => column(person, i));
  const scaleY = Sqrt(Max(Mul(Mul(Sub(x2, x1), Sub(y2, y1)), aspect), 1e-4));
  return { x: Div(Add(x1, x2), 2), y: Div(Add(y1, y2), 2), scaleX: Div(scaleY, aspect), scaleY };
}

/** Centre and logarithms of the sides of a box [N, 4] in the person's frame: [N, 1] each. */
function relative(box: Value, { x, y, scaleX, scaleY }: Frame): Value[] {
  const [x1, y1, x2, y2] = [0, 1, 2, 3].map((i) => column(box, i));
  return [
    Div(Sub(Div(Add(x1, x2), 2), x), scaleX),
    Div(Sub(Div(Add(y1, y2), 2), y), scaleY),
    log(Div(Sub(x2, x1), scaleX)),
    log(Div(Sub(y2, y1), scaleY)),
  ];
}

/** Closer to an edge than this share, a person is probably cut off there. */
const AT_EDGE = 0.01;

function personFeatures({ person, aspect }: LayoutModelInput): Value {
  const [x1, y1, x2, y2] = [0, 1, 2, 3].map((i) => column(person, i));
  const [w, h] = [Sub(x2, x1), Sub(y2, y1)];
  const touches = (distance: Value) => Cast(Less(distance, AT_EDGE), { to: 'float32' });
  const edges = [touches(x1), touches(y1), touches(Sub(1, x2)), touches(Sub(1, y2))];
  const shape = [w, h, log(w), log(h), log(Div(Mul(w, aspect), h)), log(aspect)];
  return Concat([person, ...shape, ...edges], { axis: 1 }); // [N, 14]
}

function keypointFeatures({ keypoints }: LayoutModelInput, { x, y, scaleX, scaleY }: Frame): Value {
  const known = column(keypoints, 2); // [N, 33, 1]
  const along = (i: number, centre: Value, scale: Value) =>
    Mul(Div(Sub(column(keypoints, i), Unsqueeze(centre, [1])), Unsqueeze(scale, [1])), known);
  const places = Concat([along(0, x, scaleX), along(1, y, scaleY), known], { axis: 2 }); // [N, 33, 3]
  return Reshape(places, [keypoints.shape[0], 3 * POINTS]);
}

/**
 * One member: an MLP whose first layer is scaled by what the words say, and which moves a set of anchor boxes.
 *
 * @param drop changes hidden layers while training
 */
function member(
  p: Scope,
  config: LayoutModelConfig,
  { input, drop }: { input: LayoutModelInput; drop: LayoutDropout },
): LayoutHypotheses {
  const { width: out, embedding_width: width } = config;
  const frame = frameOf(input);
  const present = relative(input.present, frame);
  const seen = Mul(Concat([...present, input.present, input.hasPresent], { axis: 1 }), input.hasPresent); // [N, 9]
  const words = Concat(
    [
      embedding(p.at('verbs'), input.verb, { count: config.verbs.length + 1, width }),
      embedding(p.at('objects'), input.object, { count: config.objects.length + 1, width }),
    ],
    { axis: 1 },
  );
  const said = drop('words', words);
  const features = Concat([personFeatures(input), keypointFeatures(input, frame), seen, said], { axis: 1 });
  const gate = Add(Tanh(linear(p.at('gate'), said, { out })), 1);
  let x = drop('first', Mul(silu(linear(p.at('first'), features, { out })), gate)); // [N, width]
  x = drop('second', Add(x, silu(linear(p.at('second'), x, { out }))));
  const byPerson = personHypotheses(p, config, { x, frame, present, input });
  const byPresent = presentHypotheses(p, config, { x, input });
  return {
    boxes: Concat([byPerson.boxes, byPresent.boxes], { axis: 1 }),
    logits: Concat([byPerson.logits, byPresent.logits], { axis: 1 }),
  };
}

/** [N, H, 4] from centres and sides [N, H, 1] each. */
function corners(x: Value, y: Value, w: Value, h: Value): Value {
  const [halfW, halfH] = [Div(w, 2), Div(h, 2)];
  return Concat([Sub(x, halfW), Sub(y, halfH), Add(x, halfW), Add(y, halfH)], { axis: 2 });
}

/** Beyond these a side would be thinner than a pixel or wider than any picture. */
const side = (x: Value) => Exp(Clip(x, -5, 2.5));

/** Boxes in the person's frame; each takes its size from its anchor or, as far as it wants, from the present box. */
function personHypotheses(
  p: Scope,
  config: LayoutModelConfig,
  of: { x: Value; frame: Frame; present: Value[]; input: LayoutModelInput },
): LayoutHypotheses {
  const { frame, present, input } = of;
  const hypotheses = config.person_hypotheses;
  const batch = of.x.shape[0];
  const raw = Reshape(linear(p.at('person_head'), of.x, { out: 6 * hypotheses }), [batch, hypotheses, 6]);
  const anchors = p.parameter('person_anchors', [hypotheses, 4]);
  const own = (i: number) => Add(column(raw, i), column(anchors, i)); // [N, H, 1]
  const share = Mul(Sigmoid(column(raw, 5)), Unsqueeze(input.hasPresent, [1]));
  const sized = (i: number) => {
    const size = own(i);
    return side(Add(size, Mul(share, Sub(Unsqueeze(present[i], [1]), size))));
  };
  const wide = (v: Value) => Unsqueeze(v, [1]); // [N, 1, 1]
  const boxes = corners(
    Add(wide(frame.x), Mul(own(0), wide(frame.scaleX))),
    Add(wide(frame.y), Mul(own(1), wide(frame.scaleY))),
    Mul(sized(2), wide(frame.scaleX)),
    Mul(sized(3), wide(frame.scaleY)),
  );
  return { boxes, logits: Reshape(column(raw, 4), [batch, hypotheses]) };
}

/** Boxes in the frame of the present one; they have no chance where there is none. */
function presentHypotheses(
  p: Scope,
  config: LayoutModelConfig,
  { x, input }: { x: Value; input: LayoutModelInput },
): LayoutHypotheses {
  const hypotheses = config.present_hypotheses;
  const batch = x.shape[0];
  const raw = Reshape(linear(p.at('present_head'), x, { out: 5 * hypotheses }), [batch, hypotheses, 5]);
  const anchors = p.parameter('present_anchors', [hypotheses, 4]);
  const own = (i: number) => Add(column(raw, i), column(anchors, i));
  const [x1, y1, x2, y2] = [0, 1, 2, 3].map((i) => Unsqueeze(column(input.present, i), [1])); // [N, 1, 1]
  const [w, h] = [Sub(x2, x1), Sub(y2, y1)];
  const boxes = corners(
    Add(Div(Add(x1, x2), 2), Mul(own(0), w)),
    Add(Div(Add(y1, y2), 2), Mul(own(1), h)),
    Mul(side(own(2)), w),
    Mul(side(own(3)), h),
  );
  const impossible = Mul(Sub(input.hasPresent, 1), 1e4);
  return { boxes, logits: Add(Reshape(column(raw, 4), [batch, hypotheses]), impossible) };
}

/** The hypotheses of every member. */
export function layoutModel(
  p: Scope,
  config: LayoutModelConfig,
  options: { input: LayoutModelInput; drop?: (member: number) => LayoutDropout },
): LayoutHypotheses[] {
  const { input, drop } = options;
  return Array.from({ length: config.members }, (_, i) =>
    member(p.at('members', i), config, { input, drop: drop?.(i) ?? ((_name, x) => x) }),
  );
}

/** Overlap of boxes [..., 4] over their union [..., 1], broadcast; what reaches outside of the canvas does not count. */
export function overlap(a: Value, b: Value): Value {
  const inside = (box: Value) => [0, 1, 2, 3].map((i) => Clip(column(box, i), 0, 1));
  const [p, q] = [inside(a), inside(b)];
  const positive = (x: Value) => Max(x, 0);
  const area = ([x1, y1, x2, y2]: Value[]) => Mul(positive(Sub(x2, x1)), positive(Sub(y2, y1)));
  const w = positive(Sub(Min(p[2], q[2]), Max(p[0], q[0])));
  const h = positive(Sub(Min(p[3], q[3]), Max(p[1], q[1])));
  const common = Mul(w, h);
  return Div(common, Max(Sub(Add(area(p), area(q)), common), 1e-6));
}

/** The same situation seen in a mirror. */
export function mirrorLayout(input: LayoutModelInput): LayoutModelInput {
  const { graph } = input.person;
  const order = graph.constant(MIRRORED_POINTS, { dtype: 'int64', shape: [POINTS] });
  const points = Gather(input.keypoints, order, { axis: 1 });
  const [x, y, known] = [0, 1, 2].map((i) => column(points, i));
  return {
    ...input,
    person: mirrorBox(input.person),
    present: mirrorBox(input.present),
    keypoints: Concat([Sub(1, x), y, known], { axis: 2 }),
  };
}

/** A box [..., 4] seen in a mirror. */
export function mirrorBox(box: Value): Value {
  const [x1, y1, x2, y2] = [0, 1, 2, 3].map((i) => column(box, i));
  return Concat([Sub(1, x2), y1, Sub(1, x1), y2], { axis: -1 });
}

/**
 * The box of largest expected overlap among the hypotheses of all members, also of the mirrored situation, and the
 * present box, if each of them is right with its chance.
 *
 * @returns `box` [N, 4] as shares of the canvas, not clipped, and its expected overlap [N, 1]
 */
export function bestLayout(
  p: Scope,
  config: LayoutModelConfig,
  input: LayoutModelInput,
): { box: Value; expected: Value } {
  const batch = input.person.shape[0];
  const { boxes, chances } = pooled(p, config, input);
  const total = boxes.shape[1];
  const pairs = Reshape(overlap(Unsqueeze(boxes, [2]), Unsqueeze(boxes, [1])), [batch, total, total]);
  const expected = Reshape(MatMul(pairs, Unsqueeze(chances, [2])), [batch, total]);
  const best = ArgMax(Sub(expected, impossible(input, total)), { axis: 1, keepdims: true }); // [N, 1]
  const taken = (x: Value) => GatherElements(x, best, { axis: 1 }); // [N, 1]
  const sides = [0, 1, 2, 3].map((i) => taken(Reshape(column(boxes, i), [batch, total])));
  return { box: Concat(sides, { axis: 1 }), expected: taken(expected) };
}

/** All boxes [N, H, 4] that may be right, the present one last, with their chances [N, H]. */
function pooled(p: Scope, config: LayoutModelConfig, input: LayoutModelInput): { boxes: Value; chances: Value } {
  const direct = layoutModel(p, config, { input });
  const mirrored = layoutModel(p, config, { input: mirrorLayout(input) });
  const all = [...direct, ...mirrored.map(({ boxes, logits }) => ({ boxes: mirrorBox(boxes), logits }))];
  const trust = Mul(input.hasPresent, config.present_trust); // [N, 1]
  const share = Div(Sub(1, trust), all.length);
  return {
    boxes: Concat([...all.map((h) => h.boxes), Unsqueeze(input.present, [1])], { axis: 1 }),
    chances: Concat([...all.map((h) => Mul(Softmax(h.logits, { axis: 1 }), share)), trust], { axis: 1 }),
  };
}

/** 1 for the last of `total` boxes where there is no present one, 0 elsewhere: [N, total]. */
function impossible({ hasPresent }: LayoutModelInput, total: number): Value {
  const last = Array.from({ length: total }, (_, i) => Number(i === total - 1));
  return Mul(Sub(1, hasPresent), hasPresent.graph.constant(last, { shape: [1, total] }));
}

/** The inputs of a whole graph under their names. */
export function layoutInputs(graph: Graph, batch: number): LayoutModelInput {
  const float = (name: string, ...shape: number[]) => graph.input(name, 'float32', [batch, ...shape]);
  const ids = (name: string) => graph.input(name, 'int64', [batch]);
  return {
    person: float('person', 4),
    aspect: float('aspect', 1),
    verb: ids('verb'),
    object: ids('object'),
    keypoints: float('keypoints', POINTS, 3),
    present: float('present', 4),
    hasPresent: float('has_present', 1),
  };
}

/** A whole graph: `layoutInputs` -> `box` [batch, 4] and `expected` [batch, 1], see `bestLayout`. */
export function layoutGraph(config: LayoutModelConfig, options: { batch: number }): Graph {
  const graph = new Graph('layout');
  const { box, expected } = bestLayout(scope(graph), config, layoutInputs(graph, options.batch));
  graph.output('box', box);
  graph.output('expected', expected);
  return graph;
}

/** GIoU's penalty (Rezatofighi et al. 2019): the share of the hull that neither box covers, [..., 1]; it pulls boxes that do not touch. */
export function apartness(a: Value, b: Value): Value {
  const [p, q] = [a, b].map((box) => [0, 1, 2, 3].map((i) => column(box, i)));
  const area = ([x1, y1, x2, y2]: Value[]) => Mul(Max(Sub(x2, x1), 0), Max(Sub(y2, y1), 0));
  const common = Mul(Max(Sub(Min(p[2], q[2]), Max(p[0], q[0])), 0), Max(Sub(Min(p[3], q[3]), Max(p[1], q[1])), 0));
  const union = Sub(Add(area(p), area(q)), common);
  const hull = Mul(Sub(Max(p[2], q[2]), Min(p[0], q[0])), Sub(Max(p[3], q[3]), Min(p[1], q[1])));
  return Div(Sub(hull, union), Max(hull, 1e-6));
}
