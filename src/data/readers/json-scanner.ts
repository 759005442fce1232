// Finds the values of a JSON document while its bytes arrive, parsing only those that somebody wants.
import { ContrappostoError } from '../../core/errors.js';

/** Keys and indices that lead to a value. */
export type JsonPath = readonly (string | number)[];

/** `enter` a container for its values, `take` a value whole, or `skip` it without parsing. */
export type Visit = 'enter' | 'take' | 'skip';

export interface JsonEntry {
  path: JsonPath;
  value: unknown;
}

interface Frame {
  isArray: boolean;
  /** Of the value that is next or under way. */
  at: string | number;
}

/** A value or key whose bytes are being passed. */
interface Passing {
  kind: 'container' | 'string' | 'scalar';
  isKey: boolean;
  /** Bytes so far; undefined for what is skipped. */
  parts?: Uint8Array[];
  path: JsonPath;
  depth: number;
  inString: boolean;
  escaped: boolean;
}

type Expected = 'value' | 'value or end' | 'key' | 'key or end' | ':' | ', or end' | 'nothing';

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const isOpening = (byte: number) => byte === OPEN_OBJECT || byte === OPEN_ARRAY;
const isClosing = (byte: number) => byte === CLOSE_OBJECT || byte === CLOSE_ARRAY;

/**
 * Give it the document in pieces of any size. What is skipped is only checked for its brackets and quotes.
 * Methods throw `corrupt-file`.
 */
export class JsonScanner {
  readonly #frames: Frame[] = [];
  #expected: Expected = 'value';
  #passing: Passing | undefined;
  #offset = 0;
  #out: JsonEntry[] = [];

  constructor(
    private readonly operation: string,
    private readonly visit: (path: JsonPath) => Visit,
  ) {}

  /** The entries that end within `chunk`, which is kept until the value that it belongs to has ended. */
  push(chunk: Uint8Array): JsonEntry[] {
    this.#out = [];
    let i = 0;
    while (i < chunk.length) {
      if (this.#passing) i = this.#pass(this.#passing, chunk, i);
      else i = this.#step(chunk, i);
    }
    this.#offset += chunk.length;
    return this.#out;
  }

  /** Call it after the last piece. */
  end(): JsonEntry[] {
    this.#out = [];
    if (this.#passing?.kind === 'scalar') this.#settle(this.#passing);
    if (this.#passing || this.#expected !== 'nothing') this.#fail('more', 'the end of the file', 0);
    return this.#out;
  }

  /** One byte between values. */
  #step(chunk: Uint8Array, i: number): number {
    const byte = chunk[i];
    if (isSpace(byte)) return i + 1;
    if (this.#offset + i < 3 && byte === BYTE_ORDER_MARK[this.#offset + i]) return i + 1;
    const frame = this.#frames.at(-1);
    const expected = this.#expected;
    if (isClosing(byte) && frame && expected.endsWith('end') && frame.isArray === (byte === CLOSE_ARRAY)) {
      this.#frames.pop();
      this.#afterValue();
    } else if (byte === COMMA && expected === ', or end') {
      this.#expected = frame?.isArray ? 'value' : 'key';
      if (frame?.isArray) frame.at = (frame.at as number) + 1;
    } else if (byte === COLON && expected === ':') {
      this.#expected = 'value';
    } else if (byte === QUOTE && expected.startsWith('key')) {
      this.#passing = this.#start('string', { isKey: true, parts: [] });
      return this.#pass(this.#passing, chunk, i);
    } else if (expected.startsWith('value') && byte !== COMMA && byte !== COLON && !isClosing(byte)) {
      return this.#value(chunk, i);
    } else {
      this.#fail(expected, JSON.stringify(String.fromCharCode(byte)), i);
    }
    return i + 1;
  }

  #value(chunk: Uint8Array, i: number): number {
    const byte = chunk[i];
    const visit = this.visit(this.#path());
    if (visit === 'enter' && isOpening(byte)) {
      const isArray = byte === OPEN_ARRAY;
      this.#frames.push({ isArray, at: isArray ? 0 : '' });
      this.#expected = isArray ? 'value or end' : 'key or end';
      return i + 1;
    }
    const kind = isOpening(byte) ? 'container' : byte === QUOTE ? 'string' : 'scalar';
    this.#passing = this.#start(kind, { isKey: false, parts: visit === 'skip' ? undefined : [] });
    return this.#pass(this.#passing, chunk, i);
  }

  #path(): JsonPath {
    return this.#frames.map((frame) => frame.at);
  }

  #start(kind: Passing['kind'], { isKey, parts }: Pick<Passing, 'isKey' | 'parts'>): Passing {
    return { kind, isKey, parts, path: isKey ? [] : this.#path(), depth: 0, inString: false, escaped: false };
  }

  /** Passes bytes from `from` on until the value or the chunk ends; returns where it stopped. */
  #pass(passing: Passing, chunk: Uint8Array, from: number): number {
    const end = passing.kind === 'scalar' ? scalarEnd(chunk, from) : nestedEnd(passing, chunk, from);
    const isDone = end >= 0;
    const to = isDone ? end : chunk.length;
    passing.parts?.push(chunk.subarray(from, to));
    if (isDone) this.#settle(passing, to);
    return to;
  }

  #settle(passing: Passing, i = 0): void {
    this.#passing = undefined;
    const value = passing.parts && this.#parse(passing.parts, i);
    const frame = this.#frames.at(-1);
    if (passing.isKey && frame) {
      frame.at = value as string;
      this.#expected = ':';
      return;
    }
    if (passing.parts) this.#out.push({ path: passing.path, value });
    this.#afterValue();
  }

  #afterValue(): void {
    this.#expected = this.#frames.length === 0 ? 'nothing' : ', or end';
  }

  #parse(parts: readonly Uint8Array[], i: number): unknown {
    try {
      return JSON.parse(Buffer.concat(parts).toString('utf8'));
    } catch (cause) {
      return this.#fail('JSON', (cause as Error).message, i);
    }
  }

  #fail(expected: string, got: string, i: number): never {
    throw new ContrappostoError('corrupt-file', {
      operation: this.operation,
      expected,
      got: `${got} at byte ${this.#offset + i}`,
      hint: 'the file is no JSON, or incomplete; download it again',
    });
  }
}

/** Where a number or word ends; -1 when not in this chunk. */
function scalarEnd(chunk: Uint8Array, from: number): number {
  for (let i = from; i < chunk.length; i++) {
    if (chunk[i] === COMMA || isClosing(chunk[i]) || isSpace(chunk[i])) return i;
  }
  return -1;
}

/** Where a string, object or array ends (behind its last byte); -1 when not in this chunk. */
function nestedEnd(passing: Passing, chunk: Uint8Array, from: number): number {
  let { depth, inString, escaped } = passing;
  for (let i = from; i < chunk.length; i++) {
    const byte = chunk[i];
    if (inString) {
      if (escaped) escaped = false;
      else if (byte === BACKSLASH) escaped = true;
      else if (byte === QUOTE) inString = false;
      if (inString || depth > 0) continue;
      return i + 1;
    }
    if (byte === QUOTE) inString = true;
    else if (isOpening(byte)) depth++;
    else if (isClosing(byte) && --depth === 0) return i + 1;
  }
  Object.assign(passing, { depth, inString, escaped });
  return -1;
}
