// Progress on standard error: one line with a bar that is drawn over on a terminal, a few plain lines elsewhere.
import type { ProgressEvent } from '../core/progress.js';

const BAR_CELLS = 24;
/** Where lines pile up (a log file), a step line at most this often. */
const LOG_INTERVAL_MS = 5000;

/** What the reporter needs of a stream; `process.stderr` is one. */
export interface ProgressStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export class ProgressReporter {
  /** Every warning so far, for the `--json` result. */
  readonly warnings: string[] = [];
  private lineOpen = false;
  private stageStartMs = 0;
  private currentStage = '';
  private lastLogMs = Number.NEGATIVE_INFINITY;

  /** `now` is the clock in ms, replaceable for tests. */
  constructor(
    private readonly stream: ProgressStream,
    private readonly options: { quiet: boolean; now?: () => number },
  ) {}

  /** Takes one event; pass it on as `onProgress`. Warnings are shown even when quiet. */
  readonly report = (event: ProgressEvent): void => {
    if (event.type === 'warning') this.warn(event.message);
    else if (!this.options.quiet) this.show(event);
  };

  /** Ends an open line, so that what is printed next starts on its own. */
  finish(): void {
    if (this.lineOpen) this.stream.write('\n');
    this.lineOpen = false;
  }

  private show(event: Exclude<ProgressEvent, { type: 'warning' }>): void {
    if (event.type === 'stage') this.stage(event.detail ? `${event.stage}: ${event.detail}` : event.stage);
    else if (event.type === 'load') this.stage(`load ${event.name}${percent(event.loadedBytes, event.totalBytes)}`);
    else if (event.type === 'step') this.step(event);
    else this.log(`${event.stage} took ${seconds(event.elapsedMs)}`);
  }

  private warn(message: string): void {
    if (this.warnings.includes(message)) return;
    this.warnings.push(message);
    this.log(`warning: ${message}`);
  }

  private stage(text: string): void {
    if (this.stream.isTTY) this.draw(text);
    else if (text !== this.currentStage) this.stream.write(`${text}\n`);
    this.currentStage = text;
  }

  private step({ stage, step, steps }: { stage: string; step: number; steps: number }): void {
    const now = (this.options.now ?? Date.now)();
    if (stage !== this.currentStage || step <= 1) {
      this.currentStage = stage;
      this.stageStartMs = now;
      this.lastLogMs = Number.NEGATIVE_INFINITY;
    }
    // The clock starts with the first step reported, so the rate counts the steps after it.
    const left = step > 1 ? ((now - this.stageStartMs) / (step - 1)) * (steps - step) : 0;
    const rest = step > 1 && step < steps ? `, about ${seconds(left)} left` : '';
    if (this.stream.isTTY) {
      const filled = Math.round((BAR_CELLS * step) / steps);
      const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
      this.draw(`${stage} ${step}/${steps} ${bar}${rest}`);
    } else if (step === steps || now - this.lastLogMs >= LOG_INTERVAL_MS) {
      this.lastLogMs = now;
      this.stream.write(`${stage} ${step}/${steps}${rest}\n`);
    }
  }

  private draw(text: string): void {
    // Some terminals report no width, or 0.
    const width = Math.max(20, (this.stream.columns || 80) - 1);
    this.stream.write(`\r${text.slice(0, width)}\x1b[K`);
    this.lineOpen = true;
  }

  private log(text: string): void {
    this.finish();
    this.stream.write(`${text}\n`);
  }
}

function percent(loaded: number | undefined, total: number | undefined): string {
  return loaded !== undefined && total ? ` ${Math.floor((100 * loaded) / total)} %` : '';
}

function seconds(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}
