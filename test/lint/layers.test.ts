import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'layers-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** `importing file: rule` for everything that depcruise reports about a source tree of these files. */
function violations(files: Record<string, string>): string[] {
  for (const [path, source] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), source);
  }
  const depcruise = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const config = join(root, '.dependency-cruiser.cjs');
  const run = spawnSync(process.execPath, [depcruise, '--config', config, '--output-type', 'json', 'src'], {
    cwd: folder,
    encoding: 'utf8',
  });
  const report = JSON.parse(run.stdout) as { summary: { violations: { from: string; rule: { name: string } }[] } };
  return report.summary.violations.map(({ from, rule }) => `${from}: ${rule.name}`).sort();
}

it('lint refuses imports upwards, cycles, unplaced folders, and ONNX Runtime outside its folder', () => {
  const found = violations({
    'src/graph/up.ts': `import '../runtime/leaf.js';`,
    'src/core/type.ts': `import type { B } from '../cli/leaf.js'; export type A = B;`,
    'src/models/dynamic.ts': `export const a = () => import('../methods/leaf.js');`,
    'src/nn/engine.ts': `import 'onnxruntime-node';`,
    'src/nn/engine.test.ts': `import 'onnxruntime-node';`,
    'src/pose/cycle.ts': `import './other.js';`,
    'src/pose/other.ts': `import './cycle.js';`,
    'src/misc/unplaced.ts': `import '../core/leaf.js';`,
    'src/weights/entry.ts': `import '../index.js';`,
    'src/core/leaf.ts': 'export const a = 1;',
    'src/runtime/leaf.ts': 'export const a = 1;',
    'src/methods/leaf.ts': 'export const a = 1;',
    'src/cli/leaf.ts': 'export type B = 1;',
    'src/index.ts': 'export const a = 1;',
  });
  expect(found).toEqual([
    'src/core/type.ts: layer-core',
    'src/graph/up.ts: layer-graph-weights',
    'src/misc/unplaced.ts: layer-unknown',
    'src/models/dynamic.ts: layer-models',
    'src/nn/engine.test.ts: only-runtime-knows-onnxruntime',
    'src/nn/engine.ts: only-runtime-knows-onnxruntime',
    'src/pose/cycle.ts: no-cycles',
    'src/weights/entry.ts: entry-is-a-leaf',
  ]);
});

it('lint lets imports go down, tests look up, and the runtime use ONNX Runtime', () => {
  const found = violations({
    'src/cli/a.ts': `import '../models/b.js';`,
    'src/models/b.ts': `import '../graph/c.js';`,
    'src/graph/c.ts': 'export const a = 1;',
    'src/graph/c.test.ts': `import '../runtime/d.js';`,
    'src/runtime/d.ts': `import 'onnxruntime-node'; import '../graph/c.js';`,
  });
  expect(found).toEqual([]);
});
