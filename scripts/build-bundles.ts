// Bundles the renderer and the exporter of training recipes into single files for machines with Node alone: `npx tsx scripts/build-bundles.ts`.
import { statSync } from 'node:fs';
import { build, type UserConfig } from 'tsdown';

const OUT = 'out';

const BUNDLES: Record<string, UserConfig> = {
  'synth-bundle': {
    // Everything else goes in; these are only reached by baking and by writing PNG, which the bundle does without.
    external: [/core\/image\.js$/, /makehuman\/bake\.js$/, 'sharp'],
    noExternal: [/^(?!sharp$).*/],
  },
  'train-bundle': { noExternal: [/.*/] },
};

for (const [name, parts] of Object.entries(BUNDLES)) {
  await build({
    ...parts,
    entry: { [name]: `scripts/${name}-entry.ts` },
    outDir: OUT,
    clean: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    dts: false,
    config: false,
    logLevel: 'warn',
    fixedExtension: true,
    outputOptions: { inlineDynamicImports: true },
  });
  console.log(`${OUT}/${name}.mjs ${statSync(`${OUT}/${name}.mjs`).size} bytes`);
}
