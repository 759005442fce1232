// Module G: coarse candidates, each with its seed, its picture and the place of every object (record, section 5).
import type { Image } from '../../core/image.js';
import { Philox, randomNormal } from '../../core/random.js';
import type { Tensor } from '../../core/tensor.js';
import { AttentionRecorder, type CanvasBox } from '../../diffusion/attention-control/index.js';
import { toImage } from '../../diffusion/generation.js';
import type { Pipeline } from '../../diffusion/pipeline.js';
import { asOutputs, type BranchNetwork, columnOf, denoiseBranches, mapAt } from './branches.js';
import { objectBox } from './object-box.js';
import { type Scene, swapsAt } from './scene.js';

export interface Candidate {
  seed: number | bigint;
  image: Image;
  /** Final latents of the full branch [1, C, h, w]; the estimate of the clean ones when candidates are truncated. */
  latents: Tensor;
  /** b_0 of each object of the scene. */
  objectBoxes: (CanvasBox | null)[];
  /** What it attended to, where that is asked for. */
  attention?: AttentionRecorder;
}

/** Seeds are drawn below this, so that they stay exact in JSON. */
const SEED_RANGE = 2 ** 32;
/** Stream of random numbers of the seeds, apart from those of noise. */
const SEED_STREAM = 1_000_003;

/** The run's own seed, then others drawn from it, none twice. */
export function candidateSeeds(seed: number | bigint, count: number): (number | bigint)[] {
  const random = new Philox(seed, SEED_STREAM);
  const seeds = new Set<number | bigint>([seed]);
  while (seeds.size < count) seeds.add(Math.floor(random.uniform() * SEED_RANGE));
  return [...seeds];
}

/** Draws candidates one after another through one session: on a CPU a larger batch is no faster a picture. */
export async function drawCandidates(
  pipeline: Pipeline,
  { scene, network, seeds }: { scene: Scene; network: BranchNetwork; seeds: readonly (number | bigint)[] },
): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  for (const [i, seed] of seeds.entries()) {
    const stage = `candidate ${i + 1} of ${seeds.length}`;
    candidates.push(await drawCandidate(pipeline, { scene, network, seed, stage }));
  }
  return candidates;
}

interface Drawing {
  scene: Scene;
  network: BranchNetwork;
  seed: number | bigint;
  stage: string;
  /** Whether to run to the end whatever the settings say. */
  whole?: boolean;
}

/** One candidate; also what a truncated one becomes when it is left as it is. */
export async function drawCandidate(
  pipeline: Pipeline,
  { scene, network, seed, stage, whole }: Drawing,
): Promise<Candidate> {
  const { settings, sampling, objects, lossAt } = scene;
  const { scheduler, steps, signal, onProgress } = sampling;
  const attention = sampling.attention && new AttentionRecorder();
  const truncated = settings.phase1 === 'truncated' && !whole;
  const result = await denoiseBranches(network, {
    scheduler,
    steps,
    taken: truncated ? Math.max(1, Math.round(settings.truncatedShare * steps)) : steps,
    noise: noiseOf(pipeline, { scene, seed }),
    swapsAt: swapsAt(scene, { guided: false }),
    signal,
    onStep: ({ index, taken, denoised, maps }) => {
      attention?.add(asOutputs(maps));
      const preview = async () => toImage(await pipeline.decode(denoised, { signal }));
      onProgress?.({ type: 'step', stage, step: index + 1, steps: taken, preview });
    },
  });
  const latents = truncated ? result.denoised : result.full;
  const map = mapAt(result, lossAt);
  return {
    seed,
    latents,
    ...(attention && { attention }),
    image: toImage(await pipeline.decode(latents, { signal })),
    objectBoxes: objects.map(({ token }) => (map ? objectBox(columnOf(map, { token, resolution: lossAt })) : null)),
  };
}

/** The noise that a seed stands for, as in every other method. */
export function noiseOf(pipeline: Pipeline, { scene, seed }: { scene: Scene; seed: number | bigint }): Tensor {
  const { scaleFactor, latentChannels } = pipeline.vae;
  const { height, width } = scene.sampling;
  return randomNormal(seed, { shape: [1, latentChannels, height / scaleFactor, width / scaleFactor] });
}
