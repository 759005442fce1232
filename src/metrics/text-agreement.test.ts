// CLIP scores in their forms, verbs alone, preferences, and what a vision-language model answers.
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Image } from '../core/image.js';
import { createRuntime } from '../runtime/index.js';
import { embeddedNetwork } from '../weights/model-folder.js';
import { type AgreementRubric, agreementQuestion, agreementScores, parseAgreement } from './agreement-score.js';
import { openClipScorer } from './clip-scorer.js';
import { clipScoreOf, clipSim, openPickScorer, softmaxOf, verbAlone, verbClipScore } from './text-agreement.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

const picture = (value: number): Image => ({
  ...{ widthPx: 32, heightPx: 32 },
  data: Uint8Array.from({ length: 3072 }, (_, i) => (value * (i % 97)) % 256),
});

describe('clipScoreOf', () => {
  it('has the forms of the papers', () => {
    expect([clipScoreOf(0.33), clipScoreOf(0.3, 'hessel'), clipScoreOf(-0.2, 'raw')]).toEqual([33, 0.75, -0.2]);
    expect([clipScoreOf(-0.2), clipScoreOf(-0.2, 'hessel')]).toEqual([0, 0]);
  });

  it('is monotone and bounded', () => {
    const cosine = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(cosine, cosine, (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        expect(clipScoreOf(low)).toBeLessThanOrEqual(clipScoreOf(high));
        expect(clipScoreOf(high)).toBeLessThanOrEqual(100);
      }),
    );
  });

  it.each([Number.NaN, 1.5, -2])('refuses %d', (value) => expect(() => clipScoreOf(value)).toThrow(/CLIP score/));

  it('CLIPSIM takes the mean before it cuts', () => {
    expect(clipSim([0.4, -0.2])).toBeCloseTo(10, 9);
    expect(clipSim([-0.4, 0.2])).toBe(0);
    expect(() => clipSim([])).toThrow(/at least one cosine/);
  });
});

describe('verbAlone', () => {
  it.each([
    ['ride', 'riding'],
    ['sit_on', 'sitting'],
    ['pick_up', 'picking up'],
    ['talk_on_phone', 'talking'],
    ['lie_on', 'lying'],
  ])('%s: %s', (label, text) => expect(verbAlone(label)).toBe(text));

  it('has nothing to say of no interaction', () => expect(verbAlone('no_interaction')).toBeUndefined());

  it('is what the picture is compared with', async () => {
    const scorer = openClipScorer(runtime);
    const image = picture(5);
    const expected = 100 * Math.max(0, await scorer.clipScore(image, 'picking up'));
    expect(await verbClipScore(scorer, image, { verb: 'pick_up' })).toBe(expected);
    expect(await verbClipScore(scorer, image, { verb: 'no_interaction' })).toBeUndefined();
  });
});

describe('preferences', () => {
  it('are the softmax of the scores: 3 to 1 for a difference of log 3', () => {
    expect(softmaxOf([20 + Math.log(3), 20]).map((v) => v.toFixed(9))).toEqual(['0.750000000', '0.250000000']);
  });

  it('sum to 1, keep the order, and do not depend on an offset', () => {
    const scores = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(scores, fc.double({ min: -1e3, max: 1e3, noNaN: true }), (values, offset) => {
        const shares = softmaxOf(values);
        expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 9);
        expect(shares[values.indexOf(Math.max(...values))]).toBe(Math.max(...shares));
        softmaxOf(values.map((v) => v + offset)).forEach((v, i) => {
          expect(v).toBeCloseTo(shares[i], 6);
        });
      }),
    );
  });

  it('of pictures use CLIP’s temperature', async () => {
    const folder = embeddedNetwork('scorer');
    const [picks, clip] = [openPickScorer(runtime, { folder }), openClipScorer(runtime, { folder })];
    const images = [picture(3), picture(11)];
    const cosines = [await clip.clipScore(images[0], 'a man'), await clip.clipScore(images[1], 'a man')];
    expect(await picks.pickScore(images[0], 'a man')).toBeCloseTo(clip.scale * cosines[0], 6);
    const [first] = await picks.preferences(images, 'a man');
    expect(first).toBeCloseTo(1 / (1 + Math.exp(clip.scale * (cosines[1] - cosines[0]))), 6);
    await expect(picks.preferences([], 'a man')).rejects.toThrow(/at least one picture/);
  });
});

describe('parseAgreement', () => {
  it.each([
    ['{"score": 87, "explanation": "fits"}', 87],
    ['Sure!\n```json\n{"score": "92"}\n```', 92],
    ['{"score": 4, "explanation": "nearly"}', 80],
    ['I think {this} {"score": 0}', 0],
    ['Score: 85/100, since he rides it.', 85],
    ['**Rating**: 3/5', 60],
    ['I would give it 70 / 100.', 70],
    [' 55 ', 55],
    ['Score: 5', 100],
    ['{"score": 4.5}', 4.5],
  ])('%j: %d', (reply, score) => expect(parseAgreement(reply)?.score).toBe(score));

  it.each([
    '',
    'no idea',
    '{"score": "high"}',
    '{"score": 120}',
    'Score: -5',
    '{"score": null}',
    'between 3 and 7 people',
  ])('%j cannot be read', (reply) => expect(parseAgreement(reply)).toBeUndefined());

  it('is always within 0 and 100', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.integer().map((n) => `{"score": ${n}}`),
        ),
        (reply) => {
          const score = parseAgreement(reply)?.score ?? 0;
          expect(score >= 0 && score <= 100).toBe(true);
        },
      ),
    );
  });

  it('keeps the explanation', () => {
    expect(parseAgreement('{"explanation": "a dog", "score": 10}')).toEqual({ score: 10, explanation: 'a dog' });
  });
});

describe('agreementScores', () => {
  it('averages what can be read and counts the rest', async () => {
    const replies = ['{"score": 90}', 'what?', undefined, '{"score": 3}'];
    const questions: string[] = [];
    const scores = agreementScores({
      ask: async (question) => {
        questions.push(question);
        return replies.shift();
      },
    });
    for (let i = 0; i < 4; i++) await scores.add(picture(i), 'a man "riding" a horse');
    expect(scores.result()).toMatchObject({ mean: 75, count: 2, skipped: 2, rubric: 'action' });
    expect(questions[0]).toContain('"a man \\"riding\\" a horse"');
  });

  it.each(['action', 'spatial'] as AgreementRubric[])('asks by five levels of %s, the best first', (rubric) => {
    const lines = agreementQuestion('x', rubric).split('\n');
    expect(lines.slice(2, 7).map((line) => line.split(':')[0])).toEqual(['81-100', '61-80', '41-60', '21-40', '1-20']);
  });
});
