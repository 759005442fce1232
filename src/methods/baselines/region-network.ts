// The network of MultiDiffusion: one batch with every region's prompt, and the flat backgrounds that regions start from.
import { Philox } from '../../core/random.js';
import { float32, floats, type Tensor } from '../../core/tensor.js';
import { combineControls } from '../../diffusion/attention-control/index.js';
import type { GenerationSettings } from '../../diffusion/generation-settings.js';
import type { Pipeline } from '../../diffusion/pipeline.js';
import { stack } from '../../diffusion/sampling.js';
import type { SamplingRun, StepResult } from '../../diffusion/scheduler.js';
import type { TextCondition } from '../../diffusion/text-condition.js';
import type { Grid } from './regions.js';

export interface RegionNetwork {
  /** One step of every region from its own latents [C, h, w]. */
  step(latents: readonly Float32Array[], at: { index: number; runs: readonly SamplingRun[] }): Promise<StepResult[]>;
}

/** Opens the network for all regions at once, each with and without its prompt where there is guidance. */
export async function openRegions(
  pipeline: Pipeline,
  {
    conditions,
    negative,
    view,
    sampling,
  }: { conditions: readonly TextCondition[]; negative?: TextCondition; view: Grid; sampling: GenerationSettings },
): Promise<RegionNetwork> {
  const { guidanceScale, attention, signal } = sampling;
  const rows = negative ? [...conditions.map(() => negative), ...conditions] : conditions;
  const session = await pipeline.unetSession(
    {
      batch: rows.length,
      height: view.height,
      width: view.width,
      tokens: rows[0].tokens.shape[1],
      ...(attention && combineControls(attention.control(rows.length))),
    },
    { signal },
  );
  const { scaleFactor } = pipeline.vae;
  const text = {
    encoder_hidden_states: stack(rows.map(({ tokens }) => tokens)),
    ...pipeline.addedConditions(rows, { heightPx: view.height * scaleFactor, widthPx: view.width * scaleFactor }),
  };
  const shape = [1, pipeline.vae.latentChannels, view.height, view.width];
  return {
    async step(latents, { index, runs }) {
      const seen = latents.map((x, r) => float32(runs[r].scaleModelInput(index, x), shape));
      const timestep = float32([runs[0].timesteps[index]], [1]);
      const sample = stack(negative ? [...seen, ...seen] : seen);
      const outputs = await session.run({ sample, timestep, ...text }, { signal });
      attention?.add(outputs);
      const out = floats(outputs.out);
      const row = (i: number) => out.subarray((i * out.length) / rows.length, ((i + 1) * out.length) / rows.length);
      return latents.map((x, r) => {
        if (!negative) return runs[r].step(index, row(r).slice(), x);
        const [without, prompt] = [row(r), row(conditions.length + r)];
        const guided = without.map((v, i) => v + guidanceScale * (prompt[i] - v));
        return runs[r].step(index, guided, x);
      });
    },
  };
}

/** Random numbers of the colours, apart from those of the noise. */
const COLOUR_STREAM = 2_000_003;

/** Latents of pictures of one random colour each, encoded when they are first picked. */
export class Backgrounds {
  readonly #random: Philox;
  readonly #colours: (readonly number[])[];
  readonly #encoded = new Map<number, Promise<Tensor>>();

  constructor(
    private readonly pipeline: Pipeline,
    private readonly options: { count: number; seed: number | bigint; view: Grid; signal?: AbortSignal },
  ) {
    this.#random = new Philox(options.seed, COLOUR_STREAM);
    const channel = () => 2 * this.#random.uniform() - 1;
    this.#colours = Array.from({ length: options.count }, () => [channel(), channel(), channel()]);
  }

  /** One of them, at random [C, h, w]. */
  async pick(): Promise<Float32Array> {
    const index = Math.floor(this.#random.uniform() * this.#colours.length);
    const encoded = this.#encoded.get(index) ?? this.#encode(this.#colours[index]);
    this.#encoded.set(index, encoded);
    return floats(await encoded);
  }

  #encode(colour: readonly number[]): Promise<Tensor> {
    const { view, signal } = this.options;
    const { scaleFactor } = this.pipeline.vae;
    const [height, width] = [view.height * scaleFactor, view.width * scaleFactor];
    const picture = new Float32Array(3 * height * width);
    colour.forEach((v, c) => {
      picture.fill(v, c * height * width, (c + 1) * height * width);
    });
    return this.pipeline.encode(float32(picture, [1, 3, height, width]), { signal });
  }
}
