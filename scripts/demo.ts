// `npm run demo`: makes a picture with the embedded model and says how to go on.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const out = join(root, 'out', 'demo.png');
const program = join(root, 'dist', 'cli', 'main.js');

mkdirSync(join(root, 'out'), { recursive: true });
console.log('contrapposto generate "a woman is riding a bicycle" --seed 7 --out out/demo.png\n');
const run = spawnSync(
  process.execPath,
  [program, 'generate', 'a woman is riding a bicycle', '--method', 'sd', '--seed', '7', '--out', out],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
if (run.status !== 0) process.exit(run.status ?? 1);
console.log(`
The picture is ${out}

Go on with
  node dist/cli/main.js generate "a man is holding an umbrella" --seed 3 --out out/a.png
  node dist/cli/main.js generate --from out/demo.png --out out/again.png      (the same picture, bit for bit)
  node dist/cli/main.js --help
`);
