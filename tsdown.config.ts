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
  // Zod alone is built in: as a package it loads sixty languages, a tenth of the time to the first step. npm leaves
  // folders called node_modules out of a package, so its files get another name.
  deps: { alwaysBundle: ['zod'] },
  outputOptions: { entryFileNames: ({ name }) => `${name.replace(/^(\.\.\/)*node_modules\//, 'vendor/')}.js` },
  copy: [{ from: 'node_modules/zod/LICENSE', to: 'dist/vendor/zod' }],
  dts: true,
  sourcemap: false,
  inputOptions: { checks: { pluginTimings: false } },
});
