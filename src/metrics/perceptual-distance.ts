// LPIPS (Zhang et al. 2018): how different two pictures look, by networks whose weights the user has.
import { ContrappostoError } from '../core/errors.js';
import type { Image } from '../core/image.js';
import { floats, type WeightSource } from '../core/tensor.js';
import { MIN_PERCEPTUAL_SIDE_PX, type PerceptualNetwork, perceptualDistanceGraph } from '../models/index.js';
import type { RunOptions, Runtime } from '../runtime/index.js';
import { mergeSources, openSafetensors, renamedSource } from '../weights/index.js';

export interface PerceptualDistance {
  readonly network: PerceptualNetwork;
  /**
   * At least 0, and 0 for equal pictures; not bounded above, about 0.7 for unrelated photographs.
   * Throws `shape` for two sizes or sides that are too small, `aborted`.
   */
  distance(a: Image, b: Image, options?: RunOptions): Promise<number>;
  close(): void;
}

const HINT =
  'give safetensors of torchvision’s alexnet or vgg16 (features.N.weight) and of LPIPS’s linear layers (lin0.model.1.weight, ...), ' +
  'or of the whole LPIPS module';

/**
 * Opens LPIPS, version 0.1, with learned linear layers. Convolutions may be named as in torchvision (`features.0.weight`)
 * or as in the LPIPS module (`net.slice1.0.weight`).
 *
 * @param options.weights one or more safetensors files that have all of it between them
 * @throws `not-found` without a file, `unsupported` when a tensor is missing
 */
export function openPerceptualDistance(
  runtime: Runtime,
  options: { network: PerceptualNetwork; weights: readonly string[] },
): PerceptualDistance {
  const { network } = options;
  const files = options.weights.map((path) => openSafetensors(path));
  const weights = namedAsTorchvision(mergeSources(...files), network);
  const smallest = MIN_PERCEPTUAL_SIDE_PX[network];
  return {
    network,
    async distance(a, b, { signal } = {}) {
      const { widthPx, heightPx } = a;
      if (b.widthPx !== widthPx || b.heightPx !== heightPx || Math.min(widthPx, heightPx) < smallest) {
        throw new ContrappostoError('shape', {
          operation: 'LPIPS',
          expected: `two pictures of one size, at least ${smallest} pixels each way`,
          got: `${widthPx} x ${heightPx} and ${b.widthPx} x ${b.heightPx}`,
          hint: 'resize or crop one of them; a measure must not do that silently',
        });
      }
      const graph = perceptualDistanceGraph(network, { batch: 1, heightPx, widthPx });
      const session = await runtime.session(graph, weights, { signal });
      const feed = ({ data }: Image) => ({ dtype: 'uint8' as const, shape: [1, heightPx, widthPx, 3], data });
      const out = await session.run({ a: feed(a), b: feed(b) }, { signal });
      return floats(out.distance)[0];
    },
    close() {
      for (const file of files) file.close();
    },
  };
}

function namedAsTorchvision(source: WeightSource, network: PerceptualNetwork): WeightSource {
  const names = new Map<string, string>();
  for (const name of source.names()) names.set(name.replace(/^net\.slice\d\.(\d+)\./, 'features.$1.'), name);
  const { parameters } = perceptualDistanceGraph(network, { batch: 1, heightPx: 64, widthPx: 64 });
  const missing = [...parameters.keys()].filter((name) => !names.has(name));
  if (missing.length === 0) return renamedSource(source, names);
  throw new ContrappostoError('unsupported', {
    operation: `LPIPS weights of ${network}`,
    expected: `a tensor ${missing[0]}`,
    got: `${names.size} tensors without it`,
    hint: HINT,
  });
}
