// Where networks run: names, what each needs, and an honest check before anything is loaded.
import { ContrappostoError } from '../core/errors.js';

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
export async function resolveDevice(name: string, probe: Probe = computesHere): Promise<Device> {
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

/** Loaded when it is needed: names alone are wanted by every command. */
const computesHere: Probe = async (device) => (await import('./device-probe.js')).probeDevice(device);

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
