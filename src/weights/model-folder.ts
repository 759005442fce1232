// Where the checkpoint that a user names lies, and what it prefers.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';

/** The folder of embedded models; two folders up from src/weights and from dist/weights alike. */
const EMBEDDED = fileURLToPath(new URL('../../models', import.meta.url));
const INDEX = 'model_index.json';

/** Names of the embedded models. */
export function embeddedModels(): string[] {
  if (!existsSync(EMBEDDED)) return [];
  return readdirSync(EMBEDDED).filter((name) => existsSync(join(EMBEDDED, name, INDEX)));
}

/** Names of the single networks that are embedded beside the models: judges, scorers. */
export function embeddedNetworks(): string[] {
  if (!existsSync(EMBEDDED)) return [];
  const has = (name: string, file: string) => existsSync(join(EMBEDDED, name, file));
  return readdirSync(EMBEDDED).filter((name) => has(name, 'config.json') && !has(name, INDEX));
}

/** The folder of an embedded model's name, or the path itself when something is there; throws `not-found`. */
export function modelFolder(nameOrPath: string): string {
  const names = embeddedModels();
  if (names.includes(nameOrPath)) return join(EMBEDDED, nameOrPath);
  if (existsSync(nameOrPath)) return nameOrPath;
  const embedded = names.length > 0 ? `embedded: ${names.join(', ')}` : 'no model is embedded in this copy';
  const isHubId = /^\w[\w.-]*\/[\w.-]+$/.test(nameOrPath);
  throw new ContrappostoError('not-found', {
    operation: `model "${nameOrPath}"`,
    expected: 'an embedded model, or a checkpoint folder in diffusers layout',
    got: 'no such name or folder',
    hint: isHubId ? `on the hub? \`contrapposto models pull ${nameOrPath}\` (${embedded})` : embedded,
  });
}

/** The folder of a single network that is embedded beside the models, e.g. `judge`; throws `not-found`. */
export function embeddedNetwork(name: string): string {
  const folder = join(EMBEDDED, name);
  if (existsSync(join(folder, 'config.json'))) return folder;
  throw new ContrappostoError('not-found', {
    operation: `embedded network "${name}"`,
    expected: `config.json and weights in ${join('models', name)}`,
    got: 'no such folder',
    hint: 'this copy of the package has no such weights; train them as docs/training.md says, or give a folder',
  });
}

const defaultsSchema = z
  .looseObject({
    _contrapposto: z
      .object({ steps: z.number(), guidance_scale: z.number(), scheduler: z.string() })
      .partial()
      .default({}),
  })
  .transform(({ _contrapposto: { steps, guidance_scale, scheduler } }) => ({
    steps,
    guidanceScale: guidance_scale,
    scheduler,
  }));

export type ModelDefaults = z.infer<typeof defaultsSchema>;

/** Settings that a checkpoint recommends, from `_contrapposto` in its model_index.json; other programs ignore that key. */
export function modelDefaults(folder: string): ModelDefaults {
  const path = join(folder, INDEX);
  if (!existsSync(path)) return defaultsSchema.parse({});
  try {
    return defaultsSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new ContrappostoError('corrupt-file', {
      operation: `read "${path}"`,
      expected: 'JSON, with _contrapposto as an object of steps, guidance_scale and scheduler if it is there',
      got: cause instanceof Error ? cause.message.split('\n')[0] : undefined,
      cause,
    });
  }
}
