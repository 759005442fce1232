// Loss and evaluation graphs of the mini scorer: contrastive over the batch, on varied renders.
import {
  Add,
  ArgMax,
  AveragePool,
  Cast,
  Div,
  Equal,
  Gather,
  Graph,
  LogSoftmax,
  Mul,
  Neg,
  ReduceMean,
  ReduceMin,
  ReduceSum,
  Reshape,
  Sub,
  scope,
  Transpose,
  Unsqueeze,
  type Value,
} from '../../graph/index.js';
import { clipImageEmbeds, clipLogits, clipTextEmbeds, parseClipConfig } from '../../models/index.js';
import { phrasingTokens } from '../mini-sd/denoiser-graphs.js';
import type { Vocabulary } from '../mini-sd/settings.js';
import { type ClipSettings, clipConfig, PIXEL_DEVIATION, PIXEL_MEAN } from './settings.js';

export interface ScorerSize {
  settings: ClipSettings;
  vocabulary: Vocabulary;
  batch: number;
}

/** Largest change of a picture before it is scored: what a generator gets wrong must not decide the score. */
const VARIATION = { contrast: 0.2, brightness: 0.1, noise: 0.06 };

/** Pictures [N, 3, H, W] in [0, 1] from the input `image`. */
function pictures(graph: Graph, { settings, batch }: ScorerSize): Value {
  const side = settings.pictureSize;
  const image = graph.input('image', 'uint8', [batch, side, side, 3]);
  return Transpose(Div(Cast(image, { to: 'float32' }), 255), [0, 3, 1, 2]);
}

/** The same pictures blurred, noised, paler or darker, each by its own draw. */
function varied(graph: Graph, x: Value): Value {
  const draw = (name: string) => graph.input(name, 'float32', [x.shape[0], 1, 1, 1]);
  const blurred = AveragePool(x, { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] });
  const softened = Add(x, Mul(Sub(blurred, x), draw('blur')));
  const contrast = Add(Mul(draw('contrast'), 2 * VARIATION.contrast), 1 - VARIATION.contrast);
  const brightness = Mul(Sub(draw('brightness'), 0.5), 2 * VARIATION.brightness);
  const toned = Add(Mul(Sub(softened, 0.5), contrast), Add(brightness, 0.5));
  const noise = Mul(graph.input('noise', 'float32', x.shape), Mul(draw('level'), VARIATION.noise));
  return Add(toned, noise);
}

/** Logits [pictures, texts] and whether two captions are the same, [texts, texts] of 0 and 1. */
function compare(graph: Graph, size: ScorerSize, x: Value): { logits: Value; same: Value } {
  const { settings, batch } = size;
  const config = parseClipConfig(clipConfig(settings, size.vocabulary));
  const p = scope(graph, 'clip');
  const channels = (values: number[]) => graph.constant(values, { shape: [1, 3, 1, 1] });
  const pixels = Div(Sub(x, channels(PIXEL_MEAN)), channels(PIXEL_DEVIATION));
  const tokens = phrasingTokens(graph, size); // int32 [N, T]
  const image = clipImageEmbeds(p, config, pixels);
  const text = clipTextEmbeds(p, config, Cast(tokens, { to: 'int64' }));
  const equal = Cast(Equal(Unsqueeze(tokens, [0]), Unsqueeze(tokens, [1])), { to: 'float32' }); // [N, N, T]
  const same = Reshape(ReduceMin(equal, { axes: [2] }), [batch, batch]);
  return { logits: clipLogits(p, { image, text }), same };
}

/**
 * Cross entropy of pictures over texts and of texts over pictures (Radford et al. 2021, figure 3), where every picture
 * whose caption is the same counts as right: rendered scenes repeat captions within a batch.
 */
export function scorerLoss(size: ScorerSize): Graph {
  const graph = new Graph('scorer_loss');
  const { logits, same } = compare(graph, size, varied(graph, pictures(graph, size)));
  const target = Div(same, ReduceSum(same, { axes: [1] }));
  const entropy = (x: Value) =>
    Neg(ReduceMean(ReduceSum(Mul(LogSoftmax(x, { axis: 1 }), target), { axes: [1] }), { keepdims: false }));
  const loss = Mul(Add(entropy(logits), entropy(Transpose(logits, [1, 0]))), 0.5);
  graph.output('loss', loss);
  graph.output('accuracy', accuracy({ logits, same }));
  return graph;
}

/** Share of pictures whose best text has the picture's own caption; the pictures are as rendered. */
export function scorerEvaluation(size: ScorerSize): Graph {
  const graph = new Graph('scorer_evaluation');
  graph.output('accuracy', accuracy(compare(graph, size, pictures(graph, size))));
  return graph;
}

function accuracy({ logits, same }: { logits: Value; same: Value }): Value {
  const batch = logits.shape[0];
  const best = ArgMax(logits, { axis: 1, keepdims: false }); // [N]
  const rows = logits.graph.constant(
    Array.from({ length: batch }, (_, n) => n * batch),
    { dtype: 'int64', shape: [batch] },
  );
  return ReduceMean(Gather(Reshape(same, [batch * batch]), Add(best, rows)), { keepdims: false });
}
