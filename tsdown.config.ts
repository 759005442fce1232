// The build: ES modules for Node 20, file by file, so that dist mirrors src and a path beside a module holds in both.
import { defineConfig } from 'tsdown';

export default defineConfig({
  // Worker threads load their module by name (src/core/worker.ts), so nothing imports it: each is an entry.
  entry: ['src/index.ts', 'src/cli/main.ts', 'src/**/*worker.ts'],
  root: 'src',
  unbundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  fixedExtension: false,
  dts: true,
  sourcemap: false,
  inputOptions: { checks: { pluginTimings: false } },
});
