// Pictures that were made elsewhere, found by the names of the cases.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { ContrappostoError } from '../../core/errors.js';
import { readImage } from '../../core/image.js';
import type { Method, Task } from '../method.js';

const PICTURE = /^\.(png|jpe?g|webp|gif|tiff?|avif)$/i;
/** Keyword of what a copied picture says about itself. */
export const COPY_KEYWORD = 'contrapposto-evaluate';

export const folderMethod: Method = {
  about: 'pictures made elsewhere, named CASE-SEED or CASE in any picture format',
  usage: 'DIR',
  async open({ target, pairs }) {
    const operation = '--methods folder';
    if (target === undefined || pairs.length > 0) {
      const got = target === undefined ? 'no folder' : `the option "${pairs[0][0]}"`;
      throw new ContrappostoError('usage', { operation, expected: 'folder:DIR', got });
    }
    if (!existsSync(target)) {
      const hint = 'give the folder that holds the pictures';
      throw new ContrappostoError('not-found', { operation, expected: 'a folder', got: `"${target}"`, hint });
    }
    const paths = new Map<string, string>();
    for (const name of (await readdir(target)).sort()) {
      const extension = extname(name);
      if (PICTURE.test(extension)) paths.set(name.slice(0, -extension.length), join(target, name));
    }
    const pathOf = ({ case: { id }, seed }: Task) => {
      const path = paths.get(`${id}-${seed}`) ?? paths.get(id);
      if (path !== undefined) return path;
      throw new ContrappostoError('not-found', {
        operation: `picture of case "${id}"`,
        expected: `${id}-${seed} or ${id} in "${target}"`,
        got: 'no such picture',
      });
    };
    return {
      settings: { folder: target },
      describe: async (task) => describeCopy(pathOf(task)),
      make: async (task, { signal }) => ({ image: await readImage(pathOf(task), { signal }) }),
      close: async () => undefined,
    };
  },
};

/** What a copy of a picture carries: the digest of the file it came from. */
export async function describeCopy(path: string): Promise<Record<string, string>> {
  const digest = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  return { [COPY_KEYWORD]: JSON.stringify({ copy_of: digest }) };
}
