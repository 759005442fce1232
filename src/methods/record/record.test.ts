// ReCorD on a tiny random network: its acceptance tests, and every row of the table of edge cases that is not an agent's.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Agent, LayoutProposal } from '../../agents/agent.js';
import { testAgent } from '../../agents/test-agent.js';
import type { ProgressEvent } from '../../core/progress.js';
import { randomNormal } from '../../core/random.js';
import { float32, floats } from '../../core/tensor.js';
import { generationSettings } from '../../diffusion/generation-settings.js';
import { loadPipeline } from '../../diffusion/pipeline.js';
import { createScheduler } from '../../diffusion/schedulers.js';
import { testCheckpoint } from '../../diffusion/test-checkpoint.js';
import { textToImage } from '../../diffusion/text-to-image.js';
import { openWithSiblings } from '../../parity/shared-parts.js';
import { createRuntime } from '../../runtime/index.js';
import { denoiseBranches, openBranches } from './branches.js';
import { candidateSeeds } from './candidates.js';
import { openCorrection } from './correction.js';
import type { FoundPerson, PersonFinder } from './person.js';
import { analysePrompt } from './prompt-analysis.js';
import { AgentLog, proposeLayouts } from './reasoning.js';
import { type RecordOptions, record } from './record.js';
import { openScene } from './scene.js';
import { recordSettings } from './settings.js';

const runtime = createRuntime({ threads: 1 });
const pipeline = loadPipeline(testCheckpoint(), runtime);
afterAll(() => runtime.close());

// The toy vocabulary has letters alone: "a b c" does something with "d".
const PROMPT = 'a b c d';
const ANALYSIS = { promptIn: 'a b c', objectHead: 'd' };
const SAMPLING = {
  prompt: PROMPT,
  analysis: ANALYSIS,
  steps: 4,
  seed: 3,
  guidanceScale: 5,
  scheduler: 'ddim' as const,
};
/** In pixels of the toy's pictures of 8 by 8. */
const BOX = [0, 4, 4, 8] as const;

const PERSON: FoundPerson = { keypoints: [], box: [100, 100, 300, 500], people: 1 };

function finder(...found: (FoundPerson | undefined)[]): PersonFinder {
  return { find: async () => (found.length > 1 ? found.shift() : found[0]), close: async () => undefined };
}

function layoutAgent(changes: Partial<LayoutProposal>): Agent {
  const agent = testAgent();
  return { ...agent, propose: async (question) => ({ ...(await agent.propose(question)), ...changes }) };
}

function run({ settings, ...options }: Partial<RecordOptions> = {}) {
  const all = { ...SAMPLING, personFinder: finder(PERSON), ...options };
  return record(pipeline, { ...all, settings: { keepBetter: false, ...settings } });
}

function openToyScene() {
  return openScene(pipeline, {
    analysis: analysePrompt(PROMPT, ANALYSIS),
    settings: recordSettings(pipeline),
    sampling: generationSettings(pipeline, { ...SAMPLING }, { operation: 'test' }),
    objectRequired: true,
  });
}

const codes = ({ report }: Awaited<ReturnType<typeof record>>) => report.warnings.map(({ code }) => code);
const agentCall = { settings: { candidates: 2 }, agent: testAgent() };

describe('ReCorD on a toy network', () => {
  it('is plain sampling, bit for bit, with swaps and guidance off', async () => {
    const { latents } = await run({ settings: { modules: ['G'], crossSwap: false, selfSwap: false } });
    const { analysis: _, ...plain } = SAMPLING;
    const [sd] = await textToImage(pipeline, plain);
    expect(latents.data).toEqual(sd.latents.data);
  });

  it('swaps nothing when both prompts are the same, and something when not', async () => {
    const drawn = (settings: object, promptIn: string) =>
      run({ analysis: { promptIn, objectHead: 'd' }, settings: { candidates: 1, modules: ['G', 'R'], ...settings } });
    const on = await drawn({ selfWindow: { start: 0, end: 1 } }, PROMPT);
    const off = await drawn({ crossSwap: false, selfSwap: false }, PROMPT);
    expect(on.latents.data).toEqual(off.latents.data);
    const other = await drawn({}, 'a b c');
    expect(other.latents.data).not.toEqual(off.latents.data);
  });

  it('reproduces the candidate bit for bit in module C without guidance and overlap removal', async () => {
    const settings = { scaleFactor: 0, overlapRemoval: false, stepRule: 'raw' as const };
    const { latents, candidates, report } = await run({ boxes: [BOX], settings: { ...settings, modules: ['G', 'C'] } });
    expect(report.corrected).toBe(true);
    expect(latents.data).toEqual(candidates[0].latents.data);
    const guided = await run({ boxes: [BOX], settings: { modules: ['G', 'C'], scaleFactor: 1 } });
    expect(guided.latents.data).not.toEqual(candidates[0].latents.data);
  });

  it('keeps the base branch apart from guidance', async () => {
    const scene = await openToyScene();
    const network = await openBranches(pipeline, scene.branches, {});
    const noise = randomNormal(1, { shape: [1, 4, 4, 4] });
    const common = { scheduler: createScheduler(pipeline.schedulerConfig), steps: 4, noise };
    const swapsAt = () => ({ cross: true, self: true });
    const free = await denoiseBranches(network, { ...common, swapsAt });
    const guided = await denoiseBranches(network, {
      ...common,
      swapsAt,
      guide: async (latents) => ({
        latents: float32(
          floats(latents).map((v) => v + 0.5),
          latents.shape,
        ),
      }),
    });
    expect(guided.base.data).toEqual(free.base.data);
    expect(guided.full.data).not.toEqual(free.full.data);
  });

  it('gives the same latents for the same seed and answers', async () => {
    const [a, b] = [await run(agentCall), await run(agentCall)];
    expect(a.latents.data).toEqual(b.latents.data);
    expect(a.report.corrected).toBe(true);
    expect(a.report.layouts).toMatchObject([{ object: 'd', status: 'changed', proposed: [100, 200, 300, 400] }]);
    expect(a.report.losses).toHaveLength(Math.round(recordSettings(pipeline).guidanceShare * 4));
    expect(a.report.choice).toMatchObject({ index: 1, source: 'local' });
  });

  it('finishes a truncated candidate as its whole run would have been', async () => {
    const settings = { modules: ['G', 'R'] as const, candidates: 1 };
    const whole = await run({ settings });
    const cut = await run({ settings: { ...settings, phase1: 'truncated', truncatedShare: 0.5 } });
    expect(cut.latents.data).toEqual(whole.latents.data);
    expect(cut.candidates[0].latents.data).not.toEqual(whole.latents.data);
  });

  it('reports every stage with previews', async () => {
    const events: ProgressEvent[] = [];
    await run({ ...agentCall, onProgress: (event) => events.push(event) });
    const stages = events.flatMap((e) => (e.type === 'step' ? [e.stage] : []));
    expect([...new Set(stages)]).toEqual(['candidate 1 of 2', 'candidate 2 of 2', 'correct']);
    const step = events.find((e) => e.type === 'step');
    expect((await step?.preview?.())?.widthPx).toBe(8);
  });
});

describe('edge cases', () => {
  it('refuses an empty prompt', async () => {
    await expect(run({ prompt: ' . ', analysis: {} })).rejects.toThrow(/PROMPT_EMPTY/);
  });

  it('shortens a prompt for a small text encoder, never without saying so', async () => {
    const result = await run({ prompt: 'a b c d e f g h', analysis: {} });
    expect(result.report.analysis.prompt).toBe('a b c d e f');
    expect(result.report.warnings[0]).toMatchObject({ code: 'PROMPT_CUT', message: expect.stringContaining('"g h"') });
  });

  it('NO_VERB keeps the prompt whole and goes on with the object', async () => {
    const result = await run({ ...agentCall, prompt: 'a b on d', analysis: {} });
    expect(codes(result)).toContain('NO_VERB');
    expect(result.report.analysis.promptIn).toBe('a b on d');
    expect(result.report.corrected).toBe(true);
  });

  it('NO_OBJECT ends with the chosen candidate', async () => {
    const result = await run({ ...agentCall, prompt: 'a b c', analysis: {} });
    expect(codes(result)).toContain('NO_OBJECT');
    expect(result.report.corrected).toBe(false);
    expect(result.latents.data).toEqual(result.candidates[1].latents.data);
  });

  it('refuses an object that the prompt does not have, when one is asked for', async () => {
    await expect(run({ analysis: { objectHead: 'q' } })).rejects.toThrow(/"q" in the prompt/);
  });

  it('asks about each of several objects with earlier ones as fixed boxes, and sums their losses', async () => {
    const scene = await openToyScene();
    const [first] = scene.objects;
    const second = { ...first, object: { ...first.object, noun: 'c' }, token: 3 };
    const two = { ...scene, objects: [first, second] };
    const agent = testAgent();
    const candidate = { ...(await run({ settings: { modules: ['G'] } })).candidates[0], objectBoxes: [null, null] };
    const given = [undefined, undefined];
    const layouts = await proposeLayouts(two, { candidate, person: PERSON, agent, given, log: new AgentLog() });
    expect(layouts.map(({ object, status }) => [object, status])).toEqual([
      ['d', 'changed'],
      ['c', 'changed'],
    ]);
    expect(agent.asked.map(({ fixedBoxes }) => fixedBoxes)).toEqual([[], [{ label: 'd', box: [100, 200, 300, 400] }]]);

    const box = [0, 256, 256, 512] as const;
    const loss = async (...tokens: number[]) => {
      const objects = tokens.map((token) => ({ token, box }));
      const plan = { ...scene, condition: scene.full, size: scene.branches.size, objects, steps: 4 };
      const { guide, losses } = await openCorrection(pipeline, plan);
      const x = randomNormal(1, { shape: [1, 4, 4, 4] });
      const run = createScheduler(pipeline.schedulerConfig).begin(4);
      await guide(x, { index: 0, timestep: run.timesteps[0], run, resolutions: [[4, 4]] });
      return losses[0];
    };
    expect(await loss(4, 3)).toBeCloseTo((await loss(4)) + (await loss(3)), 5);
  });

  it('MULTI_PERSON is reported', async () => {
    const result = await run({ ...agentCall, personFinder: finder({ ...PERSON, people: 3 }) });
    expect(codes(result)).toContain('MULTI_PERSON');
  });

  it('NO_POSE tries the next best candidate, then leaves the chosen one unguided', async () => {
    const next = await run({ ...agentCall, personFinder: finder(undefined, PERSON) });
    expect(codes(next)).toEqual(['NO_POSE']);
    expect(next.report).toMatchObject({ choice: { index: 0 }, corrected: true });
    const none = await run({ ...agentCall, personFinder: finder(undefined) });
    expect(codes(none)).toEqual(['NO_POSE']);
    expect(none.report).toMatchObject({ corrected: false, layouts: [{ status: 'no-person' }] });
    expect(none.latents.data).toEqual(none.candidates[1].latents.data);
  });

  it.each(['unparsable', 'timeout', 'rejected'] as const)(
    'an answer that is %s leaves the candidate',
    async (status) => {
      const result = await run({ ...agentCall, agent: layoutAgent({ status, box: null }) });
      expect(result.report).toMatchObject({ corrected: false, layouts: [{ status, proposed: null }] });
      expect(codes(result)).toContain('NO_LAYOUT');
      expect(result.latents.data).toEqual(result.candidates[1].latents.data);
    },
  );

  it('passes on what an agent warns of', async () => {
    const warnings = [{ code: 'BOX_CLIPPED' as const, message: 'it was outside' }];
    expect(codes(await run({ ...agentCall, agent: layoutAgent({ warnings }) }))).toContain('BOX_CLIPPED');
  });

  it('an object that is where it belongs is not moved, unless the check is off', async () => {
    const first = await run(agentCall);
    const [there] = first.report.candidates[1].objectBoxes;
    const agent = layoutAgent({ box: there ?? [0, 0, 256, 256] });
    const kept = await run({ settings: { candidates: 2 }, agent });
    expect(kept.report).toMatchObject({
      corrected: there === null,
      layouts: [{ status: there ? 'unchanged' : 'changed' }],
    });
    const forced = await run({ settings: { candidates: 2, changeCheck: false }, agent });
    expect(forced.report.corrected).toBe(true);
  });

  it('GUIDANCE_DIVERGED after three updates that would explode', async () => {
    const settings = { modules: ['G', 'C'] as const, stepRule: 'raw' as const, scaleFactor: 1e12, guidanceShare: 1 };
    const result = await run({ boxes: [BOX], settings, steps: 6 });
    expect(codes(result).filter((code) => code === 'UPDATE_SKIPPED')).toHaveLength(3);
    expect(codes(result)).toContain('GUIDANCE_DIVERGED');
    expect(result.report.losses).toHaveLength(3);
    expect([...floats(result.latents)].every(Number.isFinite)).toBe(true);
  });

  it('CORRECTION_REJECTED keeps the candidate that the agent finds better', async () => {
    const agent: Agent = {
      ...testAgent(),
      choose: async (...args) => ({ ...(await testAgent().choose(...args)), index: 1 }),
    };
    const result = await run({ settings: { candidates: 2, keepBetter: true }, agent });
    expect(codes(result)).toContain('CORRECTION_REJECTED');
    expect(result.report.corrected).toBe(false);
    expect(result.report.losses.length).toBeGreaterThan(0);
    expect(result.latents.data).toEqual(result.candidates[1].latents.data);
  });

  it('strict turns a warning into an error', async () => {
    await expect(run({ prompt: 'a b c', analysis: {}, settings: { strict: true } })).rejects.toThrow(/NO_VERB/);
  });

  it('stops between two steps', async () => {
    const controller = new AbortController();
    const onProgress = (event: ProgressEvent) => {
      if (event.type === 'step' && event.stage === 'correct') controller.abort();
    };
    await expect(run({ ...agentCall, signal: controller.signal, onProgress })).rejects.toThrow(/interrupt/);
  });

  it('draws no seed twice', () => {
    const seeds = candidateSeeds(5, 64);
    expect(new Set(seeds).size).toBe(64);
    expect(seeds[0]).toBe(5);
    expect(candidateSeeds(5, 64)).toEqual(seeds);
  });

  it('works on a canvas that is not square', async () => {
    const { image, report } = await run({
      boxes: [[0, 4, 8, 8]],
      width: 16,
      height: 8,
      settings: { modules: ['G', 'C'] },
    });
    expect([image.widthPx, image.heightPx]).toEqual([16, 8]);
    expect(report).toMatchObject({ corrected: true, layouts: [{ proposed: [0, 256, 256, 512] }] });
  });

  it.each([
    [{ preset: 'nothing' as never }, /preset/],
    [{ candidates: 0 }, /candidates/],
    [{ guidanceShare: 1.5 }, /M <= T/],
    [{ topFraction: 0 }, /topFraction/],
    [{ smoothing: { kernelSize: 2, sigma: 1 } }, /odd kernel/],
    [{ scaleFactor: Number.NaN }, /scaleFactor/],
  ])('refuses settings %j', (settings, message) => {
    expect(() => recordSettings(pipeline, settings)).toThrow(message);
  });
});

const golden = join(process.env.CONTRAPPOSTO_SHARED ?? '../shared', 'golden');

describe.skipIf(!existsSync(golden))('checkpoints of Stable Diffusion and SDXL (reference data)', () => {
  it.each(['tiny-sd', 'tiny-sdxl'])('%s runs whole', async (name) => {
    const checkpoint = openWithSiblings(join(golden, name), golden);
    const own = loadPipeline(checkpoint, runtime);
    try {
      const { report, latents } = await record(own, {
        prompt: 'a man is riding a bicycle',
        ...{
          steps: 3,
          seed: 1,
          agent: testAgent(),
          personFinder: finder(PERSON),
          settings: { candidates: 1, keepBetter: false },
        },
      });
      expect(report).toMatchObject({
        corrected: true,
        layouts: [{ object: 'bicycle', proposed: [100, 200, 300, 400] }],
      });
      expect(report.losses.every((loss) => loss > 0)).toBe(true);
      expect([...floats(latents)].every(Number.isFinite)).toBe(true);
    } finally {
      await own.release();
      checkpoint.close();
    }
  });
});
