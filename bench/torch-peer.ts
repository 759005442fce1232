// The PyTorch process beside a measurement: it answers each line with a line of JSON.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The process; `next` waits for a line, `ask` asks for one. */
export class Peer {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(python: string, args: string[]) {
    this.#child = spawn(python, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async ask<T>(line: string): Promise<T> {
    this.#child.stdin!.write(`${line}\n`);
    return this.next<T>();
  }

  async next<T>(): Promise<T> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the PyTorch process ended early');
    return JSON.parse(value) as T;
  }

  end(): void {
    this.#child.stdin!.end();
  }
}
