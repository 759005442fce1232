// How all comparators sample where neither the user nor the checkpoint says otherwise.

/** 50 steps of DDIM with guidance 7.5, as published for each of them. */
export const SAMPLING = { steps: 50, guidanceScale: 7.5, scheduler: 'ddim' } as const;

/** The options that are given, so that spreading them leaves defaults in place. */
export function definedOnly<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
