// T2I-CompBench's sentences: what counts as a person using a thing.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { interactionSentences, readPromptLines } from './t2i-compbench.js';

const file = join(process.env.CONTRAPPOSTO_SHARED ?? '../shared', 'data/t2i-compbench/non_spatial.txt');
const only = (line: string) => interactionSentences([line]).sentences[0];
const why = (line: string) => Object.keys(interactionSentences([line]).skipped)[0];

describe('interactionSentences', () => {
  it.each([
    ['A woman is holding a red bucket and smiling.', 'woman', 'holding', 'red bucket'],
    ['The tall potter gently shaped the clay, humming.', 'tall potter', 'shaped', 'clay'],
    ['A boy is looking at the robot.', 'boy', 'looking at', 'robot'],
    ['A group of painters are wearing gloves.', 'painters', 'wearing', 'gloves'],
    ['A man is repairing a ladder.', 'man', 'repairing', 'ladder'],
  ])('%s', (line, subject, verb, object) => {
    expect(only(line)).toEqual({ line: 1, prompt: line, subject, verb, object });
  });

  it.each([
    ['A cat is chasing a mouse.', 'no person'],
    ['The flower is losing a leaf.', 'no person'],
    ['A man is walking in the rain.', 'no object'],
    ['A man is enjoying music.', 'no object'],
    ['A girl is standing on a bridge.', 'a place'],
    ['A girl is looking at the sunset.', 'no thing'],
    ['A girl is talking to her teacher.', 'person as object'],
    ['A girl is lost.', 'no verb'],
  ])('%s: %s', (line, reason) => expect(why(line)).toBe(reason));

  it.skipIf(!existsSync(file))('keeps 565 of the 1,000 sentences (CONTRAPPOSTO_SHARED)', () => {
    const { sentences, skipped } = interactionSentences(readPromptLines(file));
    const left = Object.values(skipped).reduce((a, b) => a + b);
    expect([sentences.length, sentences.length + left]).toEqual([565, 1000]);
  });
});

describe('readPromptLines', () => {
  it('refuses what is not there', () => expect(() => readPromptLines('/nowhere.txt')).toThrow(/no such file/));
});
