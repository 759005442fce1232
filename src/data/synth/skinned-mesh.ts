// Builds small skinned meshes in code: tubes through rings and ellipsoids, every vertex bound to one or two bones.
import { add, addScaled, cross, normalise, perpendicular, scale, subtract, type Vec3 } from './vector.js';

/** A cross-section of a tube. */
export interface Ring {
  centre: Vec3;
  /** Half widths along the tube's `side` direction and across it. */
  width: number;
  depth: number;
  /** Bone indices; `blend` is the share of the second. */
  bones: readonly [number, number];
  blend: number;
}

export class SkinnedMesh {
  readonly positions: number[] = [];
  readonly boneIds: number[] = [];
  readonly boneWeights: number[] = [];
  readonly triangles: number[] = [];

  vertex(p: Vec3, bones: readonly [number, number], blend = 0): number {
    this.positions.push(p[0], p[1], p[2]);
    const isSecond = blend > 0.5;
    this.boneIds.push(bones[isSecond ? 1 : 0], bones[isSecond ? 0 : 1], 0, 0);
    this.boneWeights.push(Math.max(blend, 1 - blend), Math.min(blend, 1 - blend), 0, 0);
    return this.positions.length / 3 - 1;
  }

  /** A tube with closed ends through `rings`; `side` is the direction of their widths. */
  tube(rings: readonly Ring[], { side, segments = 12 }: { side: Vec3; segments?: number }): void {
    const first = this.positions.length / 3;
    const direction = normalise(subtract(rings[rings.length - 1].centre, rings[0].centre));
    const wide = perpendicular(side, direction);
    const deep = cross(direction, wide);
    for (const { centre, width, depth, bones, blend } of rings) {
      for (let i = 0; i < segments; i++) {
        const angle = (2 * Math.PI * i) / segments;
        const offset = add(scale(wide, Math.cos(angle) * width), scale(deep, Math.sin(angle) * depth));
        this.vertex(add(centre, offset), bones, blend);
      }
    }
    for (let r = 0; r + 1 < rings.length; r++) {
      for (let i = 0; i < segments; i++) {
        const [a, b] = [first + r * segments + i, first + r * segments + ((i + 1) % segments)];
        this.triangles.push(a, b, a + segments, b, b + segments, a + segments);
      }
    }
    this.#cap(rings[0], { direction: scale(direction, -1), first, segments, isEnd: false });
    this.#cap(rings[rings.length - 1], {
      direction,
      first: first + (rings.length - 1) * segments,
      segments,
      isEnd: true,
    });
  }

  /** Half a sphere's bulge over an end, in one step. */
  #cap(
    ring: Ring,
    { direction, first, segments, isEnd }: { direction: Vec3; first: number; segments: number; isEnd: boolean },
  ): void {
    const bulge = Math.min(ring.width, ring.depth) * 0.5;
    const tip = this.vertex(addScaled(ring.centre, direction, bulge), ring.bones, ring.blend);
    for (let i = 0; i < segments; i++) {
      const [a, b] = [first + i, first + ((i + 1) % segments)];
      this.triangles.push(...(isEnd ? [a, b, tip] : [b, a, tip]));
    }
  }

  /** An ellipsoid on one bone; `keep` leaves out what lies in directions it rejects (for hair). */
  ellipsoid(
    centre: Vec3,
    radii: Vec3,
    {
      bone,
      rings = 12,
      segments = 16,
      keep,
    }: { bone: number; rings?: number; segments?: number; keep?: (d: Vec3) => boolean },
  ): void {
    const first = this.positions.length / 3;
    const directions: Vec3[] = [];
    for (let r = 0; r <= rings; r++) {
      const polar = (Math.PI * r) / rings;
      for (let s = 0; s <= segments; s++) {
        const turn = (2 * Math.PI * s) / segments;
        const d: Vec3 = [Math.sin(polar) * Math.cos(turn), Math.cos(polar), Math.sin(polar) * Math.sin(turn)];
        directions.push(d);
        this.vertex(
          [centre[0] + d[0] * radii[0], centre[1] + d[1] * radii[1], centre[2] + d[2] * radii[2]],
          [bone, bone],
        );
      }
    }
    for (let r = 0; r < rings; r++) {
      for (let s = 0; s < segments; s++) {
        const a = r * (segments + 1) + s;
        const b = a + segments + 1;
        for (const face of [
          [a, a + 1, b],
          [a + 1, b + 1, b],
        ]) {
          if (!keep || face.every((v) => keep(directions[v]))) this.triangles.push(...face.map((v) => first + v));
        }
      }
    }
  }
}
