// Numbers of guidance by attention that Attend-and-Excite and BoxDiff share, and what small networks need in their place.
import { ContrappostoError } from '../../core/errors.js';
import type { Smoothing } from '../../diffusion/attention-control/index.js';
import type { Pipeline } from '../../diffusion/pipeline.js';

export interface GuidanceSettings {
  /** Share of the steps that begin with an update: 25 of 50. */
  guidanceShare: number;
  /** eta_0; falls with the square root of a line from 1 to 0.5. */
  scaleFactor: number;
  /** `raw`: eta times the gradient. `relative`: the gradient is first brought to the root mean square of 1. */
  stepRule: 'raw' | 'relative';
  /** Share of the steps -> how far the loss must be below 1 before that step is taken. */
  thresholds: readonly { at: number; threshold: number }[];
  /** Updates before such a step at most. */
  refinements: number;
  smoothing: Smoothing | null;
  /** Columns of the text that compete for a position: all but begin and the last, or the prompt's own. */
  competing: 'all' | 'prompt';
  /** The latents' height over that of the maps. */
  shrink: number;
}

/** As both publish them for Stable Diffusion 1, and BoxDiff for all. */
export const PUBLISHED: GuidanceSettings = {
  guidanceShare: 25 / 50,
  scaleFactor: 20,
  stepRule: 'raw',
  thresholds: [
    { at: 0, threshold: 0.05 },
    { at: 10 / 50, threshold: 0.5 },
    { at: 20 / 50, threshold: 0.8 },
  ],
  refinements: 20,
  smoothing: { kernelSize: 3, sigma: 0.5 },
  competing: 'all',
  shrink: 4,
};

/** Latents of fewer cells a side than this are those of small networks, such as mini. */
const SMALL_SIDE = 64;
/** Width of the text that Stable Diffusion 2 attends to. */
const SD2_WIDTH = 1024;

/** Whether a network is of the mini family's size: its attention is coarser and less certain than what others were tuned on. */
export function isSmall({ unetConfig }: Pipeline): boolean {
  return (unetConfig.sampleSize?.[0] ?? SMALL_SIDE) < SMALL_SIDE;
}

/**
 * All settings: what is given over what the checkpoint's kind needs over what is published. For small networks no step
 * size is published. Theirs move the latents about as far in all as ReCorD's do; 20 refinements of three times the size
 * drew glaring colours.
 *
 * @throws ContrappostoError `invalid-input` for values out of range
 */
export function guidanceSettings(pipeline: Pipeline, given: Partial<GuidanceSettings> = {}): GuidanceSettings {
  const small: Partial<GuidanceSettings> = isSmall(pipeline)
    ? { stepRule: 'relative', scaleFactor: 0.1, refinements: 5, competing: 'prompt', shrink: 2 }
    : {};
  const family: Partial<GuidanceSettings> =
    pipeline.unetConfig.levels[0].contextWidth === SD2_WIDTH ? { competing: 'prompt' } : {};
  const wanted = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const settings: GuidanceSettings = { ...PUBLISHED, ...family, ...small, ...wanted };
  const share = (v: number) => v >= 0 && v <= 1;
  const checks: [name: string, ok: boolean, expected: string][] = [
    ['guidanceShare', share(settings.guidanceShare), 'a share of the steps'],
    ['scaleFactor', Number.isFinite(settings.scaleFactor) && settings.scaleFactor >= 0, 'a number of at least 0'],
    ['thresholds', settings.thresholds.every((t) => share(t.at) && share(t.threshold)), 'shares from 0 to 1'],
    ['refinements', Number.isInteger(settings.refinements) && settings.refinements >= 0, 'a whole number'],
    ['shrink', settings.shrink >= 1, 'at least 1'],
  ];
  const wrong = checks.find(([, ok]) => !ok);
  if (!wrong) return settings;
  throw new ContrappostoError('invalid-input', { operation: `guidance: ${wrong[0]}`, expected: wrong[2] });
}
