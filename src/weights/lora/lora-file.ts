// A LoRA file: for each module that it changes a down and an up projection and their strength.
import { ContrappostoError } from '../../core/errors.js';
import { floats, type Shape, sizeOf } from '../../core/tensor.js';
import { openSafetensors, type SafetensorsFile } from '../safetensors.js';
import { type LoraComponent, type LoraKey, parseLoraKey } from './lora-names.js';

/** The change of one module: `scale * up · down`. */
export interface LoraLayer {
  component: LoraComponent;
  module: string;
  /** Whether dots in the module's name are underscores. */
  flat: boolean;
  /** Shape of the projection to the rank: [rank, in] or [rank, in, kernel, kernel]. */
  downShape: Shape;
  /** [out, rank], or [out, rank, 1, 1]. */
  upShape: Shape;
  /** alpha / rank: 1 where the file says nothing. */
  scale: number;
  read(): { down: Float32Array; up: Float32Array };
}

export interface LoraFile {
  path: string;
  layers: LoraLayer[];
  close(): void;
}

/** Opens a LoRA file. Throws `unsupported` for other adapters, `invalid-input` for other files, `corrupt-file`. */
export function openLora(path: string): LoraFile {
  const file = openSafetensors(path);
  try {
    return { path, layers: layersOf(file, `open LoRA "${path}"`), close: () => file.close() };
  } catch (error) {
    file.close();
    throw error;
  }
}

interface Parts {
  key: LoraKey;
  down?: string;
  up?: string;
  alpha?: string;
}

function layersOf(file: SafetensorsFile, operation: string): LoraLayer[] {
  const modules = new Map<string, Parts>();
  for (const name of file.names()) {
    const key = parseLoraKey(name, operation);
    if (!key) throw foreign(operation, name);
    const id = `${key.component} ${key.module}`;
    const parts = modules.get(id) ?? { key };
    if (parts[key.role] !== undefined) throw damaged(operation, { expected: `one ${key.role} for ${id}`, got: 'two' });
    parts[key.role] = name;
    modules.set(id, parts);
  }
  if (modules.size === 0) throw foreign(operation, undefined);
  const adapter = adapterSettings(file, operation);
  return Array.from(modules, ([id, parts]) => layerOf(file, { id, parts, adapter, operation }));
}

function layerOf(
  file: SafetensorsFile,
  about: { id: string; parts: Parts; adapter: AdapterSettings; operation: string },
): LoraLayer {
  const { id, parts, adapter, operation } = about;
  const { key, down, up, alpha } = parts;
  if (down === undefined || up === undefined) {
    throw damaged(operation, { expected: `down and up for ${id}`, got: 'only a part of them' });
  }
  const downShape = file.info(down).shape;
  const upShape = file.info(up).shape;
  const rank = downShape[0];
  const isProjection =
    downShape.length >= 2 && rank > 0 && sizeOf(upShape) === upShape[0] * rank && upShape[1] === rank;
  if (!isProjection) {
    throw damaged(operation, { expected: `up [out, ${rank}] for ${id}`, got: `down [${downShape}], up [${upShape}]` });
  }
  const strength = alpha === undefined ? adapter(key, rank) : Number(file.read(alpha).data[0]);
  if (!Number.isFinite(strength))
    throw damaged(operation, { expected: `a number as alpha of ${id}`, got: `${strength}` });
  return {
    component: key.component,
    module: key.module,
    flat: key.flat,
    downShape,
    upShape,
    scale: strength / rank,
    read: () => ({ down: floats(file.read(down)), up: floats(file.read(up)) }),
  };
}

/** Alpha of a module without one of its own. */
type AdapterSettings = (key: LoraKey, rank: number) => number;

/** Recent versions of diffusers keep PEFT's settings in the file's metadata. */
function adapterSettings({ metadata }: SafetensorsFile, operation: string): AdapterSettings {
  const text = metadata['lora_adapter_metadata'];
  if (text === undefined) return (_, rank) => rank;
  let settings: Record<string, unknown>;
  try {
    settings = { ...JSON.parse(text) };
  } catch (cause) {
    throw damaged(operation, { expected: 'JSON as lora_adapter_metadata', got: 'something else', cause });
  }
  return ({ component, module }, rank) => {
    const patterns = { ...(settings[`${component}.alpha_pattern`] as Record<string, unknown> | undefined) };
    const pattern = Object.keys(patterns).find((name) => module === name || module.endsWith(`.${name}`));
    const alpha = pattern === undefined ? settings[`${component}.lora_alpha`] : patterns[pattern];
    const strength = typeof alpha === 'number' ? alpha : rank;
    // Rank-stabilised LoRA divides by the root of the rank.
    return settings[`${component}.use_rslora`] === true ? strength * Math.sqrt(rank) : strength;
  };
}

function foreign(operation: string, name: string | undefined): ContrappostoError {
  return new ContrappostoError('invalid-input', {
    operation,
    expected: 'LoRA layers under the names of kohya or diffusers',
    got: name === undefined ? 'none' : `a tensor ${JSON.stringify(name.slice(0, 100))}`,
    hint: 'whole checkpoints and single networks are given with --model',
  });
}

function damaged(operation: string, details: { expected: string; got: string; cause?: unknown }): ContrappostoError {
  return new ContrappostoError('corrupt-file', {
    operation,
    ...details,
    hint: 'the file is damaged; download it again',
  });
}
