// Checkpoints that leave out what they share with a sibling: its autoencoder, tokenizer and scheduler stand in.
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ContrappostoError } from '../core/errors.js';
import { type Checkpoint, openCheckpoint } from '../weights/index.js';
import { commonPrefix } from './networks.js';

/** Opens a checkpoint; parts that it lacks come from the complete one beside it whose name begins most alike. */
export function openWithSiblings(folder: string, checkpoints: string): Checkpoint {
  const own = openCheckpoint(folder);
  const sibling = isComplete(folder) ? undefined : completeSibling(folder, checkpoints);
  if (!sibling) return own;
  const other = openCheckpoint(sibling);
  const or = <T>(first: () => T, second: () => T): T => {
    try {
      return first();
    } catch (error) {
      if (error instanceof ContrappostoError && error.code === 'not-found') return second();
      throw error;
    }
  };
  return {
    ...own,
    component: (name) =>
      or(
        () => own.component(name),
        () => other.component(name),
      ),
    tokenizer: (name = 'tokenizer') =>
      // The XL layout has a second tokenizer; a checkpoint without any shares one between both encoders.
      or(
        () => own.tokenizer(name),
        () =>
          or(
            () => other.tokenizer(name),
            () => other.tokenizer(),
          ),
      ),
    schedulerConfig: () =>
      or(
        () => own.schedulerConfig(),
        () => other.schedulerConfig(),
      ),
    close() {
      own.close();
      other.close();
    },
  };
}

function isComplete(folder: string): boolean {
  return ['unet', 'vae', 'text_encoder', 'tokenizer', 'scheduler'].every((part) => existsSync(join(folder, part)));
}

function completeSibling(folder: string, checkpoints: string): string | undefined {
  const near = basename(folder);
  const [best] = readdirSync(checkpoints)
    .filter((name) => isComplete(join(checkpoints, name)))
    .sort((a, b) => commonPrefix(b, near) - commonPrefix(a, near) || (a < b ? -1 : 1));
  return best === undefined ? undefined : join(checkpoints, best);
}
