// The references themselves as a method: what a perfect generator would score.
import { ContrappostoError } from '../../core/errors.js';
import { readImage } from '../../core/image.js';
import type { Method, Task } from '../method.js';
import { describeCopy } from './folder.js';

export const referenceMethod: Method = {
  about: 'the reference pictures themselves: what the measures say of what is wanted',
  async open({ target, pairs }, { benchmark, referenceOf }) {
    const operation = '--methods reference';
    if (target !== undefined || pairs.length > 0) {
      throw new ContrappostoError('usage', { operation, expected: 'no options', got: target ?? pairs[0].join('=') });
    }
    if (!benchmark.cases.some((one) => referenceOf(one) !== undefined)) {
      throw new ContrappostoError('invalid-input', {
        operation,
        expected: 'a benchmark with reference pictures',
        got: `"${benchmark.name}" without`,
        hint: 'some benchmarks need --data for them',
      });
    }
    const pathOf = ({ case: one }: Task) => {
      const path = referenceOf(one);
      if (path !== undefined) return path;
      const got = 'a case without';
      throw new ContrappostoError('not-found', { operation: `case "${one.id}"`, expected: 'a reference picture', got });
    };
    return {
      settings: {},
      describe: (task) => describeCopy(pathOf(task)),
      make: async (task, { signal }) => ({ image: await readImage(pathOf(task), { signal }) }),
      close: async () => undefined,
    };
  },
};
