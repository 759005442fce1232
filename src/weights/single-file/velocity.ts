// Whether a single file of Stable Diffusion 2 predicts velocities: its tensors cannot tell, so that somebody has to say.
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { ContrappostoError } from '../../core/errors.js';
import { readTextFile } from '../json-file.js';

/** What is known of the file besides its tensors' shapes. */
export interface VelocityHints {
  metadata: Readonly<Record<string, string>>;
  names: ReadonlySet<string>;
  /** Channels that the UNet takes: the checkpoints beyond 4 (inpainting, depth) predict noise. */
  channels: number;
}

/**
 * In this order: the configuration beside the file (`NAME.yaml`, as the first programs shipped it), metadata of the
 * ModelSpec standard, a marker tensor, more than four channels, and "768" or "512" in the name as published.
 *
 * @throws ContrappostoError `unsupported` when nothing says: the wrong answer would give noise for a picture
 */
export function predictsVelocity(path: string, { metadata, names, channels }: VelocityHints): boolean {
  const yaml = path.replace(/\.safetensors$/i, '.yaml');
  if (yaml !== path && existsSync(yaml)) return /^\s*parameterization:\s*["']?v["']?\s*$/m.test(readTextFile(yaml));
  const said = metadata['modelspec.prediction_type'] ?? metadata['modelspec.predict_key'];
  if (said !== undefined) return said.toLowerCase().startsWith('v');
  if (names.has('v_pred')) return true;
  if (channels !== 4) return false;
  const name = basename(path);
  if (name.includes('768') !== name.includes('512')) return name.includes('768');
  throw new ContrappostoError('unsupported', {
    operation: `open "${path}"`,
    expected: 'to know whether this Stable Diffusion 2 predicts velocities (768 pixels) or noise (512 pixels)',
    got: 'a file that does not say',
    hint: 'put its .yaml beside it, write 768 or 512 into its name, or use the folder in diffusers layout',
  });
}
