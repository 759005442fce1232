// Recomputes a T2I-Adapter's features.
import { floats } from '../core/tensor.js';
import { parseT2IAdapterConfig, t2iAdapterGraph } from '../models/index.js';
import type { ParityFamily } from './family.js';
import { diffusersClass } from './networks.js';
import { compare, EVALUATION_TOLERANCE } from './report.js';

/** `t2iadapter.safetensors`: `cond` [N, C, H, W] -> `feat0`, `feat1`, ... */
export const adapterFeatures: ParityFamily = {
  stem: 't2iadapter',
  async recompute(file, { network, runtime }) {
    const { config, weights } = network(diffusersClass('T2IAdapter'));
    const cond = file.read('cond');
    const [batch, , height, width] = cond.shape;
    const session = await runtime.session(
      t2iAdapterGraph(parseT2IAdapterConfig(config), { batch, height, width }),
      weights,
    );
    const features = await session.run({ cond });
    await session.release();
    const checks = Object.entries(features)
      .filter(([tensor]) => file.names.has(tensor))
      .map(([tensor, ours]) =>
        compare({ file: file.path, tensor, tolerance: EVALUATION_TOLERANCE }, floats(ours), file.read(tensor)),
      );
    return { checks, inputs: ['cond'] };
  },
};
