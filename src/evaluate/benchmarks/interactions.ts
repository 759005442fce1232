// ReCorD's benchmarks: prompts about what people do with things, of HICO-DET, V-COCO and T2I-CompBench.
import { readHicoDet } from '../../data/readers/hico-det.js';
import {
  hicoClasses,
  type InteractionPrompt,
  interactionPrompts,
  PAPER_PROMPTS,
  vCocoClasses,
} from '../../data/readers/interaction-prompts.js';
import { interactionSentences, readPromptLines } from '../../data/readers/t2i-compbench.js';
import { readVCoco } from '../../data/readers/v-coco.js';
import type { Benchmark, BenchmarkCase, BenchmarkReader } from '../benchmark.js';
import { dataFile } from './data-folder.js';

/** Few prompts are asked for where a file has fewer classes than the data set. */
const atMost = (classes: readonly unknown[], subjects: number, wanted: number) =>
  Math.min(wanted, classes.length * subjects);
const SUBJECTS = 15;

const caseOf = ({ id, prompt, verb, object, pairId, tags }: InteractionPrompt): BenchmarkCase => ({
  id,
  prompt,
  triplet: { verb, object },
  tags: [...tags, pairId],
});

export const hicoDet: BenchmarkReader = {
  about: 'HICO-DET: 510 pairs of verb and object with 15 subjects each; --data: its JSON annotations',
  async read({ data, seed }): Promise<Benchmark> {
    const names = ['instances_test2015.json', 'instances_train2015.json'];
    const needs = 'a file instances_test2015.json, or its folder';
    const { triplets } = readHicoDet(dataFile(data, { name: 'hico-det', needs, names }));
    const classes = hicoClasses(triplets);
    const count = atMost(classes, SUBJECTS, PAPER_PROMPTS['hico-det']);
    const cases = interactionPrompts(classes, { seed, count }).map(caseOf);
    const about = `${cases.length} prompts of ${count / SUBJECTS} of HICO-DET's ${classes.length} interactions.`;
    const skipped = { 'classes of no_interaction': triplets.length - classes.length };
    return { name: 'hico-det', about, cases, references: 'sample', skipped };
  },
};

export const vCoco: BenchmarkReader = {
  about: 'V-COCO: 170 pairs of verb and object with 15 subjects each; --data: its JSON annotations',
  async read({ data, seed }): Promise<Benchmark> {
    const names = ['instances_vcoco_test.json', 'instances_vcoco_trainval.json'];
    const needs = 'a file instances_vcoco_test.json, or its folder';
    const { triplets } = readVCoco(dataFile(data, { name: 'v-coco', needs, names }));
    const classes = vCocoClasses(triplets);
    const count = atMost(classes, SUBJECTS, PAPER_PROMPTS['v-coco']);
    const cases = interactionPrompts(classes, { seed, count }).map(caseOf);
    const about = `${cases.length} prompts of ${count / SUBJECTS} of the ${classes.length} interactions in V-COCO's file.`;
    return { name: 'v-coco', about, cases, references: 'sample' };
  },
};

export const t2iCompBench: BenchmarkReader = {
  about: 'T2I-CompBench, non-spatial: its sentences about a person and a thing; --data: a file of prompts',
  async read({ data }): Promise<Benchmark> {
    const names = ['non_spatial.txt', 'non_spatial_val.txt'];
    const needs = 'a file non_spatial.txt, or its folder';
    const lines = readPromptLines(dataFile(data, { name: 't2i-compbench', needs, names }));
    const { sentences, skipped } = interactionSentences(lines);
    const cases = sentences.map(({ line, prompt, verb }): BenchmarkCase => {
      const id = `t2i-${String(line).padStart(4, '0')}`;
      // The sentence's words are none of a judge's classes, hence no triplet.
      return { id, prompt, tags: [verb] };
    });
    const about = `${cases.length} of ${lines.length} non-spatial prompts: those with a person, a verb and a thing.`;
    return { name: 't2i-compbench', about, cases, references: 'sample', skipped };
  },
};
