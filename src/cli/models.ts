// The work of `contrapposto models`.
import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ContrappostoError, throwIfAborted } from '../core/errors.js';
import { type Shape, sizeOf, type WeightSource } from '../core/tensor.js';
import { expectedParameters, networkClass } from '../models/expected-parameters.js';
import { checkpointFingerprint } from '../weights/fingerprint.js';
import { cachedModels, hubSettings, parseHubId, resolveModel } from '../weights/hub.js';
import { type Checkpoint, type ModelFolder, openCheckpoint, openModelFolder } from '../weights/index.js';
import { embeddedModels, embeddedNetwork, embeddedNetworks, modelFolder } from '../weights/model-folder.js';
import type { CommandContext, CommandResult } from './execute.js';
import { onnxInfo } from './onnx-info.js';

/** The embedded models and single networks with their parameters and size on disk, and what the hub's cache has. */
export async function listModels(): Promise<CommandResult> {
  const models = await Promise.all(embeddedModels().map((name) => describe(name, modelFolder(name))));
  const cached = await Promise.all(
    cachedModels().map(async ({ name, revision, folder }) => ({
      name: revision === 'main' ? name : `${name}@${revision}`,
      bytes: await bytesOf(folder),
      pipeline: existsSync(join(folder, 'model_index.json')),
      path: folder,
    })),
  );
  const networks = embeddedNetworks().map((name) => ({ name, folder: embeddedNetwork(name) }));
  const beside = await Promise.all(networks.map(({ name, folder }) => describeNetwork(name, folder)));
  const lines = [
    ...[...models, ...beside].map(
      (m) => `${m.name}  ${millions(m.parameters)} M parameters  ${millions(m.bytes)} MB  ${m.fingerprint}`,
    ),
    ...cached.map((m) => `${m.name}  ${millions(m.bytes)} MB  in the cache`),
  ];
  return {
    json: { models, networks: beside, cached },
    text: lines.join('\n') || 'no model is embedded in this copy, none is cached',
  };
}

/** Downloads a model of the hub into the cache; throws `usage` for what is no name on the hub. */
export async function pullModel(
  model: string,
  { variant, context }: { variant?: string; context: CommandContext },
): Promise<CommandResult> {
  const id = parseHubId(model);
  if (!id) {
    const hint = 'for example: contrapposto models pull stable-diffusion-v1-5/stable-diffusion-v1-5';
    const expected = 'ORG/NAME, ORG/NAME@REVISION or ORG/NAME/FILE';
    throw new ContrappostoError('usage', { operation: 'models pull', expected, got: `"${model}"`, hint });
  }
  if (hubSettings().offline) {
    const hint = 'unset HF_HUB_OFFLINE';
    throw new ContrappostoError('usage', { operation: 'models pull', got: 'HF_HUB_OFFLINE is set', hint });
  }
  const path = await resolveModel(model, { ...context, variant });
  const bytes = await bytesOf(path);
  return { json: { name: model, path, bytes }, text: `${model}  ${millions(bytes)} MB  ${path}` };
}

/** What a checkpoint, or an ONNX file, is made of. */
export async function modelInfo(model: string, context: CommandContext): Promise<CommandResult> {
  const path = await resolveModel(model, context);
  if (path.toLowerCase().endsWith('.onnx')) return onnxInfo(path);
  const checkpoint = openCheckpoint(path);
  try {
    const components = checkpoint.components.map((name) => aboutComponent(checkpoint, name));
    const scheduler = schedulerOf(checkpoint);
    const pipeline = checkpoint.pipelineClass ?? null;
    const about = { ...(await describe(model, path)), path };
    const lines = [
      `${model}  ${pipeline ?? 'no pipeline class'}  ${millions(about.parameters)} M parameters  ${about.fingerprint}`,
      ...components.map((c) => `  ${c.name}  ${c.class}  ${millions(c.parameters)} M  ${c.dtypes.join(', ')}`),
      `  scheduler  ${scheduler ?? 'none'}`,
      `  ${path}`,
    ];
    return { json: { ...about, pipeline, components, scheduler }, text: lines.join('\n') };
  } finally {
    checkpoint.close();
  }
}

/**
 * Reads every tensor of every network; throws `corrupt-file` for values that are no numbers and for shapes that are not
 * those of the config, and whatever reading throws.
 */
export async function verifyModel(model: string, context: CommandContext): Promise<CommandResult> {
  if (embeddedNetworks().includes(model)) return verifyNetwork(model, context);
  const path = await resolveModel(model, context);
  const checkpoint = openCheckpoint(path);
  try {
    for (const name of checkpoint.components) {
      context.onProgress({ type: 'stage', stage: 'verify', detail: name });
      await verifyComponent(checkpoint.component(name), { name, context });
    }
    const about = await describe(model, path);
    return { json: { ...about, valid: true }, text: `${model} is whole (fingerprint ${about.fingerprint})` };
  } finally {
    checkpoint.close();
  }
}

/** The same for a network that is embedded by itself. */
async function verifyNetwork(name: string, context: CommandContext): Promise<CommandResult> {
  const folder = embeddedNetwork(name);
  const files = openModelFolder(folder);
  try {
    context.onProgress({ type: 'stage', stage: 'verify', detail: name });
    await verifyComponent(files, { name, context });
  } finally {
    files.close();
  }
  const about = await describeNetwork(name, folder);
  return { json: { ...about, valid: true }, text: `${name} is whole (fingerprint ${about.fingerprint})` };
}

async function verifyComponent(
  files: ModelFolder,
  { name: component, context }: { name: string; context: CommandContext },
): Promise<void> {
  const { signal, onProgress } = context;
  const expected = expectedParameters(files);
  if (expected) requireShapes(component, expected);
  else {
    const kind = networkClass(files.config) ?? 'no class name';
    onProgress({ type: 'warning', message: `${component} (${kind}) is read, but its shapes are not checked` });
  }
  let read = 0;
  for (const name of files.weights.names()) {
    throwIfAborted(signal, 'verify');
    requireFinite(files.weights, { component, name });
    // Lets Ctrl-C through: reading is synchronous.
    if (++read % 32 === 0) await new Promise((resume) => setImmediate(resume));
  }
}

function requireShapes(
  component: string,
  { shapes, weights }: { shapes: ReadonlyMap<string, Shape>; weights: WeightSource },
): void {
  for (const [name, shape] of shapes) {
    const got = weights.has(name) ? weights.info(name).shape : undefined;
    // Scalars may be stored as [1].
    if (got && (got.join() === shape.join() || (sizeOf(got) === 1 && sizeOf(shape) === 1))) continue;
    throw new ContrappostoError('corrupt-file', {
      operation: `verify ${component}`,
      expected: `${name} [${shape}], as its config says`,
      got: got ? `[${got}]` : 'none of that name',
      hint: 'weights and config.json are of different models, or one of them is incomplete',
    });
  }
}

function requireFinite(weights: WeightSource, { component, name }: { component: string; name: string }): void {
  const { data } = weights.read(name);
  if (!(data instanceof Float32Array) || data.every(Number.isFinite)) return;
  throw new ContrappostoError('corrupt-file', {
    operation: `verify ${component}`,
    expected: 'finite numbers',
    got: `NaN or infinity in ${name}`,
    hint: 'get the file again',
  });
}

async function describe(name: string, path: string) {
  const checkpoint = openCheckpoint(path);
  try {
    const counts = checkpoint.components.map((component) => parametersOf(checkpoint.component(component).weights));
    const parameters = counts.reduce((sum, count) => sum + count, 0);
    return { name, parameters, bytes: await bytesOf(path), fingerprint: await checkpointFingerprint(path) };
  } finally {
    checkpoint.close();
  }
}

async function describeNetwork(name: string, folder: string) {
  const { weights, close } = openModelFolder(folder);
  try {
    const parameters = parametersOf(weights);
    return { name, parameters, bytes: await bytesOf(folder), fingerprint: await checkpointFingerprint(folder) };
  } finally {
    close();
  }
}

function aboutComponent(checkpoint: Checkpoint, name: string) {
  const { config, weights } = checkpoint.component(name);
  const dtypes = new Set(Array.from(weights.names(), (tensor) => weights.info(tensor).dtype));
  const tensors = [...weights.names()].length;
  return {
    name,
    class: networkClass(config) ?? null,
    parameters: parametersOf(weights),
    tensors,
    dtypes: [...dtypes].sort(),
  };
}

function schedulerOf(checkpoint: Checkpoint): string | null {
  try {
    return networkClass(checkpoint.schedulerConfig()) ?? null;
  } catch (error) {
    if (error instanceof ContrappostoError && error.code === 'not-found') return null;
    throw error;
  }
}

function parametersOf(weights: WeightSource): number {
  return [...weights.names()].reduce((sum, name) => sum + sizeOf(weights.info(name).shape), 0);
}

/** Bytes of a file, or of every file in a folder. */
async function bytesOf(path: string): Promise<number> {
  const about = statSync(path);
  if (about.isFile()) return about.size;
  const inside = await readdir(path, { recursive: true });
  return inside.reduce((sum, name) => {
    const found = statSync(join(path, name));
    return sum + (found.isFile() ? found.size : 0);
  }, 0);
}

function millions(count: number): string {
  return (count / 1e6).toFixed(1);
}
