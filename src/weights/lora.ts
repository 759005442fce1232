// LoRA (Hu et al. 2021, "LoRA: low-rank adaptation of large language models", section 4.1) merged while weights are read:
// W' = W + strength * alpha / rank * B A, so that nothing else in the program knows of it.
import { ContrappostoError } from '../core/errors.js';
import { type Shape, sizeOf, type Tensor, type WeightSource } from '../core/tensor.js';
import type { Checkpoint, ModelFolder } from './checkpoint.js';
import { type LoraFile, type LoraLayer, openLora } from './lora/lora-file.js';
import type { LoraComponent } from './lora/lora-names.js';
import { layersOfUnet, renamed, unetNamePairs } from './unet-names.js';

export interface LoraOptions {
  path: string;
  /** How strongly it counts: 1 as trained, 0 not at all, negative away from it. */
  scale?: number;
}

/** A change that is due when a tensor is read. */
interface Change {
  layer: LoraLayer;
  strength: number;
}

/**
 * `checkpoint` with LoRA files merged into its networks. Nothing is computed before a tensor is read. Closing it closes
 * the files and the checkpoint.
 *
 * @example
 * const checkpoint = withLoras(openCheckpoint(folder), [{ path: 'style.safetensors', scale: 0.8 }]);
 *
 * @throws `invalid-input` when a file was made for other networks; whatever {@link openLora} throws. The checkpoint is
 * left open then.
 */
export function withLoras(checkpoint: Checkpoint, loras: readonly LoraOptions[]): Checkpoint {
  if (loras.length === 0) return checkpoint;
  const files: LoraFile[] = [];
  const closeFiles = () => {
    for (const file of files) file.close();
  };
  const merged = new Map<string, ModelFolder>();
  try {
    const changes = new Map<string, Map<string, Change[]>>();
    for (const { path, scale = 1 } of loras) {
      const file = openLora(path);
      files.push(file);
      for (const component of new Set(file.layers.map((layer) => layer.component))) {
        requireComponent(checkpoint, { component, path });
        const { weights } = checkpoint.component(component);
        const byTensor = changes.get(component) ?? new Map<string, Change[]>();
        changes.set(component, byTensor);
        collect(byTensor, { weights, component, file, scale });
      }
    }
    for (const [component, byTensor] of changes) {
      const { config, weights } = checkpoint.component(component);
      merged.set(component, { config, weights: mergedSource(weights, byTensor) });
    }
  } catch (error) {
    closeFiles();
    throw error;
  }
  return {
    ...checkpoint,
    component: (name) => merged.get(name) ?? checkpoint.component(name),
    close() {
      closeFiles();
      checkpoint.close();
    },
  };
}

function requireComponent(checkpoint: Checkpoint, { component, path }: { component: string; path: string }): void {
  if (checkpoint.components.includes(component)) return;
  throw new ContrappostoError('invalid-input', {
    operation: `merge LoRA "${path}"`,
    expected: `a checkpoint with ${component}`,
    got: `one with ${checkpoint.components.join(', ')}`,
    hint: 'the LoRA was made for another family of checkpoints',
  });
}

interface Collecting {
  weights: WeightSource;
  component: LoraComponent;
  file: LoraFile;
  scale: number;
}

/** Finds the tensor that each layer of the file changes, and checks that the shapes fit. */
function collect(byTensor: Map<string, Change[]>, { weights, component, file, scale }: Collecting): void {
  const modules = moduleNames(weights, component);
  const layers = file.layers.filter((layer) => layer.component === component);
  const unknown = layers.filter((layer) => !modules.has(lookUp(layer)));
  if (unknown.length > 0) {
    throw new ContrappostoError('invalid-input', {
      operation: `merge LoRA "${file.path}"`,
      expected: `modules of this checkpoint's ${component}`,
      got: `${unknown.length} of ${layers.length} that it does not have, such as ${unknown[0].module}`,
      hint: 'the LoRA was made for another family of checkpoints',
    });
  }
  for (const layer of layers) {
    const name = modules.get(lookUp(layer))!;
    const { shape } = weights.info(name);
    if (!fits(layer, shape)) {
      throw new ContrappostoError('invalid-input', {
        operation: `merge LoRA "${file.path}"`,
        expected: `a change of ${component} ${name} [${shape}]`,
        got: `down [${layer.downShape}] and up [${layer.upShape}]`,
        hint: 'the LoRA was made for another family of checkpoints',
      });
    }
    byTensor.set(name, [...(byTensor.get(name) ?? []), { layer, strength: layer.scale * scale }]);
  }
}

/** The product of up [O, r] and down [r, ...] has as many values as the tensor [O, ...], in the same order. */
function fits({ downShape, upShape }: LoraLayer, shape: Shape): boolean {
  const inner = (sides: Shape) =>
    sides
      .slice(1)
      .filter((side, axis) => axis === 0 || side !== 1)
      .join();
  return upShape[0] === shape[0] && inner(downShape) === inner(shape);
}

const flatten = (module: string) => module.replaceAll('.', '_');
const lookUp = ({ module, flat }: LoraLayer) => (flat ? module : flatten(module));

/** Flat names of modules, in every way of naming them, -> the tensor `MODULE.weight`. */
function moduleNames(weights: WeightSource, component: LoraComponent): Map<string, string> {
  const modules = new Map<string, string>();
  const names = [...weights.names()].filter((name) => name.endsWith('.weight'));
  const pairs = component === 'unet' ? unetNamePairs(layersOfUnet(names)).map(([a, b]) => [b, a] as const) : [];
  for (const name of names) {
    const module = name.slice(0, -'.weight'.length);
    // kohya's scripts name SDXL's UNet as the original code does.
    const original = renamed(module, pairs);
    if (original) modules.set(flatten(original), name);
    // Some checkpoints have no `text_model.` before the names of their text encoders, some LoRA files neither.
    if (component !== 'unet') {
      const bare = module.replace(/^text_model\./, '');
      modules.set(flatten(bare), name).set(flatten(`text_model.${bare}`), name);
    }
    modules.set(flatten(module), name);
  }
  return modules;
}

/** `source` with the changes added to what is read, in float32. */
function mergedSource(source: WeightSource, changes: ReadonlyMap<string, readonly Change[]>): WeightSource {
  return {
    has: (name) => source.has(name),
    names: () => source.names(),
    info: (name) => source.info(name),
    read(name) {
      const tensor = source.read(name);
      return (changes.get(name) ?? []).reduce(merge, tensor);
    },
    quantised: (name) => (changes.has(name) ? undefined : source.quantised?.(name)),
    locate: (name) => (changes.has(name) ? undefined : source.locate?.(name)),
  };
}

function merge(tensor: Tensor, { layer, strength }: Change): Tensor {
  const data = Float32Array.from(tensor.data as Float32Array);
  const { down, up } = layer.read();
  const [rows, rank] = layer.upShape;
  const columns = sizeOf(tensor.shape) / rows;
  for (let row = 0; row < rows; row++) {
    const target = data.subarray(row * columns, (row + 1) * columns);
    for (let r = 0; r < rank; r++) {
      const factor = strength * up[row * rank + r];
      const from = r * columns;
      for (let c = 0; c < columns; c++) target[c] += factor * down[from + c];
    }
  }
  return { dtype: 'float32', shape: tensor.shape, data };
}
