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
  const sleeves = source.boneNames.map(sideOfSleeve);
  for (let t = 0; t < triangles.length; t += 3) {
    const sleeve = sleeves[source.boneIds[4 * triangles[t]]];
    const corners = [0, 1, 2].map((k) => ({
      x: uvs[2 * (t + k)] * widthPx,
      y: uvs[2 * (t + k) + 1] * heightPx,
      place: place(triangles[t + k], sleeve),
    }));
    fillTriangle(corners, { widthPx, heightPx, along, around });
  }
  return { along, around };
}

function sideOfSleeve(bone: string): 'L' | 'R' | null {
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

/** Fills the texels of a triangle, grown by a texel so that seams have no gaps. */
function fillTriangle(
  [a, b, c]: readonly Corner[],
  { widthPx, heightPx, along, around }: { widthPx: number; heightPx: number; along: Uint8Array; around: Uint8Array },
): void {
  const abx = b.x - a.x;
  const aby = b.y - a.y;
  const acx = c.x - a.x;
  const acy = c.y - a.y;
  const area = abx * acy - acx * aby;
  if (Math.abs(area) < 1e-9) return;
  const margin = 1.5;
  const left = Math.max(0, Math.floor(Math.min(a.x, b.x, c.x) - margin));
  const right = Math.min(widthPx - 1, Math.ceil(Math.max(a.x, b.x, c.x) + margin));
  const top = Math.max(0, Math.floor(Math.min(a.y, b.y, c.y) - margin));
  const bottom = Math.min(heightPx - 1, Math.ceil(Math.max(a.y, b.y, c.y) + margin));
  const longest = Math.max(Math.hypot(abx, aby), Math.hypot(c.x - b.x, c.y - b.y), Math.hypot(acx, acy));
  const slack = (margin * longest) / Math.abs(area);
  const [along0, around0] = a.place;
  const [alongB, aroundB] = [b.place[0] - along0, b.place[1] - around0];
  const [alongC, aroundC] = [c.place[0] - along0, c.place[1] - around0];
  for (let y = top; y <= bottom; y++) {
    const dy = y + 0.5 - a.y;
    for (let x = left; x <= right; x++) {
      const dx = x + 0.5 - a.x;
      const s = (dx * acy - acx * dy) / area;
      const t = (abx * dy - dx * aby) / area;
      if (s < -slack || t < -slack || s + t > 1 + slack) continue;
      const texel = y * widthPx + x;
      along[texel] = Math.floor((along0 + s * alongB + t * alongC) * CLOTH_STEPS) & 255;
      around[texel] = Math.floor((around0 + s * aroundB + t * aroundC) * CLOTH_STEPS) & 255;
    }
  }
}
