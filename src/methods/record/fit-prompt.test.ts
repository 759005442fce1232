// Prompts that are too long: refused by the usual text encoders, shortened around the object for small ones.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ClipTokenizer, openCheckpoint } from '../../weights/index.js';
import { modelFolder } from '../../weights/model-folder.js';
import { fitPrompt } from './fit-prompt.js';
import { analysePrompt } from './prompt-analysis.js';

/** One token a letter, as many as asked for. */
function letters(modelMaxLength: number): ClipTokenizer {
  const tokens = [...'abcdefghijklmnopqrstuvwxyz,'].flatMap((c) => [c, `${c}</w>`]);
  const vocab = Object.fromEntries(['<|startoftext|>', '<|endoftext|>', ...tokens].map((token, id) => [token, id]));
  return new ClipTokenizer({ vocab, merges: [], modelMaxLength });
}

const LONG =
  'in a very green garden, a man is riding a horse while many others look on from far away and clap their hands';

describe('prompts beyond the text encoder', () => {
  it('are refused where it reads 77 tokens, with what is left over', () => {
    expect(() => fitPrompt(LONG, letters(77))).toThrow(/PROMPT_TOO_LONG.*left over: "clap their hands"/s);
    expect(fitPrompt('a man is riding a horse', letters(77)).leftOut).toBeUndefined();
  });

  it('are cut behind the last whole word that fits, as long as the object is before it', () => {
    const { analysis, leftOut } = fitPrompt(LONG, letters(56));
    expect(analysis.prompt).toBe('in a very green garden, a man is riding a horse while many others');
    expect(analysis.objects.map(({ noun }) => noun)).toEqual(['horse']);
    expect(leftOut).toBe('look on from far away and clap their hands');
  });

  it('are reduced to the clause of the object where that would be lost', () => {
    const { analysis } = fitPrompt(LONG, letters(30));
    expect(analysis.objects.map(({ noun }) => noun)).toEqual(['horse']);
    expect(analysis.verb?.text).toBe('riding');
  });

  const prompts = join(process.env.CONTRAPPOSTO_SHARED ?? '../shared', 'data/t2i-compbench/non_spatial.txt');
  it.skipIf(!existsSync(prompts))('of T2I-CompBench keep their object with mini (reference data)', () => {
    const tokenizer = openCheckpoint(modelFolder('mini')).tokenizer('tokenizer');
    const lines = readFileSync(prompts, 'utf8').trim().split('\n');
    let lost = 0;
    for (const line of lines) {
      const { analysis } = fitPrompt(line, tokenizer);
      expect(tokenizer.encode(analysis.prompt).truncatedText).toBeUndefined();
      if (analysePrompt(line).objects.length > 0 && analysis.objects.length === 0) lost++;
    }
    expect(lost).toBe(0);
  });
});
