import { describe, expect, it } from 'vitest';
import type { ContrappostoError } from '../core/errors.js';
import { type Device, resolveDevice } from './device.js';
import { probeDevice } from './device-probe.js';

/** A machine that has only these. */
const having = (...devices: Device[]) => {
  const asked: Device[] = [];
  const probe = async (device: Device) => {
    asked.push(device);
    return devices.includes(device) ? undefined : 'no such hardware';
  };
  return { asked, probe };
};

const refusal = (name: string, ...devices: Device[]) =>
  resolveDevice(name, having(...devices).probe).then(
    () => undefined,
    (error: ContrappostoError) => error,
  );

describe('resolveDevice', () => {
  it('takes the CPU without asking anything', async () => {
    const machine = having();
    expect(await resolveDevice('cpu', machine.probe)).toBe('cpu');
    expect(machine.asked).toEqual([]);
  });

  it('chooses CUDA by itself where it answers, and the CPU elsewhere', async () => {
    expect(await resolveDevice('auto', having('cuda', 'webgpu').probe)).toBe('cuda');
    expect(await resolveDevice('auto', having('webgpu').probe)).toBe('cpu');
  });

  it.each(['cuda', 'webgpu', 'coreml', 'dml'] as const)(
    'takes %s where it answers and says why not elsewhere',
    async (name) => {
      expect(await resolveDevice(name, having(name).probe)).toBe(name);
      const error = await refusal(name);
      expect(error?.code).toBe('unsupported');
      expect(error?.message).toContain(`--device ${name}: expected a device that computes, got no such hardware`);
      expect(error?.details.hint).toContain('--device cpu');
    },
  );

  it('refuses names that are none', async () => {
    const error = await refusal('abacus');
    expect(error?.code).toBe('usage');
    expect(error?.message).toContain('expected auto, cpu, cuda, webgpu, coreml, dml, got "abacus"');
    expect((await refusal('toString'))?.code).toBe('usage');
  });
});

describe('probeDevice', () => {
  it('computes on the CPU', async () => {
    expect(await probeDevice('cpu')).toBeUndefined();
  });

  it('says that a backend of another system is not there', async () => {
    const foreign = process.platform === 'win32' ? 'coreml' : 'dml';
    expect(await probeDevice(foreign)).toBe('not in ONNX Runtime for this system');
  });
});
