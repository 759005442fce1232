// The build: the library file by file, so that dist mirrors src, and the program in few files, because it starts faster so.
import { relative, resolve } from 'node:path';
import { defineConfig, type UserConfig } from 'tsdown';

const sources = resolve('src');

const shared: UserConfig = {
  root: 'src',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  fixedExtension: false,
  hash: false,
  sourcemap: false,
  inputOptions: { checks: { pluginTimings: false } },
};

/** A path beside a module must hold wherever the module ends up: each says where it would lie if dist mirrored src. */
const placesOfModules = {
  name: 'places-of-modules',
  transform(code: string, id: string) {
    if (!id.startsWith(sources) || !code.includes('import.meta.url')) return undefined;
    const place = `../${relative(sources, id).replace(/\.ts$/, '.js')}`;
    return code.replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, import.meta.url).href`);
  },
};

const library: UserConfig = {
  ...shared,
  // Worker threads load their module by name (src/core/worker.ts), so nothing imports it: each is an entry.
  entry: ['src/index.ts', 'src/**/*worker.ts'],
  unbundle: true,
  // Zod alone is built in: as a package it loads sixty languages, a tenth of the time to the first step. npm leaves
  // folders called node_modules out of a package, so its files get another name.
  deps: { alwaysBundle: ['zod'] },
  outputOptions: { entryFileNames: ({ name }) => `${name.replace(/^(\.\.\/)*node_modules\//, 'vendor/')}.js` },
  copy: ['zod', 'commander', '@huggingface/tokenizers'].map((name) => ({
    from: `node_modules/${name}/LICENSE`,
    to: `dist/vendor/${name}`,
  })),
  dts: true,
};

const program: UserConfig = {
  ...shared,
  entry: { 'cli/main': 'src/cli/main.ts' },
  plugins: [placesOfModules],
  deps: { alwaysBundle: ['zod', 'commander', '@huggingface/tokenizers'] },
  outputOptions: { chunkFileNames: 'cli/[name].js' },
  dts: false,
};

export default defineConfig([library, program]);
