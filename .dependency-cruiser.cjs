// Which folder may import which: downwards only, and ONNX Runtime from one folder alone.
const path = require('node:path');

// Lowest first. Folders of one layer may use each other as long as no cycle comes of it.
const LAYERS = [
  ['core'],
  ['graph', 'weights'],
  ['runtime'],
  ['nn'],
  ['models'],
  ['diffusion', 'pose', 'data'],
  ['agents', 'metrics'],
  ['methods'],
  ['train', 'jobs', 'server', 'evaluate'],
  ['cli', 'parity'],
];
/** Tests, and the `test-*.ts` beside them that several share. */
const TESTS = '(\\.test|/test-[a-z-]+)\\.ts$';

const folders = (names) => `^src/(${names.join('|')})/`;

// Tests may look upwards: an operator is tested by running it.
const layerRules = LAYERS.slice(0, -1).map((layer, i) => ({
  name: `layer-${layer.join('-')}`,
  comment: `${layer.join(', ')} may only import what lies below`,
  severity: 'error',
  from: { path: folders(layer), pathNot: TESTS },
  to: { path: folders(LAYERS.slice(i + 1).flat()) },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'layer-unknown',
      comment: 'a new folder in src needs its place in LAYERS',
      severity: 'error',
      from: { path: '^src/', pathNot: `${folders(LAYERS.flat())}|^src/index\\.ts$` },
      to: {},
    },
    {
      name: 'entry-is-a-leaf',
      comment: 'the public entry re-exports; nothing inside imports it',
      severity: 'error',
      from: { path: '^src/', pathNot: TESTS },
      to: { path: '^src/index\\.ts$' },
    },
    {
      name: 'only-runtime-knows-onnxruntime',
      comment: 'everything else goes through src/runtime',
      severity: 'error',
      from: { pathNot: '^src/runtime/' },
      to: { path: '(^|/)onnxruntime-(node|web|common|genai)' },
    },
    {
      name: 'no-cycles',
      comment: 'types may refer to each other; modules may not wait for each other',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-development-dependencies',
      comment: 'what ships may only import what is installed with it',
      severity: 'error',
      from: { path: '^src/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: path.join(__dirname, 'tsconfig.json') },
    // Type-only imports count: a layer must not know the types above it either.
    tsPreCompilationDeps: true,
  },
};
