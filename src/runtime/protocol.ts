// Messages between the caller's thread and the thread in which ONNX Runtime works.
import type { Tensor } from '../core/tensor.js';

/** A graph and where its parameters are: in memory, or in files that are mapped and not read. */
export interface SessionSource {
  model: Uint8Array;
  /** Parameters in memory, back to back at the offsets written into the model, which calls them `location`. */
  parameters: Uint8Array<ArrayBuffer>;
  location: string;
  /** Whether some are in 8 bits, to be widened when the session is made. */
  quantised?: boolean;
  mapped?: MappedFiles;
}

export interface MappedFiles {
  /** The files that the model names lie here. */
  folder: string;
  /** Whether some hold another dtype than the graph computes in. */
  widened: boolean;
}

export interface SessionSettings {
  threads: number;
  provider: string;
}

export type Request =
  | { type: 'open'; id: number; session: number; source: SessionSource; settings: SessionSettings }
  | { type: 'run'; id: number; session: number; feeds: Record<string, Tensor> }
  | { type: 'release'; id: number; session: number };

export type Reply =
  | { id: number; ok: true; outputs?: Record<string, Tensor> }
  | { id: number; ok: false; message: string };
