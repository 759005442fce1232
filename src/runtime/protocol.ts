// Messages between the caller's thread and the thread in which ONNX Runtime works.
import type { Tensor } from '../core/tensor.js';

/** A parameter as the worker needs it: raw little-endian bytes of the graph's dtype. */
export interface SessionSource {
  model: Uint8Array;
  /** All parameters back to back, in the order of the offsets written into the model. */
  parameters: Uint8Array;
  location: string;
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
