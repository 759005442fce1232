// What it costs to have a picture looked at: CPU seconds of each probe of `evaluate`. `npx tsx bench/probes.ts [PICTURES]`
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePng, type Image } from '../src/core/image.js';
import { renderScene, SceneRenderer } from '../src/data/synth/render-scene.js';
import { openCast } from '../src/data/synth/synth-task.js';
import type { BenchmarkCase } from '../src/evaluate/benchmark.js';
import { PROBES } from '../src/evaluate/probes/index.js';
import { createRuntime } from '../src/runtime/index.js';

const SIZE_PX = 256;
const count = Number(process.argv[2] ?? 12);

function pictures(): Image[] {
  const renderer = new SceneRenderer({ size: SIZE_PX, cast: openCast(undefined, SIZE_PX) });
  return Array.from({ length: count + 1 }, (_, seed) => {
    const { picture, record } = renderScene(seed, { renderer });
    return { widthPx: record.width, heightPx: record.height, data: picture };
  });
}

const folder = mkdtempSync(join(tmpdir(), 'probes-'));
const reference = join(folder, 'reference.png');
const [first, ...rest] = pictures();
writeFileSync(reference, await encodePng(first));
const one: BenchmarkCase = {
  id: 'a',
  prompt: 'a woman is riding a bicycle',
  triplet: { verb: 'ride', object: 'bicycle' },
  keypoints: [{ x: 1, y: 1, score: 1 }],
};
const runtime = createRuntime();
for (const [name, kind] of Object.entries(PROBES)) {
  // Weights that nobody has here.
  if (kind.needs) continue;
  const probe = await kind.open({ runtime, weights: {}, referenceOf: () => reference });
  // The first look loads the networks.
  await probe.look(first, one);
  const cpu = process.cpuUsage();
  for (const image of rest) await probe.look(image, one);
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (user + system) / 1e6 / rest.length;
  console.log(
    `${name.padEnd(12)} ${seconds.toFixed(3)} s of CPU a picture, ${(1 / seconds).toFixed(1)} a second and core`,
  );
  await probe.close?.();
}
await runtime.close();
rmSync(folder, { recursive: true });
