// Recomputes a ResNet whose weights the file describes by a closed formula.
import { ContrappostoError } from '../core/errors.js';
import { float32, floats, sizeOf, type Tensor, type WeightSource } from '../core/tensor.js';
import type { Graph } from '../graph/index.js';
import { RESNET_DEPTHS, type ResNetDepth, resNetGraph } from '../models/index.js';
import { memorySource } from '../weights/index.js';
import { metadataNumber, metadataText, type ParityFamily, type ReferenceFile } from './family.js';
import { compare, EVALUATION_TOLERANCE } from './report.js';

const NUMBER = '(-?\\d+(?:\\.\\d+)?(?:e-?\\d+)?)';

/** The formula as the metadata writes it; its numbers are read, its form has to be this one. */
const FORMULA = new RegExp(
  `^param k element i = sin\\(${NUMBER} i \\+ ${NUMBER} k \\+ seed\\) \\* ` +
    `\\(sqrt\\(${NUMBER}/fan_in\\) for kernels, ${NUMBER} for vectors\\) \\+ ${NUMBER} for norm weights`,
);

/** `resnet<depth>-io.safetensors`: `x` [N, 3, H, W] -> `layer1` to `layer4`, `layer4_mean` [N, D], `logits`. */
export const residualNetworks: ParityFamily = {
  stem: 'resnet50-io',
  accepts: (file) => file.names.has('x') && depthOf(file) !== undefined,
  async recompute(file, { runtime }) {
    const x = file.read('x');
    const [batch, , height, width] = x.shape;
    const classes = file.names.has('logits') ? file.read('logits').shape[1] : 0;
    const graph = resNetGraph({ depth: depthOf(file) ?? 50, classes }, { batch, height, width });
    const session = await runtime.session(graph, formulaWeights(file, graph));
    const { pooled, ...out } = await session.run({ pixel_values: x });
    await session.release();
    const results: Record<string, Tensor> = { ...out, layer4_mean: pooled };
    const checks = Object.entries(results)
      .filter(([tensor]) => file.names.has(tensor))
      .map(([tensor, ours]) =>
        compare({ file: file.path, tensor, tolerance: EVALUATION_TOLERANCE }, floats(ours), file.read(tensor)),
      );
    return { checks, inputs: ['x'] };
  },
};

/** The depth that the file's name or its formula tells, e.g. `torchvision resnet50`. */
function depthOf(file: ReferenceFile): ResNetDepth | undefined {
  const told = /resnet-?(\d+)/.exec(`${file.path.split('/').at(-1)} ${file.metadata.weights ?? ''}`);
  return RESNET_DEPTHS.find((depth) => depth === Number(told?.[1]));
}

/** Parameters are counted in the graph's order, which is that of torchvision's `named_parameters`. */
function formulaWeights(file: ReferenceFile, graph: Graph): WeightSource {
  const formula = metadataText(file, 'weights') ?? '';
  const match = FORMULA.exec(formula);
  if (!match) {
    throw new ContrappostoError('unsupported', {
      operation: `weights of ${file.path}`,
      expected: 'the formula "param k element i = sin(A i + B k + seed) * (sqrt(C/fan_in) ..."',
      got: formula || 'none',
    });
  }
  const [perElement, perParameter, gain, vectorScale, normOffset] = match.slice(1).map(Number);
  const seed = metadataNumber(file, 'seed');
  const tensors: Record<string, Tensor> = {};
  let k = 0;
  for (const { name, shape } of graph.parameters.values()) {
    const data = new Float32Array(sizeOf(shape));
    if (name.endsWith('running_mean') || name.endsWith('running_var')) {
      tensors[name] = float32(name.endsWith('var') ? data.fill(1) : data, shape); // buffers, which are not counted
      continue;
    }
    const vector = shape.length === 1;
    const scale = vector ? vectorScale : Math.sqrt(gain / sizeOf(shape.slice(1)));
    const offset = vector && name.endsWith('weight') ? normOffset : 0;
    const phase = perParameter * k++ + seed;
    for (let i = 0; i < data.length; i++) data[i] = Math.sin(perElement * i + phase) * scale + offset;
    tensors[name] = float32(data, shape);
  }
  return memorySource(tensors);
}
