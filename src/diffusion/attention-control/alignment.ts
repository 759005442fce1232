// Which token of one prompt is which token of another: global alignment of token ids (Needleman and Wunsch 1970).

const MATCH = 1;
const MISMATCH = -1;
const GAP = 0;

/**
 * For each position of `full` the position of the same token in `base`, or -1 where it has none. Both with begin and end
 * tokens and without padding.
 *
 * Of equally good alignments the one is taken that, read backwards, leaves out tokens of `full` first, then tokens of
 * `base`, and matches last.
 */
export function alignTokens(base: readonly number[], full: readonly number[]): number[] {
  const scores = alignmentScores(base, full);
  const mapping = new Array<number>(full.length).fill(-1);
  let [i, j] = [base.length, full.length];
  while (i > 0 && j > 0) {
    const score = scores[i][j];
    if (score === scores[i][j - 1] + GAP) j--;
    else if (score === scores[i - 1][j] + GAP) i--;
    else mapping[--j] = --i;
  }
  return mapping;
}

/** [base + 1][full + 1]: best score of the first i and the first j tokens. */
function alignmentScores(base: readonly number[], full: readonly number[]): Int32Array[] {
  const scores = Array.from({ length: base.length + 1 }, () => new Int32Array(full.length + 1));
  for (let i = 1; i <= base.length; i++) {
    for (let j = 1; j <= full.length; j++) {
      const pair = base[i - 1] === full[j - 1] ? MATCH : MISMATCH;
      scores[i][j] = Math.max(scores[i - 1][j - 1] + pair, scores[i - 1][j] + GAP, scores[i][j - 1] + GAP);
    }
  }
  return scores;
}

/** A prompt's tokens: how many positions are its own, begin and end included, and the ids of all. */
export interface AlignedText {
  ids: readonly number[];
  /** Positions from here on are padding. */
  length: number;
}

export interface TokenSwap {
  /** For each of the encoder's positions in the full prompt, the position in the base prompt [T]. */
  from: number[];
  /** 1 where that position is taken over, 0 where the full prompt keeps its own [T]. */
  takes: number[];
}

/**
 * What the full prompt's positions take over from the base prompt: its tokens those they are aligned with, and padding
 * (positions from the full prompt's length on) the same position.
 *
 * @param options.keep positions of the full prompt that never take over anything, such as the object's
 * @param options.padding whether padding takes over (default), as published
 */
export function tokenSwap(
  base: AlignedText,
  full: AlignedText,
  options: { keep?: readonly number[]; padding?: boolean } = {},
): TokenSwap {
  const { padding = true } = options;
  const aligned = alignTokens(base.ids.slice(0, base.length), full.ids.slice(0, full.length));
  const keep = new Set(options.keep);
  const from = full.ids.map((_, n) => (n < full.length ? Math.max(0, aligned[n]) : n));
  const fits = (n: number) => (n >= full.length ? padding : aligned[n] >= 0);
  const takes = full.ids.map((_, n) => (fits(n) && !keep.has(n) ? 1 : 0));
  return { from, takes };
}
