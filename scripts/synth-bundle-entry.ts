// The entry of the single-file renderer: parses a few options, renders in worker threads that run this same file.

import { parseArgs } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { exitCode } from '../src/core/errors.js';
import { runSynth, type SynthOptions } from '../src/data/synth/synth-command.js';
import { serveBlocks } from '../src/data/synth/synth-task.js';

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      kind: { ...text, default: 'interaction' },
      count: { ...text, default: '1000' },
      start: { ...text, default: '0' },
      out: { ...text, default: 'synth' },
      format: { ...text, default: 'shards' },
      size: text,
      workers: text,
      pack: text,
      body: text,
      scenes: text,
      triplets: text,
      'shard-size': text,
    },
  });
  const number = (value: string | undefined) => (value === undefined ? undefined : Number(value));
  let reported = 0;
  const report = await runSynth(
    {
      kind: values.kind,
      count: Number(values.count),
      start: Number(values.start),
      out: values.out,
      format: values.format as SynthOptions['format'],
      size: number(values.size),
      workers: number(values.workers),
      pack: values.pack,
      body: values.body as SynthOptions['body'],
      scenes: values.scenes?.split(','),
      triplets: values.triplets as SynthOptions['triplets'],
      shardSize: number(values['shard-size']),
      workerModule: new URL(import.meta.url),
    },
    {
      onProgress: (event) => {
        if (event.type !== 'step' || event.step - reported < event.steps / 20) return;
        reported = event.step;
        console.error(`${event.step} of ${event.steps}`);
      },
    },
  );
  console.log(JSON.stringify(report));
}

if (!isMainThread) serveBlocks();
else {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = exitCode(error);
  });
}
