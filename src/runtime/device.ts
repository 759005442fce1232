// Where networks run: names, what each needs, and an honest check before anything is loaded.
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { ContrappostoError } from '../core/errors.js';
import { float32 } from '../core/tensor.js';
import { Add, Graph, serialise } from '../graph/index.js';

export type Device = 'cpu' | 'cuda' | 'webgpu' | 'coreml' | 'dml';

/** What to do where a device does not answer. */
const HINTS: Record<Exclude<Device, 'cpu'>, string> = {
  cuda: "it needs Linux on x64, an NVIDIA driver, CUDA 12, cuDNN 9 and ONNX Runtime's CUDA files (about 300 MB): `npm rebuild onnxruntime-node` fetches those; or use --device cpu",
  webgpu: 'it needs a graphics driver (on Linux: Vulkan); or use --device cpu',
  coreml: 'it is part of ONNX Runtime on macOS alone; use --device cpu',
  dml: 'it is part of ONNX Runtime on Windows alone; use --device cpu',
};

/** What `auto` takes, if it answers: only what is always faster than the CPU. */
const PREFERRED: readonly Device[] = ['cuda'];

/** What a user may ask for. */
export const DEVICE_NAMES: readonly string[] = ['auto', 'cpu', ...Object.keys(HINTS)];

/** Why `device` cannot compute, or undefined when it can. */
export type Probe = (device: Device) => Promise<string | undefined>;

/**
 * The device of a name, tried out. `auto` is the CPU where nothing better answers.
 *
 * @throws ContrappostoError `usage` for an unknown name, `unsupported` for a device that does not work here
 */
export async function resolveDevice(name: string, probe: Probe = probeDevice): Promise<Device> {
  if (name === 'cpu') return name;
  if (name === 'auto') {
    for (const device of PREFERRED) if ((await probe(device)) === undefined) return device;
    return 'cpu';
  }
  const device = requireDevice(name);
  const problem = device === 'cpu' ? undefined : await probe(device);
  if (device === 'cpu' || problem === undefined) return device;
  throw new ContrappostoError('unsupported', {
    operation: `--device ${device}`,
    expected: 'a device that computes',
    got: problem,
    hint: HINTS[device],
  });
}

/** Throws `usage` for a name that is no device. */
export function requireDevice(name: string): Device {
  if (name === 'cpu' || Object.hasOwn(HINTS, name)) return name as Device;
  throw new ContrappostoError('usage', {
    operation: '--device',
    expected: DEVICE_NAMES.join(', '),
    got: `"${name}"`,
    hint: 'leave it out to run on the CPU',
  });
}

// Runs in a process of its own: drivers print what they like, and some end the process that asks.
const PROBE = `
const [binding, provider, model] = process.argv.slice(1);
const { InferenceSession, Tensor, listSupportedBackends } = require(binding);
const say = (text) => { process.stdout.write('\\nprobe: ' + text); };
(async () => {
  if (!listSupportedBackends().some(({ name }) => name === provider)) return say('not in ONNX Runtime for this system');
  const session = await InferenceSession.create(Buffer.from(model, 'base64'), { executionProviders: [provider] });
  const { y } = await session.run({ x: new Tensor('float32', [1, 2], [2]) });
  say(y.data.join() === '2,4' ? 'ok' : 'wrong results');
})().catch((error) => say(error.message.split('\\n')[0]));`;
const PROBE_MS = 60_000;

/** Computes one addition there. */
export function probeDevice(device: Device): Promise<string | undefined> {
  const binding = createRequire(import.meta.url).resolve('onnxruntime-node');
  const graph = new Graph('probe');
  const x = graph.input('x', 'float32', [2]);
  graph.output('y', Add(x, graph.constant(float32([1, 2], [2]))));
  const model = Buffer.from(serialise(graph)).toString('base64');
  const args = ['--eval', PROBE, '--', binding, device, model];
  return new Promise((done) => {
    execFile(process.execPath, args, { timeout: PROBE_MS }, (error, stdout) => {
      const said = /\nprobe: (.*)/.exec(stdout)?.[1];
      // Behind ONNX Runtime's own place in its sources stands what matters.
      done(
        said === 'ok'
          ? undefined
          : (said?.replace(/^\/.* was false\. /, '') ?? `a driver that ended with ${error?.signal ?? error?.code}`),
      );
    });
  });
}
