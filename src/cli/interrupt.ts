// Ctrl-C and SIGTERM: the first asks the work to stop at its next step, the second ends the process at once.

export interface Interrupt {
  signal: AbortSignal;
  /** Takes the handlers away again. */
  dispose(): void;
}

/** Listens for SIGINT and SIGTERM until disposed. */
export function listenForInterrupt(): Interrupt {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    process.stderr.write('\nstopping after this step; once more to end at once\n');
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return {
    signal: controller.signal,
    dispose() {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}
