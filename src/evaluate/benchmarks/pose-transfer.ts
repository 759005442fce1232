// PATN's benchmarks: the same person in another pose, of DeepFashion and Market-1501.

import { existsSync, readdirSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { ContrappostoError } from '../../core/errors.js';
import { readPoseAnnotations, readPosePairs } from '../../data/readers/pose-pairs.js';
import { fromOpenPoseBody } from '../../pose/convert.js';
import type { Benchmark, BenchmarkCase, BenchmarkReader } from '../benchmark.js';
import { requireData } from './data-folder.js';

interface TransferSet {
  name: string;
  title: string;
}

/** Pictures of the test split, under either name. */
const PICTURE_FOLDERS = ['test', 'test_split'];

/** Files as PATN publishes them, whatever they are called: `*pairs-test*.csv`, `*annotation-test*.csv`, folder `test`. */
function poseTransfer({ name, title }: TransferSet): BenchmarkReader {
  const needs = 'a folder with *pairs-test*.csv, *annotation-test*.csv and the pictures in test/';
  return {
    about: `${title}: pairs of pictures of one person in two poses; --data: ${needs}`,
    async read({ data }): Promise<Benchmark> {
      const folder = requireData(data, { name, needs });
      const annotations = readPoseAnnotations(csvFile(folder, { kind: 'annotation', name, needs }));
      const pictures = PICTURE_FOLDERS.map((f) => join(folder, f)).find((path) => existsSync(path)) ?? folder;
      const list = csvFile(folder, { kind: 'pairs', name, needs });
      const { pairs, skipped } = readPosePairs(list, { annotations, folder: pictures });
      const cases = pairs.map(({ from, to, toPoints }): BenchmarkCase => {
        const id = `${basename(from, extname(from))}-to-${basename(to, extname(to))}`;
        const [source, reference] = [join(pictures, from), join(pictures, to)];
        return { id, prompt: 'a person', source, reference, keypoints: fromOpenPoseBody(toPoints) };
      });
      const about = `${cases.length} pairs of ${title}: a picture and the pose that the same person takes in another.`;
      return { name, about, cases, references: 'paired', skipped };
    },
  };
}

function csvFile(folder: string, { kind, name, needs }: { kind: string; name: string; needs: string }): string {
  const found = readdirSync(folder)
    .sort()
    .find((file) => file.includes(`${kind}-test`) && file.endsWith('.csv'));
  if (found !== undefined) return join(folder, found);
  throw new ContrappostoError('not-found', {
    operation: `benchmark "${name}"`,
    expected: `a file *${kind}-test*.csv in "${folder}"`,
    got: 'none',
    hint: `--data is ${needs}`,
  });
}

export const deepFashion = poseTransfer({ name: 'deepfashion', title: 'DeepFashion' });
export const market = poseTransfer({ name: 'market', title: 'Market-1501' });
