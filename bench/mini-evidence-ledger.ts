// A file of measurements, one JSON line each, so that a long bench goes on where it was stopped.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/**
 * Which pictures are measured: the model's, the renders of the same prompts, these through the autoencoder (no generator
 * on its latents can be sharper), other renders of the same kinds.
 */
export const SOURCES = ['pictures', 'renders', 'reconstructed', 'others'] as const;
export type Source = (typeof SOURCES)[number];

interface Entry<T> {
  source: Source;
  index: number;
  value: T;
}

/** Values by source and prompt, kept in a file as they come. */
export class Ledger<T> {
  readonly #known = new Map<string, Entry<T>>();

  /** With `indices`, only entries of these prompts are read. */
  constructor(
    private readonly path: string,
    indices?: ReadonlySet<number>,
  ) {
    if (!existsSync(path)) return;
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      if (line === '') continue;
      const entry = JSON.parse(line) as Entry<T>;
      if (indices && !indices.has(entry.index)) continue;
      this.#known.set(`${entry.source} ${entry.index}`, entry);
    }
  }

  has(source: Source, index: number): boolean {
    return this.#known.has(`${source} ${index}`);
  }

  get(source: Source, index: number): T | undefined {
    return this.#known.get(`${source} ${index}`)?.value;
  }

  /** All values of a source in the order of the prompts. */
  all(source: Source): { index: number; value: T }[] {
    return [...this.#known.values()].filter((e) => e.source === source).sort((a, b) => a.index - b.index);
  }

  add(source: Source, index: number, value: T): void {
    const entry = { source, index, value };
    this.#known.set(`${source} ${index}`, entry);
    appendFileSync(this.path, `${JSON.stringify(entry)}\n`);
  }
}
