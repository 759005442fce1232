// Learning rate and averaging weight of a step, as `trainer/optimizer.py` has them.
import type { Objective, Stage } from '../training-export.js';

/** The rate after `steps` steps of these parameters, at `progress` (0 to 1) of the stage. */
export function learningRate(
  { schedule, optimizer }: Pick<Objective, 'schedule' | 'optimizer'>,
  { steps, progress }: { steps: number; progress: number },
): number {
  const ramp = schedule.warmupSteps > 0 ? Math.min(1, (steps + 1) / schedule.warmupSteps) : 1;
  if (schedule.kind === 'constant') return optimizer.lr * ramp;
  const wave = 0.5 * (1 + Math.cos(Math.PI * Math.min(Math.max(progress, 0), 1)));
  return optimizer.lr * ramp * (schedule.finalRatio + (1 - schedule.finalRatio) * wave);
}

/** 1 - decay of the moving average; with warm-up the decay grows as (1 + n) / (10 + n). */
export function averagingWeight({ decay, warmup }: Stage['ema'], steps: number): number {
  return 1 - (warmup ? Math.min(decay, (1 + steps) / (10 + steps)) : decay);
}
