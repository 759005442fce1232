// What ControlNets and T2I-Adapters share: a condition picture, how strongly it acts, and in which part of the steps.
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';
import { type Image, resizeImage, toTensor } from '../core/image.js';
import { float32, type Tensor } from '../core/tensor.js';

/** A picture that steers a run through a network beside the UNet. */
export interface Condition {
  /** What the network was trained to see, e.g. a drawn skeleton on black; cropped to the picture's proportion. */
  image: Image;
  /** Multiplies what the network adds to the UNet. Default 1. */
  controlScale?: number;
  /** Fractions of the steps between which it acts. Default 0 and 1. */
  controlStart?: number;
  controlEnd?: number;
}

/** Throws `invalid-input` for a condition that cannot act. */
export function requireCondition({ controlScale = 1, controlStart = 0, controlEnd = 1 }: Condition, operation: string) {
  const acts = controlStart >= 0 && controlStart < controlEnd && controlEnd <= 1;
  if (Number.isFinite(controlScale) && acts) return;
  throw new ContrappostoError('invalid-input', {
    operation,
    expected: 'a finite controlScale, and 0 <= controlStart < controlEnd <= 1',
    got: `${controlScale}, ${controlStart} and ${controlEnd}`,
  });
}

/** As in diffusers: a step counts when it lies in the part as a whole. */
export function actsAt(
  { controlStart = 0, controlEnd = 1 }: Pick<Condition, 'controlStart' | 'controlEnd'>,
  { step, steps }: { step: number; steps: number },
): boolean {
  return step / steps >= controlStart && (step + 1) / steps <= controlEnd;
}

/** The picture [1, 3, heightPx, widthPx] in [0, 1]. */
export async function conditionTensor(image: Image, size: { heightPx: number; widthPx: number }): Promise<Tensor> {
  const resized = await resizeImage(image, { ...size, fit: 'cover' });
  return float32(
    toTensor(resized).map((v) => v / 2 + 0.5),
    [1, 3, size.heightPx, size.widthPx],
  );
}

const named = z.looseObject({ _class_name: z.string() });

/** Throws `unsupported` when a config says that it is of another class; one without a class name passes. */
export function requireClass(config: unknown, { expected, hint }: { expected: string; hint: string }): void {
  const result = named.safeParse(config);
  if (!result.success || result.data._class_name === expected) return;
  throw new ContrappostoError('unsupported', {
    operation: `load ${expected}`,
    expected: `a config.json of a ${expected}`,
    got: result.data._class_name,
    hint,
  });
}
