// Where each texel of a garment lies on the cloth, so that stripes and checks run straight over all its pieces.
import type { MeshPart } from './types.js';
import { dot, normalise, perpendicular, subtract, type Vec3 } from './vector.js';

/** Texels a unit (10 cm) of cloth: the byte wraps every 16 units. */
export const CLOTH_STEPS = 16;

export interface ClothSource {
  positions: Float32Array;
  triangles: ArrayLike<number>;
  /** Six a triangle. */
  uvs: Float32Array;
  boneIds: Uint8Array;
  widthPx: number;
  heightPx: number;
  boneNames: readonly string[];
  /** Joint positions by bone, in the same space as `positions`. */
  joints: Readonly<Record<string, Vec3>>;
}

/**
 * Rasterises the garment's triangles in texture space and notes, per texel, the place along and around the cloth:
 * height and width on the trunk and legs, distance from the shoulder and across on the sleeves.
 */
export function clothMap(source: ClothSource): NonNullable<MeshPart['cloth']> {
  const { triangles, uvs, widthPx, heightPx } = source;
  const along = new Uint8Array(widthPx * heightPx);
  const around = new Uint8Array(widthPx * heightPx);
  const place = placer(source);
  for (let t = 0; t < triangles.length; t += 3) {
    const sleeve = sideOfSleeve(source, triangles[t]);
    const corners = [0, 1, 2].map((k) => ({
      x: uvs[2 * (t + k)] * widthPx,
      y: uvs[2 * (t + k) + 1] * heightPx,
      place: place(triangles[t + k], sleeve),
    }));
    fillTriangle(corners, { widthPx, heightPx }, (texel, [a, b]) => {
      along[texel] = Math.floor(a * CLOTH_STEPS) & 255;
      around[texel] = Math.floor(b * CLOTH_STEPS) & 255;
    });
  }
  return { along, around };
}

function sideOfSleeve({ boneIds, boneNames }: ClothSource, vertex: number): 'L' | 'R' | null {
  const bone = boneNames[boneIds[4 * vertex]];
  return /^(upperarm|lowerarm|wrist)/.test(bone) ? (bone.endsWith('L') ? 'L' : 'R') : null;
}

type Place = readonly [along: number, around: number];

function placer({ positions, joints }: ClothSource): (vertex: number, sleeve: 'L' | 'R' | null) => Place {
  const arms = { L: armAxes('L', joints), R: armAxes('R', joints) };
  return (vertex, sleeve) => {
    const p: Vec3 = [positions[3 * vertex], positions[3 * vertex + 1], positions[3 * vertex + 2]];
    if (sleeve === null) return [p[1], p[0]];
    const { shoulder, direction, across } = arms[sleeve];
    const offset = subtract(p, shoulder);
    return [dot(offset, direction), dot(offset, across)];
  };
}

function armAxes(side: 'L' | 'R', joints: ClothSource['joints']) {
  const shoulder = joints[`upperarm01.${side}`];
  const direction = normalise(subtract(joints[`wrist.${side}`], shoulder));
  return { shoulder, direction, across: perpendicular([0, 1, 0], direction) };
}

interface Corner {
  x: number;
  y: number;
  place: Place;
}

/** Visits the texels of a triangle, grown by a texel so that seams have no gaps. */
function fillTriangle(
  [a, b, c]: readonly Corner[],
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
  visit: (texel: number, place: Place) => void,
): void {
  const area = (b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y);
  if (Math.abs(area) < 1e-9) return;
  const margin = 1.5;
  const left = Math.max(0, Math.floor(Math.min(a.x, b.x, c.x) - margin));
  const right = Math.min(widthPx - 1, Math.ceil(Math.max(a.x, b.x, c.x) + margin));
  const top = Math.max(0, Math.floor(Math.min(a.y, b.y, c.y) - margin));
  const bottom = Math.min(heightPx - 1, Math.ceil(Math.max(a.y, b.y, c.y) + margin));
  const longest = Math.max(
    Math.hypot(b.x - a.x, b.y - a.y),
    Math.hypot(c.x - b.x, c.y - b.y),
    Math.hypot(a.x - c.x, a.y - c.y),
  );
  const slack = (margin * longest) / Math.abs(area);
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const [dx, dy] = [x + 0.5 - a.x, y + 0.5 - a.y];
      const s = (dx * (c.y - a.y) - (c.x - a.x) * dy) / area;
      const t = ((b.x - a.x) * dy - dx * (b.y - a.y)) / area;
      if (s < -slack || t < -slack || s + t > 1 + slack) continue;
      const blend = (k: 0 | 1) => a.place[k] + s * (b.place[k] - a.place[k]) + t * (c.place[k] - a.place[k]);
      visit(y * widthPx + x, [blend(0), blend(1)]);
    }
  }
}
