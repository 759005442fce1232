// The version of this program, and of everything that decides a picture's bits.
import { readFileSync } from 'node:fs';
import { engineVersion } from '../runtime/engine-version.js';

// package.json lies two folders up from src/cli and from dist/cli alike.
const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');

export const VERSION = (JSON.parse(manifest) as { version: string }).version;

/** For example `{ contrapposto: '0.1.0', onnxruntime: '1.30.0' }`. */
export function softwareVersions(): Record<string, string> {
  return { contrapposto: VERSION, onnxruntime: engineVersion() };
}
