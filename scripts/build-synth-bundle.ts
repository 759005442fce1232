// Bundles the renderer into one file that runs on a machine with nothing but Node: `npx tsx scripts/build-synth-bundle.ts`.
import { statSync } from 'node:fs';
import { build } from 'tsdown';

const OUT = 'out';

await build({
  entry: { 'synth-bundle': 'scripts/synth-bundle-entry.ts' },
  outDir: OUT,
  clean: false,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  dts: false,
  config: false,
  logLevel: 'warn',
  fixedExtension: true,
  // Everything else goes in; these are only reached by baking and by writing PNG, which the bundle does without.
  external: [/core\/image\.js$/, /makehuman\/bake\.js$/, 'sharp'],
  noExternal: [/^(?!sharp$).*/],
  outputOptions: { inlineDynamicImports: true },
});
console.log(`${OUT}/synth-bundle.mjs ${statSync(`${OUT}/synth-bundle.mjs`).size} bytes`);
