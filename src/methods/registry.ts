// The methods of `contrapposto generate`, each loaded when it is first asked for.
import type { Method } from './method.js';

/** Name -> method. Plain sampling (`sd`) is not among them: it is what they are measured against, and has no parts. */
export const METHODS: Readonly<Record<string, () => Promise<Method>>> = {
  record: async () => (await import('./record/method.js')).recordMethod,
  'attend-excite': async () => (await import('./baselines/methods.js')).attendExciteMethod,
  boxdiff: async () => (await import('./baselines/methods.js')).boxDiffMethod,
  multidiffusion: async () => (await import('./baselines/methods.js')).multiDiffusionMethod,
  lmd: async () => (await import('./baselines/methods.js')).lmdMethod,
};

/** Every name that `--method` takes, the default first. */
export const METHOD_NAMES: readonly string[] = ['record', 'sd', ...Object.keys(METHODS).filter((n) => n !== 'record')];
