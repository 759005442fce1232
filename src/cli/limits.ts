// The ranges of the numbers a user gives, for the option parsers and for settings read from a picture.

/** Inclusive ranges. */
export const LIMITS = {
  /** Seeds stay exact as JSON numbers (below 2^53), with room for the pictures of a batch. */
  seed: { min: 0, max: 9_007_199_000_000_000, whole: true },
  steps: { min: 1, max: 1000, whole: true },
  guidanceScale: { min: 0, max: 100, whole: false },
  /** Of an initial picture: 1 keeps nothing of it. */
  strength: { min: 0.01, max: 1, whole: false },
  loraStrength: { min: -100, max: 100, whole: false },
  /** Of a ControlNet or T2I-Adapter; published ones are used between 0 and 2. */
  controlScale: { min: 0, max: 10, whole: false },
  /** Pictures that a method chooses from. */
  candidates: { min: 1, max: 64, whole: true },
  count: { min: 1, max: 1000, whole: true },
  /** Pixels. Beyond 2048 it needs more memory than a machine that runs this is likely to have. */
  side: { min: 64, max: 2048, multiple: 8 },
} as const;
