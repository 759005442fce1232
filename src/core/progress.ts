// The one union of progress events that everything long reports.
import type { Image } from './image.js';

export type ProgressEvent =
  | { type: 'stage'; stage: string; detail?: string }
  | { type: 'load'; name: string; loadedBytes?: number; totalBytes?: number }
  | { type: 'step'; stage: string; step: number; steps: number; preview?: () => Promise<Image> }
  | { type: 'warning'; message: string }
  | { type: 'done'; stage: string; elapsedMs: number };

export type OnProgress = (event: ProgressEvent) => void;
