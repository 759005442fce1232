// The work of `contrapposto models`.
import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ContrappostoError, throwIfAborted } from '../core/errors.js';
import { sizeOf, type WeightSource } from '../core/tensor.js';
import { loadPipeline } from '../diffusion/pipeline.js';
import { createRuntime } from '../runtime/index.js';
import { checkpointFingerprint } from '../weights/fingerprint.js';
import { type Checkpoint, openCheckpoint } from '../weights/index.js';
import { embeddedModels, modelFolder } from '../weights/model-folder.js';
import type { CommandContext, CommandResult } from './execute.js';

/** The embedded models with their parameters and size on disk. */
export async function listModels(): Promise<CommandResult> {
  const models = await Promise.all(embeddedModels().map((name) => describe(name, modelFolder(name))));
  const lines = models.map(
    (m) =>
      `${m.name}  ${(m.parameters / 1e6).toFixed(1)} M parameters  ${(m.bytes / 1e6).toFixed(1)} MB  ${m.fingerprint}`,
  );
  return { json: { models }, text: lines.join('\n') || 'no model is embedded in this copy' };
}

/** Reads every tensor of every network; throws `corrupt-file` for values that are no numbers, and whatever reading throws. */
export async function verifyModel(model: string, { signal, onProgress }: CommandContext): Promise<CommandResult> {
  const folder = modelFolder(model);
  const checkpoint = openCheckpoint(folder);
  const runtime = createRuntime();
  try {
    loadPipeline(checkpoint, runtime);
    for (const component of checkpoint.components) {
      onProgress({ type: 'stage', stage: 'verify', detail: component });
      const { weights } = checkpoint.component(component);
      for (const name of weights.names()) {
        throwIfAborted(signal, 'verify');
        requireFinite(weights, { component, name });
      }
      // Lets Ctrl-C through: reading is synchronous.
      await new Promise((resume) => setImmediate(resume));
    }
    const about = await describe(model, folder);
    return { json: { ...about, valid: true }, text: `${model} is whole (fingerprint ${about.fingerprint})` };
  } finally {
    checkpoint.close();
    await runtime.close();
  }
}

async function describe(name: string, folder: string) {
  const checkpoint = openCheckpoint(folder);
  try {
    const parameters = checkpoint.components.reduce((sum, component) => sum + parametersOf(checkpoint, component), 0);
    const paths = await readdir(folder, { recursive: true });
    const bytes = paths.reduce((sum, path) => sum + fileBytes(join(folder, path)), 0);
    return { name, parameters, bytes, fingerprint: await checkpointFingerprint(folder) };
  } finally {
    checkpoint.close();
  }
}

function parametersOf(checkpoint: Checkpoint, component: string): number {
  const { weights } = checkpoint.component(component);
  return [...weights.names()].reduce((sum, name) => sum + sizeOf(weights.info(name).shape), 0);
}

function fileBytes(path: string): number {
  const about = statSync(path);
  return about.isFile() ? about.size : 0;
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
