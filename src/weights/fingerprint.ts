// A short name for the exact content of a checkpoint folder, quick even for gigabytes.
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** Files up to this size count in full; of larger ones, evenly spaced blocks. */
const WHOLE_FILE_BYTES = 64 * 2 ** 20;
const BLOCK_BYTES = 2 ** 20;
const SAMPLED_BLOCKS = 64;
const DECIDES_THE_RESULT = /\.(safetensors|json|txt)$/;

/**
 * 16 hexadecimal digits over names, sizes and contents of a folder's weights, configurations and vocabularies (or of one file). Equal
 * folders have equal fingerprints wherever they lie. A change inside a file beyond 64 MiB that keeps its size is seen
 * only when it touches the first block or one of 64 others; another training run changes all of them.
 */
export async function checkpointFingerprint(folder: string): Promise<string> {
  const isFile = (await stat(folder)).isFile();
  const entries = isFile ? [] : await readdir(folder, { recursive: true, withFileTypes: true });
  const inside = entries
    .filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && DECIDES_THE_RESULT.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const paths = isFile ? [folder] : inside;
  const hash = createHash('sha256');
  for (const path of paths) {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      hash.update(`${relative(folder, path).split(sep).join('/')}\0${size}\0`);
      await addContent(hash, file, size);
    } finally {
      await file.close();
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function addContent(hash: Hash, file: FileHandle, size: number): Promise<void> {
  const blocks = size <= WHOLE_FILE_BYTES ? Math.ceil(size / BLOCK_BYTES) : SAMPLED_BLOCKS + 1;
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  for (let i = 0; i < blocks; i++) {
    const position =
      size <= WHOLE_FILE_BYTES ? i * BLOCK_BYTES : Math.floor((i * (size - BLOCK_BYTES)) / SAMPLED_BLOCKS);
    const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, position);
    hash.update(block.subarray(0, bytesRead));
  }
}
