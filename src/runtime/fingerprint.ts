// A graph's identity: equal graphs with equal shapes share one session.
import { createHash } from 'node:crypto';

/** SHA-256 of a serialised graph, hexadecimal. */
export function fingerprint(model: Uint8Array): string {
  return createHash('sha256').update(model).digest('hex');
}
