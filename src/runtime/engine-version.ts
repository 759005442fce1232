// Which ONNX Runtime computes, without loading it.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** Version of the installed ONNX Runtime, e.g. `1.30.0`: another one may round differently. */
export function engineVersion(): string {
  const manifest = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
