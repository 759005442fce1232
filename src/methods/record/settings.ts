// Every number of ReCorD with where it comes from, the published presets, and the checks before anything is computed.
import { ContrappostoError } from '../../core/errors.js';
import type { MaskNorm } from '../../diffusion/attention-control/index.js';
import type { Pipeline } from '../../diffusion/pipeline.js';

/** G draws candidates with the intransitive prompt, R chooses and lays out, C draws again towards the layout. */
export type RecordModule = 'G' | 'R' | 'C';

export const RECORD_PRESETS = ['default', 'reference-demo', 'reference-bench', 'paper-open'] as const;
export type RecordPreset = (typeof RECORD_PRESETS)[number];

/** Part of the steps in which something acts, as fractions of all: [start, end). */
export interface Window {
  start: number;
  end: number;
}

export interface RecordSettings {
  preset: RecordPreset;
  modules: readonly RecordModule[];
  /** Pictures that module G draws (k). */
  candidates: number;
  /** `full` runs candidates to the end; `truncated` takes their estimate of the clean picture after `truncatedShare` of the steps. */
  phase1: 'full' | 'truncated';
  truncatedShare: number;
  crossSwap: boolean;
  /**
   * Whether padding is swapped as well (published). Not with small networks: their padding carries the sentence, so that
   * the object would go with it.
   */
  swapPadding: boolean;
  /** Whether the token swap of module C ends with its guidance, as in the reference implementation. */
  crossEndsWithGuidance: boolean;
  selfSwap: boolean;
  selfWindow: Window;
  overlapRemoval: boolean;
  maskNorm: MaskNorm;
  maskStrength: number;
  /** Share of the steps with guidance (M / T). */
  guidanceShare: number;
  /** eta_0; falls with the square root of a line from 1 to 0.5. */
  scaleFactor: number;
  /**
   * `raw`: the published step, eta times the gradient. `relative`: the gradient is first brought to the root mean square
   * of 1, so that eta is in units of the noise; for networks whose attention is not calibrated like Stable Diffusion's.
   */
  stepRule: 'raw' | 'relative';
  lossTerms: readonly ('inside' | 'outside' | 'corners')[];
  /** rho. */
  topFraction: number;
  /** L, in cells. */
  cornerWidth: number;
  /** Which columns compete for a position: the whole text with its padding (published), or the prompt's own tokens. */
  competing: 'all' | 'prompt';
  /** Layers of the loss: all at the resolution (default), or the second half of them as the reference keeps by mistake. */
  aggregate: 'all' | 'secondHalf';
  smoothing: { kernelSize: number; sigma: number } | null;
  /** Height of the grid of the loss in cells, for the latents' height: R0. */
  guidanceShrink: number;
  changeCheck: boolean;
  /** Least `1 - IoU` that counts as a change. */
  changeThreshold: number;
  /** Ask the agent whether the corrected picture is better than the candidate, and keep the candidate if not. Ours, for networks whose words attend badly. */
  keepBetter: boolean;
  /** Turns warnings into errors. */
  strict: boolean;
}

/** Section 8 of the specification: published values, else those of the reference implementation, else our own. */
const DEFAULTS: RecordSettings = {
  preset: 'default',
  modules: ['G', 'R', 'C'],
  candidates: 5,
  phase1: 'full',
  truncatedShare: 20 / 50,
  crossSwap: true,
  swapPadding: true,
  crossEndsWithGuidance: false,
  selfSwap: true,
  selfWindow: { start: 5 / 50, end: 15 / 50 },
  overlapRemoval: true,
  maskNorm: 'none',
  maskStrength: 1,
  guidanceShare: 15 / 50,
  scaleFactor: 15,
  stepRule: 'raw',
  lossTerms: ['inside', 'outside', 'corners'],
  topFraction: 0.2,
  cornerWidth: 1,
  competing: 'all',
  aggregate: 'all',
  smoothing: { kernelSize: 3, sigma: 0.5 },
  guidanceShrink: 4,
  changeCheck: true,
  changeThreshold: 0.1,
  keepBetter: false,
  strict: false,
};

const PRESETS: Record<RecordPreset, Partial<RecordSettings>> = {
  default: {},
  'reference-demo': { selfWindow: { start: 0, end: 10 / 50 }, crossEndsWithGuidance: true, maskNorm: 'rowSoftmax' },
  'reference-bench': { selfWindow: { start: 0, end: 15 / 50 }, crossEndsWithGuidance: true, maskNorm: 'rowSoftmax' },
  'paper-open': { selfWindow: { start: 5 / 50, end: 1 } },
};

/** Latents of fewer cells a side than this are those of small networks, such as mini. */
const SMALL_SIDE = 64;

/** Whether a checkpoint is as small as mini. */
export function isSmall({ unetConfig }: Pipeline): boolean {
  return (unetConfig.sampleSize ?? [SMALL_SIDE])[0] < SMALL_SIDE;
}

/** What another kind of checkpoint needs: SDXL as in the reference; small networks as tried (docs/record.md). */
function familyDefaults(pipeline: Pipeline): Partial<RecordSettings> {
  if (isSmall(pipeline)) {
    return {
      swapPadding: false,
      guidanceShare: 0.3,
      stepRule: 'relative',
      scaleFactor: 0.06,
      competing: 'prompt',
      guidanceShrink: 2,
      keepBetter: true,
    };
  }
  return pipeline.unetConfig.addedTimeWidth === undefined ? {} : { guidanceShare: 25 / 50, scaleFactor: 20 };
}

/** Sampling where the checkpoint says nothing: 50 steps of DDIM with guidance 7.5. */
export const SAMPLING = { steps: 50, guidanceScale: 7.5, scheduler: 'ddim' } as const;

/**
 * All settings: what is given over the preset over what the checkpoint's kind needs.
 *
 * @throws ContrappostoError `invalid-input` for an unknown preset or module, NaN, and values out of range
 */
export function recordSettings(pipeline: Pipeline, given: Partial<RecordSettings> = {}): RecordSettings {
  const preset = given.preset ?? 'default';
  if (!RECORD_PRESETS.includes(preset)) refuse('preset', { expected: RECORD_PRESETS.join(', '), got: preset });
  const wanted = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const settings: RecordSettings = { ...DEFAULTS, ...familyDefaults(pipeline), ...PRESETS[preset], ...wanted };
  requireRanges(settings);
  return settings;
}

function requireRanges(s: RecordSettings): void {
  const share = (v: number) => v >= 0 && v <= 1;
  const checks: [name: keyof RecordSettings, ok: boolean, expected: string][] = [
    ['modules', s.modules.every((m) => ['G', 'R', 'C'].includes(m)), 'letters of G, R and C'],
    ['candidates', Number.isInteger(s.candidates) && s.candidates > 0, 'a whole number of at least 1'],
    ['truncatedShare', share(s.truncatedShare) && s.truncatedShare > 0, 'a share of the steps above 0'],
    ['guidanceShare', share(s.guidanceShare), 'at most all steps (M <= T)'],
    ['scaleFactor', Number.isFinite(s.scaleFactor) && s.scaleFactor >= 0, 'a number of at least 0'],
    ['topFraction', s.topFraction > 0 && s.topFraction <= 1, 'above 0 and at most 1'],
    ['cornerWidth', Number.isInteger(s.cornerWidth) && s.cornerWidth >= 0, 'a whole number of cells'],
    ['selfWindow', share(s.selfWindow.start) && share(s.selfWindow.end), 'fractions of the steps'],
    ['maskStrength', share(s.maskStrength), '0 to 1'],
    ['changeThreshold', share(s.changeThreshold), '0 to 1'],
    ['guidanceShrink', s.guidanceShrink >= 1, 'at least 1'],
    ['smoothing', !s.smoothing || (s.smoothing.kernelSize % 2 === 1 && s.smoothing.sigma > 0), 'an odd kernel'],
  ];
  const wrong = checks.find(([, ok]) => !ok);
  if (wrong) refuse(wrong[0], { expected: wrong[2], got: JSON.stringify(s[wrong[0]]) ?? 'NaN' });
}

function refuse(name: string, details: { expected: string; got: string }): never {
  throw new ContrappostoError('invalid-input', { operation: `record: ${name}`, ...details });
}

/** eta_i: `scaleFactor * sqrt(r_i)` with r falling from 1 to 0.5 over all steps. */
export function stepSize(index: number, { steps, scaleFactor }: { steps: number; scaleFactor: number }): number {
  const r = steps > 1 ? 1 - (0.5 * index) / (steps - 1) : 1;
  return scaleFactor * Math.sqrt(r); // record eq. step
}

/** Whether a step lies in a window, whose ends are rounded to steps. */
export function inWindow({ start, end }: Window, { index, steps }: { index: number; steps: number }): boolean {
  return index >= Math.round(start * steps) && index < Math.round(end * steps);
}
