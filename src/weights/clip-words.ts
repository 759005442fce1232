// CLIP's view of a text: normalised, cut into words and written in byte symbols, each still tied to its place in the
// original. Radford et al. 2021, "Learning transferable visual models from natural language supervision", section 2.4.

/** A span of the original text in UTF-16 code units, `end` exclusive. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

/** One word as CLIP cuts it: a run of letters, one digit, a run of signs, or an English ending such as `'s`. */
export interface ClipWord extends TextSpan {
  /** The word in lower case and NFC. */
  readonly text: string;
  /** Whether it is one of the `special` strings, which are never cut further. */
  readonly special: boolean;
  /** Where code unit `i` of `text` comes from in the original. */
  readonly units: readonly TextSpan[];
}

// JavaScript's \s differs from Unicode's white space, which the reference implementation uses, in U+0085 and U+FEFF.
const WORD = /'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]+/gu;
const RUNS = /\p{White_Space}+|\P{White_Space}+/gu;
const CLUSTERS = /\P{M}\p{M}*|\p{M}+/gu;

/**
 * Cuts a text into CLIP's words, in order.
 * @param special strings that stand for one token each wherever they occur, e.g. `<|endoftext|>`
 */
export function* clipWords(text: string, special: Iterable<string> = []): Iterable<ClipWord> {
  const { normalised, units } = normalise(text);
  const word = (start: number, end: number, isSpecial: boolean): ClipWord => ({
    text: normalised.slice(start, end),
    special: isSpecial,
    units: units.slice(start, end),
    start: units[start].start,
    end: units[end - 1].end,
  });
  for (const part of splitAt(normalised, special)) {
    if (part.special) {
      yield word(part.start, part.end, true);
      continue;
    }
    for (const match of normalised.slice(part.start, part.end).matchAll(WORD)) {
      const start = part.start + match.index;
      yield word(start, start + match[0].length, false);
    }
  }
}

/** Unicode NFC, white space as one space, lower case; with the origin of every code unit of the result. */
function normalise(text: string): { normalised: string; units: TextSpan[] } {
  const units: TextSpan[] = [];
  let normalised = '';
  const append = (piece: string, span: TextSpan) => {
    normalised += piece;
    for (let i = 0; i < piece.length; i++) units.push(span);
  };
  for (const { 0: run, index } of text.matchAll(RUNS)) {
    if (/^\p{White_Space}/u.test(run)) {
      append(' ', { start: index, end: index + run.length });
      continue;
    }
    for (const { piece, start, end } of composed(run)) {
      append(lowerCase(piece), { start: index + start, end: index + end });
    }
  }
  return { normalised, units };
}

/** NFC cluster by cluster; where clusters combine with each other (Hangul letters), the whole run is one piece. */
function composed(run: string): { piece: string; start: number; end: number }[] {
  const pieces = [...run.matchAll(CLUSTERS)].map(({ 0: cluster, index }) => ({
    piece: cluster.normalize('NFC'),
    start: index,
    end: index + cluster.length,
  }));
  const whole = run.normalize('NFC');
  return pieces.map(({ piece }) => piece).join('') === whole ? pieces : [{ piece: whole, start: 0, end: run.length }];
}

/** Lower case of each code point on its own: unlike JavaScript's, the reference's knows no final sigma. */
function lowerCase(text: string): string {
  return Array.from(text, (char) => char.toLowerCase()).join('');
}

function splitAt(text: string, special: Iterable<string>): (TextSpan & { special: boolean })[] {
  const patterns = [...special].map(lowerCase).sort((a, b) => b.length - a.length);
  const parts: (TextSpan & { special: boolean })[] = [];
  let start = 0;
  if (patterns.length > 0) {
    const escaped = patterns.map((pattern) => pattern.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
    for (const { 0: found, index } of text.matchAll(new RegExp(escaped.join('|'), 'gu'))) {
      parts.push({ start, end: index, special: false }, { start: index, end: index + found.length, special: true });
      start = index + found.length;
    }
  }
  parts.push({ start, end: text.length, special: false });
  return parts;
}

/**
 * The printable character that stands for each byte in a vocabulary: printable Latin-1 for itself, the other bytes, in
 * order, from U+0100 on. Radford et al. 2019 (GPT-2).
 */
export const BYTE_SYMBOLS: readonly string[] = byteSymbols();

function byteSymbols(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(printable ? byte : next++);
  });
}

/** The UTF-8 bytes of a word as symbols, and for each the index of the code unit of the word it belongs to. */
export function toByteSymbols(word: string): { symbols: string; units: number[] } {
  const encoder = new TextEncoder();
  const units: number[] = [];
  let symbols = '';
  let unit = 0;
  for (const char of word) {
    for (const byte of encoder.encode(char)) {
      symbols += BYTE_SYMBOLS[byte];
      units.push(unit);
    }
    unit += char.length;
  }
  return { symbols, units };
}
