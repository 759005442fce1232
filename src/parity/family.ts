// How one kind of reference file is recognised and recomputed.
import { ContrappostoError } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import type { Runtime } from '../runtime/index.js';
import type { Checkpoint, ModelFolder } from '../weights/index.js';
import type { NetworkKind } from './networks.js';
import type { Check } from './report.js';

/** A file of reference tensors. */
export interface ReferenceFile {
  /** Path within the folder of reference files. */
  path: string;
  names: ReadonlySet<string>;
  metadata: Readonly<Record<string, string>>;
  /** Throws `corrupt-file` when the file has no such tensor. */
  read(name: string): Tensor;
}

export interface ParityTools {
  runtime: Runtime;
  /** The checkpoint that the file was computed with; throws `not-found`. */
  checkpoint(): Checkpoint;
  /** A network that lies beside the checkpoint in a folder of its own; throws `not-found`. */
  network(kind: NetworkKind): ModelFolder;
  signal?: AbortSignal;
}

/** Recomputes files of one name. New families are added to the table in `run.ts`. */
export interface ParityFamily {
  /** Name of the file without folder and extension. */
  stem: string;
  /** Recognises files of other names by what they hold. */
  accepts?(file: ReferenceFile): boolean;
  /**
   * @returns the comparisons, and the tensors that only served as inputs; every other tensor of the file counts as not
   * checked
   * @throws ContrappostoError `unsupported` when the whole file cannot be checked
   */
  recompute(file: ReferenceFile, tools: ParityTools): Promise<{ checks: Check[]; inputs: string[] }>;
}

/** A metadata entry, which the reference files hold as JSON. Throws `corrupt-file`. */
export function metadata(file: ReferenceFile, key: string): unknown {
  try {
    return JSON.parse(file.metadata[key]);
  } catch (cause) {
    throw new ContrappostoError('corrupt-file', {
      operation: `metadata of ${file.path}`,
      expected: `"${key}" as JSON`,
      got: file.metadata[key] === undefined ? 'no such entry' : `${file.metadata[key]}`,
      cause,
    });
  }
}

/** A number of the metadata. Throws `corrupt-file`. */
export function metadataNumber(file: ReferenceFile, key: string): number {
  const value = Number(metadata(file, key));
  if (Number.isFinite(value)) return value;
  throw new ContrappostoError('corrupt-file', {
    operation: `metadata of ${file.path}`,
    expected: `a number "${key}"`,
    got: file.metadata[key],
  });
}

/** A text of the metadata; undefined when there is no such entry. Throws `corrupt-file` for one that is no JSON. */
export function metadataText(file: ReferenceFile, key: string): string | undefined {
  return file.metadata[key] === undefined ? undefined : String(metadata(file, key));
}
