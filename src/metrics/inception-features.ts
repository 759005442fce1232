// Features of pictures for Fréchet and kernel distances, and logits for Inception Scores, by networks that the user has.
import { ContrappostoError } from '../core/errors.js';
import { type Image, resizeImage } from '../core/image.js';
import { floats, type Tensor, type WeightSource } from '../core/tensor.js';
import { INCEPTION_WIDTHS, type InceptionResize, type InceptionWidth, inceptionV3Graph } from '../models/index.js';
import type { RunOptions, Runtime } from '../runtime/index.js';
import { openSafetensors, renamedSource } from '../weights/index.js';

export interface FeatureNetwork {
  /** Names the network, the place and the rule of resizing: distances of two names do not compare. */
  readonly name: string;
  /** Length of a feature vector. */
  readonly width: number;
  /** Throws `shape`, `aborted`. */
  features(image: Image, options?: RunOptions): Promise<Float32Array>;
  close(): void;
}

export interface InceptionNetwork extends FeatureNetwork {
  /** The 1,008 logits without bias that Inception Scores are computed of. Throws `shape`, `aborted`. */
  logits(image: Image, options?: RunOptions): Promise<Float32Array>;
}

/** The parameter that tells where the network begins in a state dictionary. */
const FIRST = 'Conv2d_1a_3x3.conv.weight';
const WEIGHTS_HINT =
  'convert the state dictionary of pytorch-fid or torch-fidelity (pt_inception-2015-12-05) to safetensors, names as they are';

/**
 * InceptionV3 of the Fréchet inception distance over the user's weights.
 *
 * @param options.weights safetensors file with the names of pytorch-fid and torch-fidelity, with or without a prefix
 * @param options.width 64, 192, 768 or 2048 (default)
 * @param options.resize default `tensorflow`, as torch-fidelity and the first implementation
 * @throws `not-found` without the file, `unsupported` for weights of another network
 */
export function openInceptionV3(
  runtime: Runtime,
  options: { weights: string; width?: InceptionWidth; resize?: InceptionResize },
): InceptionNetwork {
  const { weights: path, width = 2048, resize = 'tensorflow' } = options;
  if (!INCEPTION_WIDTHS.includes(width)) {
    throw new ContrappostoError('usage', {
      operation: 'InceptionV3',
      expected: `a width of ${INCEPTION_WIDTHS.join(', ')}`,
      got: `${width}`,
    });
  }
  const file = openSafetensors(path);
  const weights = withoutPrefix(file, path);
  const run = async (image: Image, { signal }: RunOptions, logits: boolean) => {
    const { widthPx, heightPx } = image;
    const graph = inceptionV3Graph({ batch: 1, heightPx, widthPx, resize, logits, widths: logits ? [] : [width] });
    const session = await runtime.session(graph, weights, { signal });
    return session.run({ pictures: pictureTensor(image) }, { signal });
  };
  return {
    name: `InceptionV3-${width}-${resize}`,
    width,
    features: async (image, given = {}) => floats((await run(image, given, false))[`features_${width}`]),
    logits: async (image, given = {}) => floats((await run(image, given, true)).logits),
    close: () => file.close(),
  };
}

/** The weights under the network's own names; a state dictionary of a larger module has a prefix before them. */
function withoutPrefix(file: WeightSource, path: string): WeightSource {
  const names = [...file.names()];
  const first = names.find((name) => name === FIRST || name.endsWith(`.${FIRST}`));
  if (first === undefined) {
    throw new ContrappostoError('unsupported', {
      operation: `InceptionV3 weights "${path}"`,
      expected: `a tensor ${FIRST}`,
      got: `${names.length} others, such as ${names[0] ?? 'none'}`,
      hint: WEIGHTS_HINT,
    });
  }
  const prefix = first.slice(0, -FIRST.length);
  const own = names.filter((name) => name.startsWith(prefix));
  return renamedSource(file, new Map(own.map((name) => [name.slice(prefix.length), name])));
}

/** What values a network wants its pixels in: bytes 0 to 255, [0, 1], or [-1, 1]. */
export type PixelRange = 'byte' | 'unit' | 'signed';
const FROM_BYTES: Readonly<Record<PixelRange, (v: number) => number>> = {
  byte: (v) => v,
  unit: (v) => v / 255,
  signed: (v) => v / 127.5 - 1,
};

/**
 * Any network in an ONNX file with one picture as input, [1, 3, H, W] of floats or bytes: InceptionV3 as others exported
 * it, or another one. Pictures are stretched to its size by an anti-aliasing filter; outputs [1, C, h, w] are averaged.
 *
 * @param options.output which output holds the features; needed where there are several
 * @param options.range of the pixels; default `unit`. Other normalisation has to be part of the file.
 * @param options.sidePx for a network that takes any size
 * @throws `not-found`, `corrupt-file`, `unsupported` for another kind of network, `usage`
 */
export async function openOnnxFeatures(
  runtime: Runtime,
  path: string,
  options: { output?: string; range?: PixelRange; sidePx?: number } = {},
): Promise<FeatureNetwork> {
  const { range = 'unit', sidePx } = options;
  const operation = `features of "${path}"`;
  // Slow to load, and few need it.
  const { readOnnx } = await import('../graph/onnx/read-onnx.js');
  const model = readOnnx(path);
  const [input] = model.inputs;
  if (model.inputs.length !== 1 || input.shape?.length !== 4 || !['float32', 'uint8'].includes(input.dtype)) {
    const got = model.inputs.map(({ name, dtype, shape }) => `${name} ${dtype} [${shape}]`).join(', ');
    throw new ContrappostoError('unsupported', { operation, expected: 'one input [1, 3, H, W]', got });
  }
  const output = chooseOutput(model.outputs, { wanted: options.output, operation });
  const sizes = [1, 3, sidePx, sidePx];
  const open = input.shape.flatMap((size, axis) => (typeof size === 'string' ? [[size, sizes[axis]] as const] : []));
  if (open.some(([, size]) => size === undefined)) {
    throw new ContrappostoError('usage', {
      operation,
      expected: 'sidePx',
      got: `a network of any size [${input.shape}]`,
    });
  }
  const bound = model.bind(
    Object.fromEntries(open.filter(([name]) => model.dimensions.includes(name))) as Record<string, number>,
  );
  const [, channels, heightPx, widthPx] = bound.inputs.get(input.name)!.shape;
  if (channels !== 3) {
    throw new ContrappostoError('unsupported', { operation, expected: '3 channels', got: `${channels}` });
  }
  const session = await runtime.foreignSession(bound);
  const look = async (image: Image, { signal }: RunOptions) => {
    const sized = await resizeImage(image, { widthPx, heightPx });
    const feed = planar(sized, { dtype: input.dtype as 'float32' | 'uint8', range });
    return averaged((await session.run({ [input.name]: feed }, { signal }))[output], operation);
  };
  const { length: width } = await look({ widthPx: 1, heightPx: 1, data: new Uint8Array(3) }, {});
  return {
    name: `${model.name}-${output}`,
    width,
    features: (image, given = {}) => look(image, given),
    close: () => void session.release(),
  };
}

function chooseOutput(
  outputs: readonly { name: string }[],
  { wanted, operation }: { wanted: string | undefined; operation: string },
): string {
  const names = outputs.map(({ name }) => name);
  if (wanted === undefined && names.length === 1) return names[0];
  if (wanted !== undefined && names.includes(wanted)) return wanted;
  const got = wanted === undefined ? 'none chosen' : `"${wanted}"`;
  throw new ContrappostoError('usage', { operation, expected: `an output of ${names.join(', ')}`, got });
}

/** Bytes or floats [1, 3, H, W]. */
function planar(
  { widthPx, heightPx, data }: Image,
  { dtype, range }: { dtype: 'float32' | 'uint8'; range: PixelRange },
): Tensor {
  const plane = widthPx * heightPx;
  const shape = [1, 3, heightPx, widthPx];
  const values = dtype === 'uint8' ? new Uint8Array(3 * plane) : new Float32Array(3 * plane);
  const value = dtype === 'uint8' ? FROM_BYTES.byte : FROM_BYTES[range];
  for (let i = 0; i < plane; i++) for (let c = 0; c < 3; c++) values[c * plane + i] = value(data[3 * i + c]);
  return { dtype, shape, data: values };
}

/** The mean over all places of a map. */
function averaged(tensor: Tensor, operation: string): Float32Array {
  const values = floats(tensor);
  const [batch, channels, ...space] = tensor.shape;
  const places = space.reduce((a, b) => a * b, 1);
  if (batch !== 1 || !channels || places === 0) {
    throw new ContrappostoError('unsupported', {
      operation,
      expected: 'features [1, C, ...]',
      got: `[${tensor.shape}]`,
    });
  }
  return Float32Array.from({ length: channels }, (_, c) => {
    return values.subarray(c * places, (c + 1) * places).reduce((a, b) => a + b, 0) / places;
  });
}

function pictureTensor({ widthPx, heightPx, data }: Image): Tensor {
  return { dtype: 'uint8', shape: [1, heightPx, widthPx, 3], data };
}
