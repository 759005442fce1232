// Recomputes a ControlNet's residuals and what the UNet makes of them.
import { float32, floats } from '../core/tensor.js';
import { controlNetGraph, parseControlNetConfig, parseUNet2DConditionConfig, unetGraph } from '../models/index.js';
import { metadataNumber, type ParityFamily } from './family.js';
import { diffusersClass } from './networks.js';
import { compare, EVALUATION_TOLERANCE } from './report.js';

/** `controlnet.safetensors`: `cond` [N, 3, H, W] in 0..1 -> `down<i>`, `mid` (scaled), and `unet_out` with them added. */
export const controlNetResiduals: ParityFamily = {
  stem: 'controlnet',
  async recompute(file, { checkpoint, network, runtime }) {
    const { config, weights } = network(diffusersClass('ControlNetModel'));
    const sample = file.read('sample');
    const [batch, , height, width] = sample.shape;
    const context = file.read('encoder_hidden_states');
    const size = { batch, height, width, tokens: context.shape[1] };
    const shared = {
      sample,
      timestep: float32([metadataNumber(file, 'timestep')], [1]),
      encoder_hidden_states: context,
    };
    const scale = float32([metadataNumber(file, 'conditioning_scale')], []);
    const control = await runtime.session(controlNetGraph(parseControlNetConfig(config), size), weights);
    const residuals = await control.run({ ...shared, cond: file.read('cond'), conditioning_scale: scale });
    await control.release();
    const unet = checkpoint().component('unet');
    const graph = unetGraph(parseUNet2DConditionConfig(unet.config), { ...size, residuals: true });
    const session = await runtime.session(graph, unet.weights);
    const { out } = await session.run({ ...shared, ...residuals });
    await session.release();
    const checks = Object.entries({ ...residuals, unet_out: out })
      .filter(([tensor]) => file.names.has(tensor))
      .map(([tensor, ours]) =>
        compare({ file: file.path, tensor, tolerance: EVALUATION_TOLERANCE }, floats(ours), file.read(tensor)),
      );
    return { checks, inputs: ['sample', 'encoder_hidden_states', 'cond'] };
  },
};
