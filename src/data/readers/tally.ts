// Counts what a reader left out and why, so that no data set shrinks silently.

/** How many entries were left out, by reason, e.g. `{ crowd: 12 }`. */
export type Skipped = Readonly<Record<string, number>>;

export class SkipTally {
  readonly #counts = new Map<string, number>();

  /** Counts `count` entries left out for one reason. */
  skip(reason: string, count = 1): void {
    if (count > 0) this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + count);
  }

  /** Entries left out for any reason. */
  get total(): number {
    return [...this.#counts.values()].reduce((a, b) => a + b, 0);
  }

  counts(): Skipped {
    return Object.fromEntries(this.#counts);
  }
}
