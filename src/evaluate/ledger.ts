// A file of results, one JSON line each, so that a run goes on where it was killed.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';

/** Values by key, kept in a file as they come. */
export class Ledger {
  readonly #known = new Map<string, unknown>();
  #writing: Promise<void> = Promise.resolve();

  private constructor(private readonly path: string) {}

  /** Reads what is there. A last line that a killed run left unfinished is passed over. */
  static async open(path: string): Promise<Ledger> {
    const ledger = new Ledger(path);
    if (!existsSync(path)) return ledger;
    const text = await readFile(path, 'utf8');
    for (const line of text.split('\n')) {
      const entry = parseEntry(line);
      if (entry) ledger.#known.set(entry.key, entry.value);
    }
    // What is appended must not become part of an unfinished line.
    if (text !== '' && !text.endsWith('\n')) await appendFile(path, '\n');
    return ledger;
  }

  has(key: string): boolean {
    return this.#known.has(key);
  }

  get(key: string): unknown {
    return this.#known.get(key);
  }

  /** Resolves when the value is in the file. `value` must survive JSON; `about` is for people who read the file. */
  async add(key: string, value: unknown, about: Record<string, unknown> = {}): Promise<void> {
    const text = JSON.stringify(value);
    // As it will be read back, so that a run that goes on sees the very same.
    this.#known.set(key, JSON.parse(text));
    this.#writing = this.#writing.then(() => appendFile(this.path, `${JSON.stringify({ key, ...about, value })}\n`));
    await this.#writing;
  }
}

function parseEntry(line: string): { key: string; value: unknown } | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    const isEntry = typeof entry === 'object' && entry !== null && 'key' in entry && 'value' in entry;
    return isEntry ? { key: String(entry.key), value: entry.value } : undefined;
  } catch {
    return undefined;
  }
}

/** A key for everything that a value depends on. */
export function keyOf(...parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
