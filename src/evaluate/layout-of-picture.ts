// Where the method of a picture meant the object of its case to be.
import type { IntendedBox } from '../methods/method.js';
import type { Box } from '../pose/person.js';
import type { BenchmarkCase } from './benchmark.js';

/** The box of what the case is about, or else of the prompt's first object; in pixels of the picture. */
export function intendedObject(
  layout: readonly IntendedBox[] | undefined,
  { triplet }: BenchmarkCase,
): Box | undefined {
  const objects = layout?.filter(({ role }) => role === 'object') ?? [];
  const named = triplet?.object?.replaceAll('_', ' ');
  return (objects.find(({ word }) => word === named) ?? objects.at(0))?.box;
}
