// The thread that renders blocks of seeds for `workers.ts`.
import { serveBlocks } from './synth-task.js';

serveBlocks();
