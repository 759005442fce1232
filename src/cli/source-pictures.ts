// The pictures that a `generate` run starts from: read and checked before a model is loaded.
import { createHash } from 'node:crypto';
import { ContrappostoError } from '../core/errors.js';
import { type Image, readImage } from '../core/image.js';
import type { OnProgress } from '../core/progress.js';
import type { RunRecord, SourcePicture } from '../diffusion/run-record.js';
import { LIMITS } from './limits.js';

export interface SourceOptions {
  initImage?: string;
  mask?: string;
  strength?: number;
}

export interface ReadPicture extends SourcePicture {
  image: Image;
  /** Fingerprint of the picture that made the one being repeated. */
  expectedFingerprint?: string;
}

export interface SourcePlan {
  initImage?: ReadPicture;
  mask?: ReadPicture;
  /** Defined with an initial picture. */
  strength?: number;
}

/** Reads `--init-image` and `--mask`, or those of the run being repeated. Throws `usage`, and what `readImage` throws. */
export async function planSources(options: SourceOptions, from: RunRecord | undefined): Promise<SourcePlan> {
  const initImage = await readPicture(options.initImage, from?.initImage);
  // Another picture does not take over the mask that was drawn for the old one.
  const mask = await readPicture(options.mask, options.initImage === undefined ? from?.mask : undefined);
  const strength = options.strength ?? from?.strength;
  if (!initImage) {
    requireNone('--mask', mask?.path);
    requireNone('--strength', options.strength);
    return {};
  }
  return { initImage, mask, strength: requireStrength(strength ?? (mask ? 1 : 0.8)) };
}

/** Says when a picture is no longer the one that made the result being repeated. */
export function warnOfChangedSources(pictures: readonly (ReadPicture | undefined)[], onProgress: OnProgress): void {
  for (const picture of pictures) {
    if (!picture?.expectedFingerprint || picture.expectedFingerprint === picture.fingerprint) continue;
    const message = `"${picture.path}" is not the picture that was used before; the result will differ`;
    onProgress({ type: 'warning', message });
  }
}

/** Reads the picture at `path`, or the one that a run used before; undefined without either. Throws as `readImage`. */
export async function readPicture(
  path: string | undefined,
  before: SourcePicture | undefined,
): Promise<ReadPicture | undefined> {
  const chosen = path ?? before?.path;
  if (chosen === undefined) return undefined;
  const image = await readImage(chosen);
  const hash = createHash('sha256').update(`${image.widthPx}x${image.heightPx}:`).update(image.data);
  return {
    path: chosen,
    fingerprint: hash.digest('hex').slice(0, 16),
    image,
    expectedFingerprint: path === undefined ? before?.fingerprint : undefined,
  };
}

function requireNone(option: string, value: string | number | undefined): void {
  if (value === undefined) return;
  throw new ContrappostoError('usage', {
    operation: option,
    expected: 'a picture to change',
    got: 'none',
    hint: `give it with --init-image FILE, or leave out ${option}`,
  });
}

function requireStrength(value: number): number {
  const { min, max } = LIMITS.strength;
  if (value >= min && value <= max) return value;
  throw new ContrappostoError('invalid-input', {
    operation: 'strength',
    expected: `${min} to ${max}`,
    got: `${value}`,
  });
}
