// What every command does around its work: interrupts, progress, and the one result on standard output.
import { ContrappostoError } from '../core/errors.js';
import type { OnProgress } from '../core/progress.js';
import { requireDevice } from '../runtime/device.js';
import { listenForInterrupt } from './interrupt.js';
import { ProgressReporter } from './progress-reporter.js';
import type { SharedOptions } from './shared-options.js';

export interface CommandContext {
  /** Fires at the first Ctrl-C. */
  signal: AbortSignal;
  onProgress: OnProgress;
}

export interface CommandResult {
  /** Printed with `--json`; keys in snake_case. */
  json: Record<string, unknown>;
  /** Printed without. */
  text: string;
}

/**
 * Runs `work` with progress and interrupts wired up and prints its result. With `--json` the warnings are in the object.
 * Whatever fails after an interrupt counts as `aborted`.
 */
export async function execute(
  options: SharedOptions,
  work: (context: CommandContext) => Promise<CommandResult>,
  { devices = 'cpu' }: { devices?: Devices } = {},
): Promise<void> {
  checkDevice(options.device, devices);
  const interrupt = listenForInterrupt();
  const progress = new ProgressReporter(process.stderr, { quiet: options.quiet ?? false });
  try {
    const result = await work({ signal: interrupt.signal, onProgress: progress.report });
    progress.finish();
    console.log(options.json ? JSON.stringify({ ...result.json, warnings: progress.warnings }) : result.text);
  } catch (error) {
    progress.finish();
    if (!interrupt.signal.aborted || (error instanceof ContrappostoError && error.code === 'aborted')) throw error;
    throw new ContrappostoError('aborted', { operation: 'contrapposto', got: 'an interrupt', cause: error });
  } finally {
    interrupt.dispose();
  }
}

/** Whether a command's networks run through ONNX Runtime, and so elsewhere than on the CPU. */
export type Devices = 'any' | 'cpu';

function checkDevice(name: string, devices: Devices): void {
  if (name === 'auto' || requireDevice(name) === 'cpu' || devices === 'any') return;
  throw new ContrappostoError('unsupported', {
    operation: '--device',
    expected: 'cpu',
    got: `"${name}"`,
    hint: 'this command computes on the CPU alone; leave the option out',
  });
}
