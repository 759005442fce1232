// Recomputes a network's prediction, the attention probabilities inside it, and gradients of losses on either.
import { float32, floats, type Tensor } from '../core/tensor.js';
import { Add, gradient, liveParameters, Mul, ReduceMean, ReduceSum, Reshape, Sub, type Value } from '../graph/index.js';
import { type AttentionControl, parseUNet2DConditionConfig, unetGraph } from '../models/index.js';
import { metadata, metadataNumber, type ParityFamily, type ReferenceFile } from './family.js';
import { type Check, compare, EVALUATION_TOLERANCE } from './report.js';

const PROBABILITIES = 'attn.';
const PARAMETER_GRADIENT = 'grad.';

/**
 * `attention-grad.safetensors`: `eps`, `attn.<layer>` [heads, T, S] and `mean_cross_16`; `loss` of those maps, and `mse`
 * of the prediction, with gradients with respect to the latents and, of the latter, to every parameter.
 */
export const attentionMaps: ParityFamily = {
  stem: 'attention-grad',
  async recompute(file, { checkpoint, runtime }) {
    const { config, weights } = checkpoint().component('unet');
    const { graph, parameters } = lossGraph(file, config);
    const session = await runtime.session(graph, weights);
    const outputs = await session.run({
      sample: file.read('sample'),
      timestep: float32([metadataNumber(file, 'timestep')], [1]),
      encoder_hidden_states: file.read('encoder_hidden_states'),
      ...given(file, ['weight_map', 'noise_target']),
    });
    await session.release();
    const checks = Object.entries(outputs)
      .filter(([tensor]) => file.names.has(tensor))
      .map(([tensor, ours]) => check(file, tensor, floats(ours)));
    if (file.names.has('param_grad_norms')) {
      checks.push(check(file, 'param_grad_norms', parameterNorms(file, outputs, parameters)));
    }
    return { checks, inputs: ['sample', 'encoder_hidden_states', 'weight_map', 'noise_target'] };
  },
};

function check(file: ReferenceFile, tensor: string, ours: ArrayLike<number>): Check {
  return compare({ file: file.path, tensor, tolerance: EVALUATION_TOLERANCE }, ours, file.read(tensor));
}

function given(file: ReferenceFile, names: readonly string[]): Record<string, Tensor> {
  return Object.fromEntries(names.filter((name) => file.names.has(name)).map((name) => [name, file.read(name)]));
}

/** The network with all that the file holds as outputs. */
function lossGraph(file: ReferenceFile, config: unknown) {
  const [batch, , height, width] = file.read('sample').shape;
  const tokens = file.read('encoder_hidden_states').shape[1];
  const queries = file.names.has('weight_map') ? file.read('weight_map').shape[0] : 0;
  const maps: Value[] = [];
  const tap: AttentionControl = (site, probs) => {
    const name = PROBABILITIES + site.name;
    if (file.names.has(name)) probs.graph.output(name, probs);
    if (site.kind === 'cross' && probs.shape[2] === queries) maps.push(ReduceMean(probs, { axes: [0, 1] }));
    return probs;
  };
  let parameters: Value[] = [];
  const outputs = (eps: Value) => {
    eps.graph.output('eps', eps);
    if (queries > 0) attentionLoss(file, maps);
    parameters = liveParameters(eps.graph);
    if (file.names.has('noise_target')) predictionLoss(file, eps, parameters);
  };
  const size = { batch, height, width, tokens };
  const graph = unetGraph(parseUNet2DConditionConfig(config), { ...size, attentionControl: tap, outputs });
  return { graph, parameters };
}

function attentionLoss(file: ReferenceFile, maps: readonly Value[]): void {
  const [{ graph }] = maps;
  const mean = Mul(
    maps.reduce((a, b) => Add(a, b)),
    1 / maps.length,
  );
  const shape = file.read('weight_map').shape; // [T, S]
  const all = Reshape(mean, shape);
  const loss = ReduceSum(Mul(all, graph.input('weight_map', 'float32', shape)), { keepdims: false });
  graph.output('mean_cross_16', all);
  graph.output('loss', loss);
  graph.output('grad_latents_attention_loss', gradient(graph, loss, [graph.inputs.get('sample')!])[0]);
}

function predictionLoss(file: ReferenceFile, eps: Value, parameters: readonly Value[]): void {
  const { graph } = eps;
  const difference = Sub(eps, graph.input('noise_target', 'float32', file.read('noise_target').shape));
  const loss = ReduceMean(Mul(difference, difference), { keepdims: false });
  const [latents, ...others] = gradient(graph, loss, [graph.inputs.get('sample')!, ...parameters]);
  graph.output('mse', loss);
  graph.output('grad_latents_mse', latents);
  for (const [i, { name }] of parameters.entries()) graph.output(PARAMETER_GRADIENT + name, others[i]);
}

/** Length of each parameter's gradient, in the file's order. */
function parameterNorms(file: ReferenceFile, outputs: Record<string, Tensor>, parameters: readonly Value[]): number[] {
  const known = new Set(parameters.map((p) => p.name));
  const names = metadata(file, 'param_names') as string[];
  return names.map((name) => {
    if (!known.has(name)) return Number.NaN;
    const squares = floats(outputs[PARAMETER_GRADIENT + name]).reduce((sum, v) => sum + v * v, 0);
    return Math.sqrt(squares);
  });
}
