// The entry of the single-file exporter: what `contrapposto train RECIPE --export DIR` does, for machines with Node alone.
import { parseArgs } from 'node:util';
import { exitCode } from '../src/core/errors.js';
import { runTrain } from '../src/train/index.js';

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      export: { ...text, default: 'export' },
      data: { ...text, default: 'data' },
      tokenizer: text,
      'held-out': text,
      'autoencoder-seconds': text,
      'autoencoder-batch': text,
      'denoiser-seconds': text,
      'denoiser-batch': text,
      'denoiser-lr': text,
      'training-seconds': text,
      'training-batch': text,
      'training-lr': text,
      'latent-channels': text,
      'decoder-only': { type: 'boolean', default: false },
    },
  });
  const number = (name: Exclude<keyof typeof values, 'decoder-only'>) =>
    values[name] === undefined ? undefined : Number(values[name]);
  const stage = (name: 'autoencoder' | 'denoiser' | 'training') =>
    Object.fromEntries(
      Object.entries({ seconds: number(`${name}-seconds`), batch: number(`${name}-batch`) }).filter(
        ([, v]) => v !== undefined,
      ),
    );
  const rate = (name: 'denoiser-lr' | 'training-lr') =>
    values[name] === undefined ? {} : { lr: Number(values[name]) };
  const result = await runTrain({
    recipe: positionals[0] ?? 'mini-sd',
    exportDirectory: values.export,
    dataDirectory: values.data,
    tokenizerDirectory: values.tokenizer,
    autoencoder: { ...stage('autoencoder'), decoderOnly: values['decoder-only'] },
    denoiser: { ...stage('denoiser'), ...rate('denoiser-lr') },
    training: { ...stage('training'), ...rate('training-lr') },
    latentChannels: number('latent-channels'),
    heldOutRows: number('held-out'),
  });
  console.log(JSON.stringify(result));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = exitCode(error);
});
