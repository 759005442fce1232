// Clothes that suit the season: who may stand in the snow, and the grounds for everybody else.
import { GROUND_TEXTURES } from '../ground-textures.js';
import type { CharacterInfo } from '../types.js';

// Nobody goes skiing in a suit.
const LONG_SLEEVES = new Set(['sweater', 'shirt', 'jacket']);
const LONG_LEGS = new Set(['jeans', 'trousers', 'leggings']);

/** Whether somebody's arms and legs are covered, and by nothing too good for the snow. */
export function isDressedForSnow({ top, bottom }: Pick<CharacterInfo, 'top' | 'bottom'>): boolean {
  return LONG_SLEEVES.has(top) && LONG_LEGS.has(bottom);
}

const WITHOUT_SNOW = GROUND_TEXTURES.filter((name) => name !== 'snow');

/**
 * The grounds of a scene (any when absent) without the snow for whom it would be too cold; a scene that needs snow keeps
 * it.
 */
export function groundsFor(info: CharacterInfo, grounds?: string[]): string[] | undefined {
  if (isDressedForSnow(info)) return grounds;
  if (!grounds) return [...WITHOUT_SNOW];
  const warmer = grounds.filter((name) => name !== 'snow');
  return warmer.length > 0 ? warmer : grounds;
}
