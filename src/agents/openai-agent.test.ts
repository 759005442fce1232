// The remote agent against a server on this machine that answers well, badly, late, half or not at all.
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { ContrappostoError } from '../core/errors.js';
import { type AgentFault, type AgentServer, serveAgent } from './agent-server.js';
import { createOpenAiAgent, type OpenAiAgentOptions } from './openai-agent.js';
import { testAgent, testPicture, testQuestion } from './test-agent.js';

const KEY = 'sk-very-secret';
const servers: AgentServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** A remote agent whose requests meet the given faults, one after another; afterwards all is well. */
async function remote(faults: (AgentFault | undefined)[] = [], options: Partial<OpenAiAgentOptions> = {}) {
  const behind = testAgent();
  const server = await serveAgent({ agent: behind, fault: (i) => faults[i] });
  servers.push(server);
  const fast = { timeoutMs: 2000, backoffMs: [1], totalTimeoutMs: 10_000 };
  const agent = createOpenAiAgent({ baseUrl: server.baseUrl, model: 'vision', apiKey: KEY, ...fast, ...options });
  return { agent, behind, server };
}

const pictures = [testPicture(), testPicture(), testPicture()];
const always = (fault: AgentFault) => Array.from({ length: 20 }, () => fault);

describe('choose', () => {
  it('sends every picture and the prompt, and keeps transcript and cost', async () => {
    const { agent, behind } = await remote([], { prices: { prompt: 10, completion: 30 } });
    const choice = await agent.choose('a woman is riding a bicycle', pictures);
    expect(choice).toMatchObject({ index: 2, indices: [2], source: 'vlm', warnings: [] });
    expect(behind.chosen).toEqual([{ prompt: 'a woman is riding a bicycle', images: 3 }]);
    expect(choice.usage.requests).toBe(1);
    const { promptTokens, completionTokens, costUsd } = choice.usage;
    expect(promptTokens).toBeGreaterThan(0);
    expect(costUsd).toBeCloseTo((10 * promptTokens + 30 * completionTokens) / 1e6);
    expect(choice.transcript).toHaveLength(1);
    expect(choice.transcript[0].question).toContain('numbered 1 to 3');
    expect(choice.transcript[0].answer).toContain('{"choice": 3}');
  });

  it('fills up distinct picks', async () => {
    const { agent } = await remote([{ content: '{"choices": [2, 2]}' }]);
    expect((await agent.choose('x', pictures, { count: 3 })).indices).toEqual([1, 0, 2]);
  });

  it('asks once more, more strictly, after nonsense', async () => {
    const { agent, server } = await remote([{ content: 'What a lovely day!' }]);
    const choice = await agent.choose('x', pictures);
    expect(choice).toMatchObject({ index: 2, source: 'vlm' });
    expect(server.requests).toBe(2);
    expect(choice.transcript[1].question).toContain('named no picture');
  });

  it.each([
    ['nonsense', { content: 'What a lovely day!' }, 'AGENT_UNPARSABLE'],
    ['a refusal', { content: 'I’m sorry, I can’t help with that.' }, 'AGENT_UNPARSABLE'],
    ['no content', { content: null }, 'AGENT_UNPARSABLE'],
    ['a number out of range', { content: '{"choice": 8}' }, 'AGENT_UNPARSABLE'],
    ['half an answer', { body: '{"choices": [{"mess' }, 'AGENT_UNAVAILABLE'],
    ['an answer without choices', { body: '{"choices": []}' }, 'AGENT_UNAVAILABLE'],
    ['429', { status: 429 }, 'AGENT_UNAVAILABLE'],
    ['500', { status: 500 }, 'AGENT_UNAVAILABLE'],
    ['a closed connection', { hangUp: true }, 'AGENT_UNAVAILABLE'],
  ] as const)('takes the first picture after %s', async (_, fault, code) => {
    const { agent } = await remote(always(fault));
    const choice = await agent.choose('x', pictures);
    expect(choice).toMatchObject({ index: 0, indices: [0], source: 'fallback' });
    expect(choice.warnings.map((w) => w.code)).toEqual([code, 'AGENT_FALLBACK']);
  });

  it('asks the fallback agent when there is one', async () => {
    const fallback = testAgent();
    const { agent } = await remote(always({ status: 503 }), { fallback, retries: 0 });
    const choice = await agent.choose('x', pictures);
    expect(choice).toMatchObject({ index: 2, source: 'fallback' });
    expect(choice.warnings.at(-1)?.message).toContain('test');
    expect(choice.usage.requests).toBe(1);
  });

  it('repeats what may pass, as often as allowed', async () => {
    const { agent, server } = await remote([{ status: 500 }, { status: 429, headers: { 'retry-after': '0.001' } }]);
    expect(await agent.choose('x', pictures)).toMatchObject({ index: 2, source: 'vlm', warnings: [] });
    expect(server.requests).toBe(3);
  });

  it('gives up at once when Retry-After lies beyond the cap', async () => {
    const { agent, server } = await remote(always({ status: 429, headers: { 'retry-after': '3600' } }));
    expect(await agent.choose('x', pictures)).toMatchObject({ index: 0, source: 'fallback' });
    expect(server.requests).toBe(1);
    const date = new Date(Date.now() + 3600_000).toUTCString();
    const dated = await remote(always({ status: 429, headers: { 'retry-after': date } }));
    await dated.agent.choose('x', pictures);
    expect(dated.server.requests).toBe(1);
  });

  it('does not wait for a server that never answers', async () => {
    const { agent, server } = await remote(always({ delayMs: Number.POSITIVE_INFINITY }), {
      timeoutMs: 30,
      retries: 1,
    });
    const choice = await agent.choose('x', pictures);
    expect(choice.warnings[0].code).toBe('AGENT_TIMEOUT');
    expect(server.requests).toBe(2);
  });

  it.each([
    [401, 'usage'],
    [403, 'usage'],
    [404, 'not-found'],
    [400, 'runtime'],
  ])('fails at once with HTTP %i, without the key', async (status, code) => {
    const { agent, server } = await remote(always({ status, body: `{"error": "bad key ${KEY}"}` }));
    const error = (await agent.choose('x', pictures).catch((e: unknown) => e)) as ContrappostoError;
    expect(error).toMatchObject({ name: 'ContrappostoError', code });
    expect(error.message).toContain(`HTTP ${status}`);
    expect(JSON.stringify([error.message, error.details, String(error.stack)])).not.toContain(KEY);
    expect(server.requests).toBe(1);
  });

  it('never repeats the key in its transcript', async () => {
    const { agent } = await remote([{ content: `${KEY} says 2, {"choice": 2}` }]);
    expect(JSON.stringify(await agent.choose('x', pictures))).not.toContain(KEY);
  });

  it('refuses to choose among none', async () => {
    const { agent } = await remote();
    await expect(agent.choose('x', [])).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('stops when asked to', async () => {
    const { agent } = await remote(always({ delayMs: Number.POSITIVE_INFINITY }));
    const controller = new AbortController();
    const choosing = agent.choose('x', pictures, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(choosing).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('propose', () => {
  it('tells everything and reads the answer', async () => {
    const { agent, behind } = await remote();
    const question = testQuestion();
    const proposal = await agent.propose(question);
    expect(proposal).toMatchObject({
      status: 'proposed',
      box: [100, 200, 300, 400],
      source: 'vlm',
      reasoning: 'so it fits',
    });
    expect(proposal.attributes).toEqual({ poseType: 'dynamic', relation: 'under' });
    // The server read the question back from its text.
    const { image, ...told } = behind.asked[0];
    expect(image).toMatchObject({ widthPx: 512, heightPx: 512 });
    expect(told).toMatchObject({ prompt: question.prompt, verb: 'riding', object: 'bicycle' });
    expect(told).toMatchObject({ personBox: question.personBox, objectBox: question.objectBox });
    expect(told.fixedBoxes).toEqual(question.fixedBoxes);
    expect(told.keypoints?.[5]).toEqual({ x: 205, y: 45, score: 1 });
    expect(told.keypoints?.[0].y).toBe(-5);
    expect(told.keypoints?.[4].score).toBe(0);
  });

  it('says that place and points are unknown', async () => {
    const { agent, behind } = await remote();
    await agent.propose({ ...testQuestion(), objectBox: null, keypoints: null });
    expect(behind.asked[0]).toMatchObject({ objectBox: null, keypoints: null });
  });

  const answer = (box: string) => ({
    content: `Object relationship: under\nUpdated object location (bicycle): ${box}`,
  });
  it.each([
    ['partly outside', '[-40, 200, 300, 600]', 'proposed', [0, 200, 300, 512], ['BOX_CLIPPED']],
    ['as shares', '[0.25, 0.5, 0.75, 1]', 'proposed', [128, 256, 384, 512], []],
    ['thin', '[200, 100, 204, 300]', 'proposed', [186, 100, 218, 300], ['BOX_EXPANDED']],
    ['wholly outside', '[600, 10, 700, 90]', 'rejected', null, ['BOX_REJECTED']],
    ['inverted', '[300, 300, 100, 400]', 'rejected', null, ['BOX_REJECTED']],
    ['without area', '[100, 100, 100, 400]', 'rejected', null, ['BOX_REJECTED']],
    ['almost everything', '[0, 0, 512, 511]', 'rejected', null, ['BOX_REJECTED']],
    ['the person’s own', '[180, 60, 320, 401]', 'rejected', null, ['BOX_REJECTED']],
  ] as const)('checks a box that is %s', async (_, box, status, checked, codes) => {
    const { agent } = await remote([answer(box)]);
    const proposal = await agent.propose(testQuestion());
    expect(proposal).toMatchObject({ status, box: checked });
    expect(proposal.warnings.map((w) => w.code)).toEqual(codes);
  });

  it('allows the person’s own box for what is worn', async () => {
    const { agent } = await remote([{ content: 'Object relationship: on\nObject location: [180, 60, 320, 400]' }]);
    expect(await agent.propose(testQuestion())).toMatchObject({ status: 'proposed', box: [180, 60, 320, 400] });
  });

  it('understands that the object stays', async () => {
    const { agent } = await remote([answer('unchanged')]);
    expect(await agent.propose(testQuestion())).toMatchObject({ status: 'none', box: null });
  });

  it.each([
    ['unparsable', 'AGENT_UNPARSABLE', { content: 'No.' }],
    ['timeout', 'AGENT_TIMEOUT', { delayMs: Number.POSITIVE_INFINITY }],
    ['timeout', 'AGENT_UNAVAILABLE', { status: 502 }],
  ] as const)('is %s (%s)', async (status, code, fault) => {
    const { agent } = await remote(always(fault), { timeoutMs: 500, retries: 0 });
    const proposal = await agent.propose(testQuestion());
    expect(proposal).toMatchObject({ status, box: null });
    expect(proposal.warnings.map((w) => w.code)).toEqual([code]);
  });

  it('asks the fallback agent when there is one', async () => {
    const { agent } = await remote(always({ content: 'No.' }), { fallback: testAgent() });
    const proposal = await agent.propose(testQuestion());
    expect(proposal).toMatchObject({ status: 'proposed', source: 'fallback', box: [100, 200, 300, 400] });
    expect(proposal.warnings.map((w) => w.code)).toEqual(['AGENT_UNPARSABLE', 'AGENT_FALLBACK']);
  });
});

describe('any sequence of faults', () => {
  const fault = fc.oneof(
    fc.constant<AgentFault | undefined>(undefined),
    fc.record({
      status: fc.constantFrom(408, 429, 500, 503),
      headers: fc.constantFrom<Record<string, string>>({}, { 'retry-after': '0' }),
    }),
    fc.record({ content: fc.oneof(fc.string(), fc.constant(null)) }),
    fc.record({ body: fc.string() }),
    fc.constant<AgentFault>({ hangUp: true }),
    fc.constant<AgentFault>({ delayMs: Number.POSITIVE_INFINITY }),
  );

  it('ends within the cap, with an answer and few requests', async () => {
    const property = fc.asyncProperty(fc.array(fault, { maxLength: 8 }), async (faults) => {
      const options = { timeoutMs: 40, totalTimeoutMs: 150, retries: 2 };
      const { agent, server } = await remote(faults, options);
      const [choice, proposal] = await Promise.all([agent.choose('x', pictures), agent.propose(testQuestion())]);
      await server.close();
      expect(choice.index).toBeLessThan(pictures.length);
      expect(['proposed', 'none', 'unparsable', 'timeout', 'rejected']).toContain(proposal.status);
      expect(proposal.box === null).toBe(proposal.status !== 'proposed');
      // three attempts a question, two questions a task, two tasks
      expect(server.requests).toBeLessThanOrEqual(12);
    });
    await fc.assert(property, { numRuns: 25 });
  }, 30_000);
});
