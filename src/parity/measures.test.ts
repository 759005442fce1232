// Reference files of measures: those of others, and one of our own that must fail where it is wrong.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { float32 } from '../core/tensor.js';
import { createRuntime } from '../runtime/index.js';
import { writeSafetensors } from '../weights/index.js';
import { runParity } from './run.js';

const runtime = createRuntime();
const io = mkdtempSync(join(tmpdir(), 'parity-measures-'));
afterAll(async () => {
  await runtime.close();
  rmSync(io, { recursive: true });
});

const golden = join(process.env.CONTRAPPOSTO_SHARED ?? resolve(import.meta.dirname, '../../../shared'), 'golden');
const files = ['metrics.safetensors', 'otsu.safetensors'];

describe('parity of measures', () => {
  it('passes right values, fails wrong ones, and lists what it does not know', async () => {
    await writeSafetensors(join(io, 'metrics.safetensors'), {
      js_p: float32([1, 0], [2]),
      js_q: float32([0, 1], [2]),
      js_base_2: float32([1], [1]),
      js_base_e: float32([0.9], [1]),
      lpips: float32([0.5], [1]),
    });
    await writeSafetensors(join(io, 'otsu.safetensors'), {
      image: float32([3, 3, 90, 91], [2, 2]),
      threshold: float32([3], [1]),
    });
    const report = await runParity({ io, checkpoints: io, runtime });
    const passed = Object.fromEntries(report.checks.map((check) => [check.tensor, check.passed]));
    expect(passed).toEqual({ js_base_2: true, js_base_e: false, threshold: true });
    expect(report.notChecked).toEqual(['metrics.safetensors: lpips']);
  });

  // needs the optional folder of reference data, CONTRAPPOSTO_SHARED
  it.skipIf(!files.every((name) => existsSync(join(golden, name))))('agrees with the reference values', async () => {
    for (const name of files) await copyFile(join(golden, name), join(io, name));
    const report = await runParity({ io, checkpoints: io, runtime });
    expect(report.checks).toHaveLength(10);
    expect(report.checks.filter((check) => !check.passed)).toEqual([]);
    expect(report.notChecked).toEqual([]);
  });
});
