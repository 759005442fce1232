// Guidance of LLM-grounded diffusion: each head attends to an object inside its box, and as where it was drawn alone.
import { float32, floats, type Tensor } from '../../core/tensor.js';
import { topCounts } from '../../diffusion/attention-control/box-loss.js';
import {
  attentionSites,
  type CanvasBox,
  type CrossTaps,
  type GradientPass,
  type MapLoss,
  openGradientPass,
  type Resolution,
  resolutionName,
} from '../../diffusion/attention-control/index.js';
import type { Pipeline } from '../../diffusion/pipeline.js';
import type { MoveStep } from '../../diffusion/sampling.js';
import type { TextCondition } from '../../diffusion/text-condition.js';
import {
  Abs,
  Add,
  Div,
  type Graph,
  MatMul,
  Mul,
  ReduceMean,
  ReduceSum,
  Reshape,
  Sub,
  TopK,
  Transpose,
  type Value,
} from '../../graph/index.js';
import { type LmdSettings, updatesAt } from './lmd-settings.js';
import { atLeastACell, boxMask } from './regions.js';
import { descended, rootMeanSquare } from './token-guidance.js';

/** An object of a text, and where it belongs. */
export interface GroundedObject {
  box: CanvasBox;
  /** Positions of its phrase in the text that is attended to. */
  tokens: readonly number[];
}

/** Attention to one object [T] by layer. */
export type LayerMaps = ReadonlyMap<string, Float32Array>;

export interface GuidedLayer {
  name: string;
  resolution: Resolution;
  heads: number;
}

export interface LmdStep extends MoveStep {
  steps: number;
  condition: TextCondition;
  objects: readonly GroundedObject[];
  /** Maps of each object drawn alone, to be followed. */
  references?: readonly LayerMaps[];
}

export interface LmdGuidance {
  readonly layers: readonly GuidedLayer[];
  /** Moves latents [1, C, h, w] before a step, and gives each object's maps as they were before the last update. */
  move(latents: Tensor, at: LmdStep): Promise<{ latents: Tensor; maps: LayerMaps[] }>;
}

export interface LmdGuidancePlan {
  condition: TextCondition;
  size: { heightPx: number; widthPx: number };
  settings: LmdSettings;
  /** Objects, and tokens of one, that the session has room for. */
  room: { objects: number; tokens: number };
  signal?: AbortSignal;
}

const MAPS = 'maps:';
/** Keeps quotients finite where a map is empty. */
const TINY = 1e-8;

/** Opens one session for every object and for all together: who is guided where is among its inputs. */
export async function openLmdGuidance(pipeline: Pipeline, plan: LmdGuidancePlan): Promise<LmdGuidance> {
  const { condition, size, settings, room, signal } = plan;
  const layers = guidedLayers(pipeline, size);
  const names = new Set(layers.map(({ name }) => name));
  const pass = await openGradientPass(pipeline, {
    condition,
    size,
    signal,
    where: ({ name }) => names.has(name),
    loss: (taps) => lmdLoss(taps, { settings, room }),
  });
  const heads = Math.max(...layers.map((layer) => layer.heads));
  return {
    layers,
    async move(latents, at) {
      const text = {
        encoder_hidden_states: at.condition.tokens,
        ...pipeline.addedConditions([at.condition], size),
      };
      const feeds = { ...text, ...lmdFeeds(at, { layers, settings, room }) };
      return updated(pass, { latents, at, feeds, settings, threshold: settings.lossPerHead * heads, signal });
    },
  };
}

/** The middle, and the first block on the way up that attends to text. */
function guidedLayers(pipeline: Pipeline, size: { heightPx: number; widthPx: number }): GuidedLayer[] {
  const { scaleFactor } = pipeline.vae;
  const latent = { height: size.heightPx / scaleFactor, width: size.widthPx / scaleFactor };
  const sites = attentionSites(pipeline.unetConfig, latent).filter(({ kind }) => kind === 'cross');
  const first = Math.min(...sites.filter(({ part }) => part === 'up').map(({ level }) => level));
  const guided = sites.filter(({ part, level }) => part === 'mid' || (part === 'up' && level === first));
  // A network without either is guided where it attends at all.
  return (guided.length > 0 ? guided : sites).map(({ name, resolution, heads }) => ({ name, resolution, heads }));
}

interface LossContext {
  settings: LmdSettings;
  room: { objects: number; tokens: number };
}

/** The energy of LMD over all layers, and the distance to the references; weights of 0 leave objects and tokens out. */
export function lmdLoss(taps: Pick<CrossTaps, 'layers'>, { settings, room }: LossContext): MapLoss {
  const [{ probs }] = taps.layers;
  const { graph } = probs;
  const columns = graph.input('token_columns', 'float32', [probs.shape[3], room.objects * room.tokens]);
  const weights = graph.input('token_weights', 'float32', [room.objects, room.tokens]);
  const parts = taps.layers.map(({ site, probs: layer }) =>
    layerLoss(layer, { name: site.name, resolution: site.resolution, columns, weights, settings, room }),
  );
  const layout = Div(parts.map((part) => part.layout).reduce(Add), parts.length);
  const transfer = Div(parts.map((part) => part.transfer).reduce(Add), parts.length);
  const weight = Reshape(graph.input('transfer_weight', 'float32', [1]), []);
  const loss = Mul(Add(layout, Mul(weight, transfer)), settings.lossScale);
  return { loss, outputs: { layout, ...Object.fromEntries(parts.map(({ name, maps }) => [MAPS + name, maps])) } };
}

interface LayerContext extends LossContext {
  name: string;
  resolution: Resolution;
  columns: Value;
  weights: Value;
}

function layerLoss(probs: Value, { name, resolution, columns, weights, settings, room }: LayerContext) {
  const [, heads, queries, tokens] = probs.shape;
  const { graph } = probs;
  const chosen = MatMul(Reshape(probs, [heads * queries, tokens]), columns); // [heads * T, K * P]
  const byToken = Transpose(Reshape(chosen, [heads, queries, room.objects, room.tokens]), [2, 3, 0, 1]); // [K, P, heads, T]
  const at = resolutionName(resolution);
  const mask = maskInput(graph, `mask:${at}`, { objects: room.objects, queries });
  const inside = topMean(Mul(byToken, mask), maskInput(graph, `inside:${at}`, { objects: room.objects, queries }));
  const outside = topMean(
    Mul(byToken, Sub(1, mask)),
    maskInput(graph, `outside:${at}`, { objects: room.objects, queries }),
  );
  const perHead = Add(Sub(1, inside), Mul(outside, settings.outsideWeight)); // [K, P, heads]
  const perToken = ReduceSum(perHead, { axes: [2], keepdims: false }); // [K, P]
  const layout = ReduceSum(Mul(perToken, weights), { keepdims: false });

  const overHeads = ReduceMean(byToken, { axes: [2], keepdims: false }); // [K, P, T]
  const weighted = Mul(overHeads, Reshape(weights, [room.objects, room.tokens, 1]));
  const maps = ReduceSum(weighted, { axes: [1], keepdims: false }); // [K, T]
  const inBox = Mul(maps, Reshape(mask, [room.objects, queries]));
  const normalised = Div(inBox, Add(ReduceSum(inBox, { axes: [1], keepdims: true }), TINY));
  const reference = graph.input(`reference:${name}`, 'float32', [room.objects, queries]);
  const used = ReduceSum(weights, { axes: [1], keepdims: false }); // [K]: 1 / objects, 0 for those left out
  const apart = ReduceSum(Abs(Sub(normalised, reference)), { axes: [1], keepdims: false }); // [K]
  return { name, layout, maps, transfer: ReduceSum(Mul(apart, used), { keepdims: false }) };
}

/** Several layers of one resolution share their masks. */
function maskInput(graph: Graph, name: string, { objects, queries }: { objects: number; queries: number }): Value {
  return graph.inputs.get(name) ?? graph.input(name, 'float32', [objects, 1, 1, queries]);
}

/** Mean of the largest values of the last axis; `shares` holds one over their number as often as they are, then zeros. */
function topMean(values: Value, shares: Value): Value {
  const [sorted] = TopK(values, values.shape[values.shape.length - 1]);
  return ReduceSum(Mul(sorted, shares), { axes: [-1], keepdims: false });
}

export function lmdFeeds(
  { objects, references, condition }: Pick<LmdStep, 'objects' | 'references' | 'condition'>,
  { layers, settings, room }: LossContext & { layers: readonly GuidedLayer[] },
): Record<string, Tensor> {
  const width = condition.tokens.shape[1];
  const slots = room.objects * room.tokens;
  const columns = new Float32Array(width * slots);
  const weights = new Float32Array(slots);
  objects.forEach(({ tokens }, k) => {
    const used = tokens.slice(0, room.tokens);
    used.forEach((token, p) => {
      columns[token * slots + k * room.tokens + p] = 1;
      weights[k * room.tokens + p] = 1 / (used.length * objects.length);
    });
  });
  const feeds: Record<string, Tensor> = {
    token_columns: float32(columns, [width, slots]),
    token_weights: float32(weights, [room.objects, room.tokens]),
    transfer_weight: float32([references ? settings.transferWeight : 0], [1]),
  };
  for (const { name, resolution } of layers) {
    const queries = resolution[0] * resolution[1];
    Object.assign(feeds, boxInputs(objects, { resolution, objects: room.objects, topFraction: settings.topFraction }));
    const reference = new Float32Array(room.objects * queries);
    references?.forEach((maps, k) => {
      reference.set(normalisedInBox(maps.get(name)!, { box: objects[k].box, resolution }), k * queries);
    });
    feeds[`reference:${name}`] = float32(reference, [room.objects, queries]);
  }
  return feeds;
}

function boxInputs(
  grounded: readonly GroundedObject[],
  { resolution, objects, topFraction }: { resolution: Resolution; objects: number; topFraction: number },
): Record<string, Tensor> {
  const [height, width] = resolution;
  const queries = height * width;
  const [mask, inside, outside] = [0, 1, 2].map(() => new Float32Array(objects * queries));
  grounded.forEach(({ box }, k) => {
    const cells = atLeastACell(box, resolution);
    mask.set(boxMask(cells, { height, width }), k * queries);
    const area = mask.subarray(k * queries, (k + 1) * queries).reduce((a, b) => a + b, 0);
    const counts = topCounts({ area, cells: queries }, topFraction);
    inside.fill(1 / counts.inside, k * queries, k * queries + counts.inside);
    if (counts.outside > 0) outside.fill(1 / counts.outside, k * queries, k * queries + counts.outside);
  });
  const shape = [objects, 1, 1, queries];
  const at = resolutionName(resolution);
  return {
    [`mask:${at}`]: float32(mask, shape),
    [`inside:${at}`]: float32(inside, shape),
    [`outside:${at}`]: float32(outside, shape),
  };
}

/** A map inside the box, of sum 1. */
function normalisedInBox(
  map: Float32Array,
  { box, resolution }: { box: CanvasBox; resolution: Resolution },
): Float32Array {
  const mask = boxMask(atLeastACell(box, resolution), { height: resolution[0], width: resolution[1] });
  const inBox = map.map((v, i) => v * mask[i]);
  const sum = inBox.reduce((a, b) => a + b, TINY);
  return inBox.map((v) => v / sum);
}

interface Update {
  latents: Tensor;
  at: LmdStep;
  feeds: Record<string, Tensor>;
  settings: LmdSettings;
  threshold: number;
  signal?: AbortSignal;
}

async function updated(
  pass: GradientPass,
  { latents, at, feeds, settings, threshold, signal }: Update,
): Promise<{ latents: Tensor; maps: LayerMaps[] }> {
  const { index, timestep, run, steps, objects } = at;
  const most = updatesAt(settings, { index, steps });
  let moved = latents;
  let maps: LayerMaps[] = [];
  for (let n = 0; n < most; n++) {
    const seen = float32(run.scaleModelInput(index, floats(moved)), moved.shape);
    const { gradient, outputs } = await pass.run(seen, { timestep, feeds, signal });
    maps = objects.map((_, k) => mapsOf(outputs, k));
    if (!(floats(outputs.layout)[0] > threshold)) break;
    const slope = run.scaleModelInput(index, gradient);
    const [level] = run.addNoise(index, new Float32Array(1), new Float32Array([1])); // sqrt(1 - alpha_bar)
    const scale = settings.stepRule === 'raw' ? 1 : settings.stepRule.relative / rootMeanSquare(slope);
    moved = descended(moved, slope, level * scale);
  }
  return { latents: moved, maps };
}

function mapsOf(outputs: Readonly<Record<string, Tensor>>, k: number): LayerMaps {
  return new Map(
    Object.entries(outputs).flatMap(([name, map]) => {
      if (!name.startsWith(MAPS)) return [];
      const queries = map.shape[1];
      return [[name.slice(MAPS.length), floats(map).slice(k * queries, (k + 1) * queries)] as const];
    }),
  );
}
