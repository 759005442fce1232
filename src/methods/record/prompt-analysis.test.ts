// Prompts of many kinds: what is found in them, and that nothing makes the analysis fail.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analysePrompt } from './prompt-analysis.js';
import { gerundOf } from './word-forms.js';

/** Prompt, prompt without objects, gerund with particle, preposition, nouns. */
const CORPUS: [string, string, string | undefined, string | undefined, string[]][] = [
  ['a boy is feeding a bird', 'a boy is feeding', 'feeding', undefined, ['bird']],
  ['a man is standing on a chair.', 'a man is standing', 'standing', 'on', ['chair']],
  ['a man is talking on a cell phone', 'a man is talking', 'talking', 'on', ['cell phone']],
  ['a man riding a horse in a field', 'a man riding in a field', 'riding', undefined, ['horse']],
  ['a woman rides a bicycle', 'a woman is riding', 'riding', undefined, ['bicycle']],
  ['people ride horses', 'people are riding', 'riding', undefined, ['horses']],
  ['an old man kicked a sports ball', 'an old man is kicking', 'kicking', undefined, ['sports ball']],
  ['two women were happily carrying a couch', 'two women were happily carrying', 'carrying', undefined, ['couch']],
  ['a child is waving', 'a child is waving', 'waving', undefined, []],
  ['a woman is sitting in the park', 'a woman is sitting in the park', 'sitting', undefined, []],
  ['a person is looking up at a kite', 'a person is looking up', 'looking up', 'at', ['kite']],
  ['a man is eating a slice of pizza with a fork', 'a man is eating', 'eating', undefined, ['pizza', 'fork']],
  ['a woman is holding a basket of fruit', 'a woman is holding', 'holding', undefined, ['basket']],
  [
    'a woman in a red dress is carrying a blue suitcase and an umbrella',
    'a woman in a red dress is carrying',
    'carrying',
    undefined,
    ['suitcase', 'umbrella'],
  ],
  [
    'A man is holding a wrench and repairing a car.',
    'A man is holding and repairing a car',
    'holding',
    undefined,
    ['wrench'],
  ],
  ['a man is walking on the beach with a dog', 'a man is walking on the beach', 'walking', 'with', ['dog']],
  ['a child is petting a friendly goat', 'a child is petting', 'petting', undefined, ['goat']],
  ['a man with a red umbrella', 'a man with a red umbrella', undefined, undefined, ['umbrella']],
  ['three apples', 'three apples', undefined, undefined, []],
];

describe('analysis of a prompt', () => {
  it.each(CORPUS)('"%s"', (prompt, promptIn, verbText, preposition, nouns) => {
    const found = analysePrompt(prompt);
    expect(found.promptIn).toBe(promptIn);
    expect(found.verbText).toBe(verbText);
    expect(found.preposition).toBe(preposition);
    expect(found.objects.map(({ noun }) => noun)).toEqual(nouns);
  });

  it('gives the places of subject, verb, phrase and noun', () => {
    const { prompt, subject, aux, verb, objects } = analysePrompt('An old man is riding a red bicycle');
    const at = ({ start, end }: { start: number; end: number }) => prompt.slice(start, end);
    expect([at(subject!), aux, at(verb!)]).toEqual(['man', 'is', 'riding']);
    expect([at(objects[0]), at(objects[0].headSpan)]).toEqual(['a red bicycle', 'bicycle']);
  });

  it('takes the occurrence of the object behind the verb', () => {
    const { objects, subject } = analysePrompt('a person beside a person is hugging a person');
    expect(subject?.start).toBe(2);
    expect(objects[0].headSpan.start).toBe('a person beside a person is hugging a '.length);
  });

  it('lets explicit values win', () => {
    const explicit = { promptIn: 'a man is on a court', objectHead: 'ball', occurrence: 1 };
    const { promptIn, objects } = analysePrompt('a man with a ball is throwing a ball', explicit);
    expect(promptIn).toBe('a man is on a court');
    expect(objects.map((o) => [o.phrase, o.start])).toEqual([['a ball', 30]]);
    expect(
      analysePrompt('a man with a ball is throwing a ball', { objectHead: 'ball', occurrence: 0 }).objects[0].start,
    ).toBe(11);
    expect(() => analysePrompt('a man is running', { objectHead: 'ball' })).toThrow(/"ball" in the prompt/);
  });

  it('leaves any text whole when nothing is found in it, and never fails', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const { prompt, promptIn, objects, verb } = analysePrompt(text);
        for (const { start, end, phrase } of objects) expect(prompt.slice(start, end)).toBe(phrase);
        if (!verb) expect(promptIn).toBe(prompt);
      }),
    );
  });

  const prompts = join(process.env.CONTRAPPOSTO_SHARED ?? '../shared', 'data/t2i-compbench/non_spatial.txt');
  it.skipIf(!existsSync(prompts))('finds the verb of nearly all T2I-CompBench prompts (reference data)', () => {
    const lines = readFileSync(prompts, 'utf8').trim().split('\n');
    const found = lines.map((line) => analysePrompt(line));
    expect(found.filter(({ verb }) => verb).length / lines.length).toBeGreaterThan(0.98);
    expect(found.filter(({ objects }) => objects.length > 0).length / lines.length).toBeGreaterThan(0.85);
    for (const { promptIn } of found) expect(promptIn).not.toMatch(/\s{2}|^\s|\s$|,$/);
  });
});

describe('gerunds', () => {
  it.each([
    ['ride', 'riding'],
    ['sit', 'sitting'],
    ['lie', 'lying'],
    ['see', 'seeing'],
    ['play', 'playing'],
    ['eat', 'eating'],
    ['throw', 'throwing'],
  ])('%s -> %s', (base, gerund) => {
    expect(gerundOf(base)).toBe(gerund);
  });
});
