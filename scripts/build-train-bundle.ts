// Bundles the exporter of training recipes into one file that runs on a machine with nothing but Node: `npx tsx scripts/build-train-bundle.ts`.
import { statSync } from 'node:fs';
import { build } from 'tsdown';

const OUT = 'out';

await build({
  entry: { 'train-bundle': 'scripts/train-bundle-entry.ts' },
  outDir: OUT,
  clean: false,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  dts: false,
  config: false,
  logLevel: 'warn',
  fixedExtension: true,
  noExternal: [/.*/],
  outputOptions: { inlineDynamicImports: true },
});
console.log(`${OUT}/train-bundle.mjs ${statSync(`${OUT}/train-bundle.mjs`).size} bytes`);
