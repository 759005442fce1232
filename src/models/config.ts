// How every network reads its config.json: unknown fields pass, unsupported values end in one clear error.
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';

/**
 * Parses a component's config.
 *
 * @param component class name for the message, e.g. `UNet2DConditionModel`
 * @throws ContrappostoError `unsupported` listing every field that this implementation cannot follow
 */
export function parseConfig<T>(schema: z.ZodType<T>, config: unknown, component: string): T {
  const result = schema.safeParse(config);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => {
    const field = issue.path.join('.') || 'config';
    return `${field}: ${issue.message}`;
  });
  throw new ContrappostoError('unsupported', {
    operation: `${component} config`,
    expected: 'values that this implementation supports',
    got: issues.join('; '),
    hint: 'the checkpoint uses a variant of the network that is not implemented, or its config.json is damaged',
  });
}

/** A field that is absent, null, or one of the values that change nothing. */
export function only<const T extends string | number | boolean>(...values: readonly T[]) {
  const allowed = values.map((v) => JSON.stringify(v)).join(' or ');
  return z
    .unknown()
    .refine((v) => v === undefined || v === null || values.includes(v as T), {
      error: (issue) => `${JSON.stringify(issue.input)} is not supported${allowed ? ` (only ${allowed})` : ''}`,
    })
    .optional();
}

export const count = z.int().positive();

/** One number for all blocks, or one a block. */
export const perBlock = z.union([count, z.array(count).min(1)]);

/** Spreads a per-block field over `blocks`; throws `unsupported` when the list has another length. */
export function spread(value: number | readonly number[], blocks: number, field: string): readonly number[] {
  if (typeof value === 'number') return new Array<number>(blocks).fill(value);
  if (value.length === blocks) return value;
  throw new ContrappostoError('unsupported', {
    operation: `config field ${field}`,
    expected: `${blocks} entries, one a block`,
    got: `${value.length}`,
  });
}
