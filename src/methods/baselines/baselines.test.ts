// The comparators as wholes on a tiny random network, and layouts for the embedded model's prompts.
import { afterAll, describe, expect, it } from 'vitest';
import type { Agent } from '../../agents/agent.js';
import { testAgent } from '../../agents/test-agent.js';
import type { ProgressEvent } from '../../core/progress.js';
import { randomNormal } from '../../core/random.js';
import { float32, floats, type Tensor } from '../../core/tensor.js';
import type { CanvasBox } from '../../diffusion/attention-control/index.js';
import { generationSettings } from '../../diffusion/generation-settings.js';
import { loadPipeline } from '../../diffusion/pipeline.js';
import { testCheckpoint } from '../../diffusion/test-checkpoint.js';
import { textToImage } from '../../diffusion/text-to-image.js';
import { createRuntime } from '../../runtime/index.js';
import { openCheckpoint } from '../../weights/index.js';
import { modelFolder } from '../../weights/model-folder.js';
import type { PersonFinder } from '../record/person.js';
import { attendExcite, neglect } from './attend-excite.js';
import { boxDiff } from './boxdiff.js';
import { guidanceSettings } from './guidance-settings.js';
import { layoutFor } from './layout.js';
import { lmd, overwrite } from './lmd.js';
import { centre, shifted } from './lmd-object.js';
import { multiDiffusion } from './multidiffusion.js';
import type { PlacedPhrase } from './placed-phrases.js';
import { boxMask } from './regions.js';
import { openTokenGuidance } from './token-guidance.js';

const runtime = createRuntime({ threads: 1 });
const pipeline = loadPipeline(testCheckpoint(), runtime);
afterAll(() => runtime.close());

// The toy vocabulary has letters alone; its pictures are 8 by 8, its latents 4 by 4.
const BASE = { prompt: 'a b c d', seed: 3, steps: 4, guidanceScale: 5, scheduler: 'ddim' as const };
const TOKENS = [2, 4];
const BOXES: CanvasBox[] = [
  [0, 0, 256, 512],
  [256, 256, 512, 512],
];
const placed = (noun: string, i: number): PlacedPhrase => ({
  ...{ kind: i === 0 ? 'subject' : 'object', phrase: noun, noun, tokens: [TOKENS[i]], token: TOKENS[i] },
  box: BOXES[i],
});
const OBJECTS = [placed('b', 0), placed('d', 1)];

async function plain(): Promise<Float32Array> {
  return floats((await textToImage(pipeline, BASE))[0].latents);
}
const values = ({ latents }: { latents: Tensor }) => [...floats(latents)];
const RUNS = {
  'attend-excite': async (options = {}) => (await attendExcite(pipeline, { ...BASE, tokens: TOKENS, ...options }))[0],
  boxdiff: async (options = {}) => (await boxDiff(pipeline, { ...BASE, tokens: TOKENS, boxes: BOXES, ...options }))[0],
  multidiffusion: (options = {}) =>
    multiDiffusion(pipeline, { ...BASE, regions: [{ prompt: 'd', box: BOXES[1] }], ...options }),
  lmd: (options = {}) => lmd(pipeline, { ...BASE, objects: OBJECTS, ...options }),
};

describe.each(Object.entries(RUNS))('%s', (_, run) => {
  it('gives the same picture again, and another one than plain sampling', async () => {
    const first = values(await run());
    expect(values(await run())).toEqual(first);
    expect(first).not.toEqual([...(await plain())]);
    expect(first.every(Number.isFinite)).toBe(true);
  });

  it('reports steps, and stops between two of them', async () => {
    const events: ProgressEvent[] = [];
    const control = new AbortController();
    const onProgress = (event: ProgressEvent) => {
      events.push(event);
      if (event.type === 'step' && event.step === 2) control.abort();
    };
    await expect(run({ onProgress, signal: control.signal })).rejects.toMatchObject({ code: 'aborted' });
    expect(events.filter(({ type }) => type === 'step')).toHaveLength(2);
  });
});

describe('without what makes them', () => {
  it('Attend-and-Excite and BoxDiff are plain sampling, bit for bit', async () => {
    const settings = { guidanceShare: 0, refinements: 0 };
    for (const key of ['attend-excite', 'boxdiff'] as const) {
      expect(values(await RUNS[key]({ settings }))).toEqual([...(await plain())]);
    }
  });

  it('MultiDiffusion of one prompt and no bootstrapping is plain sampling', async () => {
    const regions = [{ prompt: BASE.prompt, box: BOXES[0] }];
    const got = values(await RUNS.multidiffusion({ regions, settings: { bootstrapShare: 0 } }));
    const expected = await plain();
    for (const [i, v] of got.entries()) expect(v).toBeCloseTo(expected[i], 3);
  });

  it('LMD is plain sampling from the noise of the middle in each box', async () => {
    const settings = { updates: [], frozenShare: -1, foregroundNoise: 0 };
    const grid = { height: 4, width: 4 };
    const noise = randomNormal(BASE.seed, { shape: [1, 4, 4, 4] });
    const drawn = BOXES.map((box) => {
      const moved = shifted(floats(noise), { grid, ...centre(box, grid).shift });
      return { mask: boxMask(box, grid), noise: moved, latents: [], maps: [] };
    });
    const composed = float32(
      overwrite(floats(noise).slice(), drawn, (object) => object.noise),
      noise.shape,
    );
    const [expected] = await textToImage(pipeline, { ...BASE, noise: composed });
    expect(values(await RUNS.lmd({ settings }))).toEqual(values(expected));
  });
});

it('refinement lowers the loss before its step', async () => {
  const sampling = generationSettings(pipeline, BASE, { operation: 'test' });
  const condition = await pipeline.condition(BASE.prompt);
  const lossAfter = async (refinements: number) => {
    const settings = guidanceSettings(pipeline, {
      refinements,
      thresholds: [{ at: 0, threshold: 1 }],
      scaleFactor: 0.05,
    });
    const guidance = await openTokenGuidance(pipeline, {
      ...{ condition, size: { heightPx: 8, widthPx: 8 }, tokens: TOKENS, length: 6, steps: 4, settings, loss: neglect },
    });
    const run = sampling.scheduler.begin(4);
    const { latents } = (await textToImage(pipeline, { ...BASE, steps: 1 }))[0];
    await guidance.move(latents, { index: 0, timestep: run.timesteps[0], run });
    return guidance.losses[0];
  };
  expect(await lossAfter(6)).toBeLessThan(await lossAfter(0));
});

describe('layoutFor', () => {
  const mini = loadPipeline(openCheckpoint(modelFolder('mini')), runtime);
  const request = { prompt: 'a woman is riding a bicycle', steps: 1, seed: 1 };
  const box = [64, 32, 128, 160] as const;
  const finder = (found: boolean): PersonFinder => ({
    find: async () => (found ? { keypoints: [], box: [10, 20, 30, 40], people: 1 } : undefined),
    close: async () => undefined,
  });
  const proposing = (agent: Agent): Agent => ({
    ...agent,
    propose: async (question) => ({ ...(await agent.propose(question)), status: 'proposed', box: [1, 2, 300, 400] }),
  });
  const nouns = async (boxes: { word?: string; box: typeof box }[]) =>
    (await layoutFor('boxdiff', mini, { ...request, boxes })).placed.map(({ noun }) => noun);

  it('takes boxes by word, in order, or for the objects alone', async () => {
    expect(await nouns([{ box }, { box }])).toEqual(['woman', 'bicycle']);
    expect(await nouns([{ box }])).toEqual(['bicycle']);
    expect(await nouns([{ word: 'woman', box }])).toEqual(['woman']);
    expect(await nouns([{ word: 'bicycle', box }, { box }])).toEqual(['woman', 'bicycle']);
    const [first] = (await layoutFor('lmd', mini, { ...request, boxes: [{ box }] })).placed;
    expect(first.box).toEqual([128, 64, 256, 320]); // pictures of 256, a canvas of 512
    await expect(nouns([{ box }, { box }, { box }])).rejects.toThrow(/woman, bicycle/);
    await expect(nouns([{ word: 'dog', box }])).rejects.toThrow(/"dog"/);
  });

  it('asks the agent about a plain picture, and says when nobody is in it', async () => {
    await expect(layoutFor('lmd', mini, request)).rejects.toThrow(/--box x1,y1,x2,y2/);
    const agent = proposing(testAgent());
    const asked = await layoutFor('lmd', mini, { ...request, agent, personFinder: finder(true) });
    expect(asked.source).toBe('agent');
    expect(asked.placed.map(({ box: at }) => [...at])).toEqual([
      [10, 20, 30, 40],
      [1, 2, 300, 400],
    ]);
    const events: ProgressEvent[] = [];
    const onProgress = (event: ProgressEvent) => events.push(event);
    await layoutFor('lmd', mini, { ...request, agent, personFinder: finder(false), onProgress });
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'warning', message: expect.stringMatching(/nobody/) }),
    );
  });

  it('refuses prompts that name nothing', async () => {
    await expect(layoutFor('lmd', mini, { ...request, prompt: 'riding' })).rejects.toThrow(/says who does what/);
  });
});
