// Sinusoidal embedding of timesteps and the small network behind it.
import { Cast, Concat, Cos, Mul, Reshape, type Scope, Sin, type Value } from '../graph/index.js';
import { silu } from './activation.js';
import { linear } from './linear.js';

export interface SinusoidalOptions {
  /** Width D of the embedding; even. */
  width: number;
  /** Cosines before sines. */
  flipSinToCos: boolean;
  /** Subtracted from D / 2 where the frequencies are spaced. */
  frequencyShift: number;
  /** Ratio of the longest to the shortest period over 2 pi. Default 10,000. */
  maxPeriod?: number;
}

/**
 * diffusers' `get_timestep_embedding`: frequency i is `maxPeriod ^ (-i / (D / 2 - frequencyShift))`.
 *
 * @param timestep [N], float32 or an integer dtype
 * @returns float32 [N, D]
 */
export function sinusoidalEmbedding(timestep: Value, options: SinusoidalOptions): Value {
  const { width, flipSinToCos, frequencyShift, maxPeriod = 10_000 } = options;
  const half = width / 2;
  const frequencies = Array.from({ length: half }, (_, i) =>
    Math.exp((-Math.log(maxPeriod) * i) / (half - frequencyShift)),
  );
  const time = timestep.dtype === 'float32' ? timestep : Cast(timestep, { to: 'float32' });
  const column = Reshape(time, [timestep.shape[0], 1]);
  const angles = Mul(column, timestep.graph.constant(frequencies, { shape: [1, half] })); // [N, D/2]
  const waves = flipSinToCos ? [Cos(angles), Sin(angles)] : [Sin(angles), Cos(angles)];
  return Concat(waves, { axis: 1 }); // [N, D]
}

/**
 * Two linear layers `linear_1`, `linear_2` with SiLU between them (diffusers' TimestepEmbedding).
 *
 * @param x [N, D]
 * @returns [N, out]
 */
export function timestepMlp(p: Scope, x: Value, options: { out: number }): Value {
  return linear(p.at('linear_2'), silu(linear(p.at('linear_1'), x, options)), options);
}
