// ReCorD (Jiang-Lin et al. 2024): candidates are drawn, an agent reasons about them, and the best is drawn again, corrected.

import type { Agent } from '../../agents/agent.js';
import type { Image } from '../../core/image.js';
import type { Tensor } from '../../core/tensor.js';
import { toImage } from '../../diffusion/generation.js';
import { type GenerationOptions, generationSettings } from '../../diffusion/generation-settings.js';
import type { Pipeline } from '../../diffusion/pipeline.js';
import { requirePlainUNet, textToImage } from '../../diffusion/text-to-image.js';
import type { Box } from '../../pose/person.js';
import { asOutputs, type BranchNetwork, denoiseBranches, openBranches } from './branches.js';
import { type Candidate, candidateSeeds, drawCandidate, drawCandidates, noiseOf } from './candidates.js';
import { openCorrection } from './correction.js';
import { fitPrompt } from './fit-prompt.js';
import { detectorFinder, judgeFinder, onCanvas, type PersonFinder } from './person.js';
import type { AnalysisOptions } from './prompt-analysis.js';
import { AgentLog, choosePose, findPerson, isBetter, needsCorrection, proposeLayouts } from './reasoning.js';
import type { LayoutReport, RecordReport } from './report.js';
import { openScene, type Scene, swapsAt } from './scene.js';
import { isSmall, type RecordSettings, recordSettings, SAMPLING } from './settings.js';

export interface RecordOptions extends Omit<GenerationOptions, 'count' | 'controls' | 'adapters' | 'noise'> {
  settings?: Partial<RecordSettings>;
  /** Prompt without objects, object's noun and its occurrence, where the analysis should not decide. */
  analysis?: AnalysisOptions;
  /** Chooses the pose and proposes the layout; without one the first candidate and no layout. */
  agent?: Agent;
  /** Where the objects belong, in pixels and in the prompt's order; the agent is not asked about these. */
  boxes?: readonly (Box | undefined)[];
  /** Default: the networks of `src/pose`, which know photographs; for small checkpoints the embedded judge before them. */
  personFinder?: PersonFinder;
}

export interface RecordResult {
  image: Image;
  latents: Tensor;
  /** Seed of the run: that of the first candidate. */
  seed: number | bigint;
  report: RecordReport;
  candidates: readonly Candidate[];
  /** What module C drew, also where the candidate was kept. */
  redrawn?: Image;
}

/**
 * Makes a picture of somebody doing something with something.
 *
 * @example
 * const { image, report } = await record(pipeline, { prompt: 'a woman is riding a bicycle', seed: 7, agent });
 *
 * @throws ContrappostoError `invalid-input` and `limit` for prompts and settings that cannot be, `unsupported`, `aborted`
 */
export async function record(pipeline: Pipeline, options: RecordOptions): Promise<RecordResult> {
  const settings = recordSettings(pipeline, options.settings);
  const { signal, onProgress } = options;
  const sampling = generationSettings(
    pipeline,
    { ...SAMPLING, ...definedOnly(options), prompt: options.prompt, count: 1 },
    { operation: 'record' },
  );
  requirePlainUNet(pipeline, 'record');
  const { analysis, leftOut } = fitPrompt(options.prompt, pipeline.tokenizer, options.analysis);
  const clock = stopwatch();
  const objectRequired = options.boxes?.some(Boolean) ?? options.analysis?.objectHead !== undefined;
  const scene = await openScene(pipeline, { analysis, leftOut, settings, sampling, objectRequired });
  if (sampling.lowMemory) await pipeline.release('text_encoder');
  const network = needsBranches(settings) ? await openBranches(pipeline, scene.branches, { signal }) : undefined;

  const seeds = candidateSeeds(sampling.seed, settings.modules.includes('R') ? settings.candidates : 1);
  const candidates = await draw(pipeline, { scene, network, seeds });
  clock.lap('candidates');
  const reasoned = await reason(pipeline, { scene, candidates, options });
  clock.lap('reasoning');
  const { layouts, log } = reasoned;
  const chosen = candidates[reasoned.index];
  const wanted = settings.modules.includes('C') && needsCorrection(layouts);
  const redrawn = wanted ? await correct(pipeline, { scene, network: network!, chosen, layouts }) : undefined;
  const agent = settings.keepBetter && settings.modules.includes('R') ? options.agent : undefined;
  const corrected =
    redrawn !== undefined &&
    (!agent || (await isBetter(scene, { agent, log, before: chosen.image, after: redrawn.image })));
  const final = corrected ? redrawn : await finish(pipeline, { scene, network, chosen });
  clock.lap('correction');
  onProgress?.({ type: 'done', stage: 'record', elapsedMs: clock.total() });
  return {
    image: final.image,
    latents: final.latents,
    seed: sampling.seed,
    candidates,
    ...(redrawn && { redrawn: redrawn.image }),
    report: {
      analysis,
      preset: settings.preset,
      modules: settings.modules,
      candidates: candidates.map(({ seed, objectBoxes }) => ({ seed: Number(seed), objectBoxes })),
      choice: { ...reasoned.choice, index: reasoned.index },
      person: reasoned.person ? { box: reasoned.person.box, people: reasoned.person.people } : null,
      layouts,
      corrected,
      losses: redrawn?.losses ?? [],
      timings: clock.laps,
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      agents: { ...reasoned.agents, usage: log.usage, transcript: log.transcript },
      warnings: scene.warnings.all,
    },
  };
}

/** Without swaps and guidance there is one branch: the plain sampler, bit for bit. */
function needsBranches({ modules, crossSwap, selfSwap }: RecordSettings): boolean {
  return modules.includes('R') || modules.includes('C') || (modules.includes('G') && (crossSwap || selfSwap));
}

/** A scene whose swaps are off where module G is. */
function withoutSwaps(scene: Scene): Scene {
  return { ...scene, settings: { ...scene.settings, crossSwap: false, selfSwap: false } };
}

interface Draw {
  scene: Scene;
  network?: BranchNetwork;
  seeds: readonly (number | bigint)[];
}

async function draw(pipeline: Pipeline, { scene, network, seeds }: Draw): Promise<Candidate[]> {
  const { modules } = scene.settings;
  if (network)
    return drawCandidates(pipeline, { scene: modules.includes('G') ? scene : withoutSwaps(scene), network, seeds });
  const [made] = await textToImage(pipeline, { ...scene.sampling, seed: seeds[0], prompt: scene.analysis.prompt });
  return [{ ...made, objectBoxes: scene.objects.map(() => null) }];
}

async function reason(
  pipeline: Pipeline,
  { scene, candidates, options }: { scene: Scene; candidates: Candidate[]; options: RecordOptions },
) {
  const { settings, objects, sampling } = scene;
  const log = new AgentLog();
  const agent = settings.modules.includes('R') ? options.agent : undefined;
  const choice = await choosePose(scene, { candidates, agent, log });
  const size = { heightPx: sampling.height, widthPx: sampling.width };
  const given = objects.map((_, i) => options.boxes?.[i] && onCanvas(options.boxes[i], size));
  const asks = agent !== undefined && given.some((box) => box === undefined);
  const finder = options.personFinder ?? (asks ? defaultFinder(pipeline) : undefined);
  try {
    const found =
      asks && finder
        ? await findPerson(scene, { candidates, order: choice.order, finder })
        : { index: choice.order[0], person: undefined };
    const candidate = candidates[found.index];
    const layouts = await proposeLayouts(scene, { candidate, person: found.person, agent, given, log });
    return {
      ...found,
      choice: choice.report,
      layouts,
      log,
      agents: { pose: agent?.name ?? null, layout: agent?.name ?? null },
    };
  } finally {
    if (!options.personFinder) await finder?.close();
  }
}

function defaultFinder(pipeline: Pipeline): PersonFinder {
  const finder = detectorFinder();
  return isSmall(pipeline) ? judgeFinder(pipeline.runtime, finder) : finder;
}

interface Final {
  image: Image;
  latents: Tensor;
  losses: readonly number[];
}

/** The chosen candidate as it is, run to its end where it was cut short. */
async function finish(
  pipeline: Pipeline,
  { scene, network, chosen }: { scene: Scene; network?: BranchNetwork; chosen: Candidate },
): Promise<Final> {
  const { attention } = scene.sampling;
  if (scene.settings.phase1 === 'full' || !network) {
    if (chosen.attention) attention?.adopt(chosen.attention);
    return { ...chosen, losses: [] };
  }
  const swapped = scene.settings.modules.includes('G') ? scene : withoutSwaps(scene);
  const drawn = await drawCandidate(pipeline, {
    scene: swapped,
    network,
    seed: chosen.seed,
    stage: 'finish',
    whole: true,
  });
  if (drawn.attention) attention?.adopt(drawn.attention);
  return { ...drawn, losses: [] };
}

/** Module C: from the noise of the chosen candidate again, the full branch drawn to the boxes. */
async function correct(
  pipeline: Pipeline,
  {
    scene,
    network,
    chosen,
    layouts,
  }: { scene: Scene; network: BranchNetwork; chosen: Candidate; layouts: readonly LayoutReport[] },
): Promise<Final> {
  const { sampling, settings, objects } = scene;
  const { scheduler, steps, attention, signal, onProgress } = sampling;
  const guided = objects.flatMap(({ token }, i) => {
    const box = layouts[i].proposed;
    return box ? [{ token, box }] : [];
  });
  const correction = await openCorrection(pipeline, {
    condition: scene.full,
    size: scene.branches.size,
    objects: guided,
    length: scene.length,
    steps,
    settings,
    lossAt: scene.lossAt,
    maskAt: scene.maskAt,
    warnings: scene.warnings,
    signal,
  });
  const { full } = await denoiseBranches(network, {
    scheduler,
    steps,
    noise: noiseOf(pipeline, { scene, seed: chosen.seed }),
    swapsAt: swapsAt(settings.modules.includes('G') ? scene : withoutSwaps(scene), { guided: true }),
    guide: correction.guide,
    signal,
    onStep: ({ index, taken, denoised, maps }) => {
      attention?.add(asOutputs(maps));
      const preview = async () => toImage(await pipeline.decode(denoised, { signal }));
      onProgress?.({ type: 'step', stage: 'correct', step: index + 1, steps: taken, preview });
    },
  });
  return { image: toImage(await pipeline.decode(full, { signal })), latents: full, losses: correction.losses };
}

function definedOnly<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function stopwatch() {
  const started = performance.now();
  let last = started;
  const laps: Record<string, number> = {};
  return {
    laps,
    lap(name: string) {
      const now = performance.now();
      laps[name] = Math.round(now - last);
      last = now;
    },
    total: () => performance.now() - started,
  };
}
