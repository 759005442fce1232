// Thins out a skinned mesh: edges collapse onto one of their ends as long as the surface hardly moves.

export interface ThinnableMesh {
  /** Three a vertex, at rest. */
  positions: Float32Array;
  /** Three a triangle. */
  triangles: ArrayLike<number>;
  /** Six a triangle: u, v of its corners. */
  uvs: Float32Array;
  /** Four a vertex. */
  boneIds: Uint8Array;
  boneWeights: Float32Array;
}

export interface ThinOptions {
  /** Distance (units) that the surface may move, per vertex. */
  tolerance: (vertex: number) => number;
  /** Vertices that have to stay. */
  keep?: Iterable<number>;
}

/** Triangles of a subset of the vertices. */
export interface ThinnedMesh {
  triangles: Uint32Array;
  uvs: Float32Array;
}

/** Shares of the squared tolerance that successive passes allow: what changes least goes first. */
const PASSES = [1 / 64, 1 / 16, 1 / 4, 1, 1, 1, 1, 1];
/** Numbers of a quadric: the upper half of a symmetric 4x4 matrix, and the area it stands for. */
const QUADRIC = 11;
/** Two vertices whose bone weights differ by more (sum of absolute differences) bend differently. */
const SAME_BEND = 0.6;
/** Cosine of the most a triangle may turn. */
const LEAST_TURN = 0.6;

/**
 * The mesh with as many vertices taken out as `tolerance` allows, by edge collapses in the order of their quadric error
 * (Garland and Heckbert, 1997). Seams of the texture and kept vertices stay; outlines move along themselves only.
 */
export function thinOut(mesh: ThinnableMesh, options: ThinOptions): ThinnedMesh {
  const collapser = new Collapser(mesh, options);
  for (const share of PASSES) if (!collapser.pass(share)) break;
  return collapser.result();
}

class Collapser {
  readonly #mesh: ThinnableMesh;
  readonly #tolerance: Float64Array;
  readonly #fixed: Uint8Array;
  readonly #quadrics: Float64Array;
  /** First entry of `#around` of each vertex, and the triangles around the vertices. */
  readonly #first: Uint32Array;
  #around = new Uint32Array(0);
  #triangles: Uint32Array;
  #uvs: Float32Array;
  readonly #dead: Uint8Array;
  readonly #touched: Uint8Array;
  /** Neighbours of the vertex at hand and how many of its triangles have each. */
  readonly #ring: number[] = [];
  readonly #shared: number[] = [];

  constructor(mesh: ThinnableMesh, options: ThinOptions) {
    const vertexCount = mesh.positions.length / 3;
    this.#mesh = mesh;
    this.#tolerance = Float64Array.from({ length: vertexCount }, (_, v) => options.tolerance(v) ** 2);
    this.#fixed = new Uint8Array(vertexCount);
    for (const v of options.keep ?? []) this.#fixed[v] = 1;
    this.#quadrics = new Float64Array(vertexCount * QUADRIC);
    this.#first = new Uint32Array(vertexCount + 1);
    this.#touched = new Uint8Array(vertexCount);
    this.#triangles = Uint32Array.from(mesh.triangles);
    this.#dead = new Uint8Array(this.#triangles.length / 3);
    this.#uvs = Float32Array.from(mesh.uvs);
    this.#findNeighbours();
    for (let t = 0; t < this.#triangles.length / 3; t++) this.#addPlane(t);
    this.#addOutlines();
  }

  result(): ThinnedMesh {
    return { triangles: this.#triangles, uvs: this.#uvs };
  }

  /** Collapses what a share of the tolerance allows, no two collapses beside each other; false when few were left. */
  pass(share: number): boolean {
    const vertexCount = this.#touched.length;
    const before = this.#triangles.length;
    this.#touched.fill(0);
    for (let v = 0; v < vertexCount; v++) {
      if (this.#fixed[v] || this.#touched[v] || this.#first[v] === this.#first[v + 1]) continue;
      const target = this.#bestTarget(v, share);
      if (target >= 0) this.#collapse(v, target);
    }
    this.#sweep();
    this.#findNeighbours();
    return share < 1 || this.#triangles.length < 0.985 * before;
  }

  #findNeighbours(): void {
    const first = this.#first;
    const triangles = this.#triangles;
    if (this.#around.length < triangles.length) this.#around = new Uint32Array(triangles.length);
    first.fill(0);
    for (let i = 0; i < triangles.length; i++) first[triangles[i] + 1]++;
    for (let v = 1; v < first.length; v++) first[v] += first[v - 1];
    const next = first.slice();
    for (let i = 0; i < triangles.length; i++) this.#around[next[triangles[i]]++] = (i / 3) | 0;
  }

  #addPlane(t: number): void {
    const [a, b, c] = this.#triangles.subarray(3 * t, 3 * t + 3);
    const n = this.#normal(a, b, c);
    const area = Math.hypot(n[0], n[1], n[2]);
    if (area < 1e-12) return;
    for (let k = 0; k < 3; k++) n[k] /= area;
    for (const v of [a, b, c]) this.#add(v, { normal: n, through: a, weight: area, area });
  }

  /** Planes upright on the edges that only one triangle has, so that outlines keep their shape. */
  #addOutlines(): void {
    const p = this.#mesh.positions;
    for (let v = 0; v + 1 < this.#first.length; v++) {
      this.#gather(v);
      this.#ring.forEach((w, i) => {
        if (this.#shared[i] !== 1 || w < v) return;
        const t = this.#triangleOf(v, w);
        const n = this.#normal(...(this.#triangles.subarray(3 * t, 3 * t + 3) as unknown as [number, number, number]));
        const e = [0, 1, 2].map((k) => p[3 * w + k] - p[3 * v + k]);
        const upright = [n[1] * e[2] - n[2] * e[1], n[2] * e[0] - n[0] * e[2], n[0] * e[1] - n[1] * e[0]];
        const length = Math.hypot(...upright);
        if (length < 1e-12) return;
        for (let k = 0; k < 3; k++) upright[k] /= length;
        const weight = e[0] * e[0] + e[1] * e[1] + e[2] * e[2];
        for (const end of [v, w]) this.#add(end, { normal: upright, through: v, weight, area: 0 });
      });
    }
  }

  #add(v: number, plane: { normal: readonly number[]; through: number; weight: number; area: number }): void {
    const { normal, through, weight, area } = plane;
    const [x, y, z] = normal;
    const p = this.#mesh.positions;
    const d = -(x * p[3 * through] + y * p[3 * through + 1] + z * p[3 * through + 2]);
    const q = this.#quadrics;
    const at = v * QUADRIC;
    const terms = [x * x, x * y, x * z, x * d, y * y, y * z, y * d, z * z, z * d, d * d];
    for (let k = 0; k < 10; k++) q[at + k] += weight * terms[k];
    q[at + 10] += area;
  }

  /** Mean squared distance of vertex `to` from the planes gathered in `v`. */
  #error(v: number, to: number): number {
    const q = this.#quadrics;
    const at = v * QUADRIC;
    const p = this.#mesh.positions;
    const x = p[3 * to];
    const y = p[3 * to + 1];
    const z = p[3 * to + 2];
    const sum =
      x * (q[at] * x + 2 * (q[at + 1] * y + q[at + 2] * z + q[at + 3])) +
      y * (q[at + 4] * y + 2 * (q[at + 5] * z + q[at + 6])) +
      z * (q[at + 7] * z + 2 * q[at + 8]) +
      q[at + 9];
    return Math.abs(sum) / (q[at + 10] + 1e-12);
  }

  /** Fills `#ring` and `#shared`. */
  #gather(v: number): void {
    const ring = this.#ring;
    const shared = this.#shared;
    ring.length = 0;
    shared.length = 0;
    for (let i = this.#first[v]; i < this.#first[v + 1]; i++) {
      const t = 3 * this.#around[i];
      for (let k = t; k < t + 3; k++) {
        const w = this.#triangles[k];
        if (w === v) continue;
        const known = ring.indexOf(w);
        if (known >= 0) shared[known]++;
        else {
          ring.push(w);
          shared.push(1);
        }
      }
    }
  }

  /** The neighbour that `v` may collapse onto with the least error, or -1. */
  #bestTarget(v: number, share: number): number {
    if (!this.#hasOnePlace(v)) return -1;
    this.#gather(v);
    const limit = this.#tolerance[v] * share;
    let open = 0;
    for (const count of this.#shared) {
      if (count > 2) return -1;
      if (count === 1) open++;
    }
    // Outlines that touch in a vertex stay as they are.
    if (open !== 0 && open !== 2) return -1;
    let best = -1;
    let least = limit;
    for (let i = 0; i < this.#ring.length; i++) {
      const w = this.#ring[i];
      if (this.#touched[w] || (open === 2 && this.#shared[i] !== 1)) continue;
      const error = this.#error(v, w);
      if (error > least || !this.#canJoin(v, w, this.#shared[i])) continue;
      best = w;
      least = error;
    }
    return best;
  }

  /** Whether all corners at `v` have the same texture place. */
  #hasOnePlace(v: number): boolean {
    let known = -1;
    for (let i = this.#first[v]; i < this.#first[v + 1]; i++) {
      const corner = this.#corner(this.#around[i], v);
      if (known < 0) known = corner;
      else if (!this.#samePlace(known, corner)) return false;
    }
    return true;
  }

  #samePlace(a: number, b: number): boolean {
    return this.#uvs[2 * a] === this.#uvs[2 * b] && this.#uvs[2 * a + 1] === this.#uvs[2 * b + 1];
  }

  /** Index of the corner of triangle `t` at `v`. */
  #corner(t: number, v: number): number {
    return this.#triangles[3 * t] === v ? 3 * t : this.#triangles[3 * t + 1] === v ? 3 * t + 1 : 3 * t + 2;
  }

  #has(t: number, v: number): boolean {
    return this.#triangles[3 * t] === v || this.#triangles[3 * t + 1] === v || this.#triangles[3 * t + 2] === v;
  }

  #triangleOf(v: number, w: number): number {
    for (let i = this.#first[v]; i < this.#first[v + 1]; i++) if (this.#has(this.#around[i], w)) return this.#around[i];
    return -1;
  }

  #canJoin(v: number, w: number, sharedTriangles: number): boolean {
    if (!this.#bendsAlike(v, w)) return false;
    // Neighbours of both besides the shared triangles' own: the surface would fold onto itself.
    let common = 0;
    const seen: number[] = [];
    for (let i = this.#first[w]; i < this.#first[w + 1]; i++) {
      const t = 3 * this.#around[i];
      for (let k = t; k < t + 3; k++) {
        const x = this.#triangles[k];
        if (x !== v && x !== w && this.#ring.includes(x) && !seen.includes(x)) {
          seen.push(x);
          common++;
        }
      }
    }
    if (common !== sharedTriangles) return false;
    let place = -1;
    for (let i = this.#first[v]; i < this.#first[v + 1]; i++) {
      const t = this.#around[i];
      if (this.#has(t, w)) {
        const corner = this.#corner(t, w);
        if (place >= 0 && !this.#samePlace(place, corner)) return false;
        place = corner;
      } else if (!this.#staysUpright(t, v, w)) return false;
    }
    return true;
  }

  #bendsAlike(v: number, w: number): boolean {
    const { boneIds, boneWeights } = this.#mesh;
    let common = 0;
    let total = 0;
    for (let i = 4 * v; i < 4 * v + 4; i++) {
      total += boneWeights[i];
      if (boneWeights[i] === 0) continue;
      for (let k = 4 * w; k < 4 * w + 4; k++) {
        if (boneIds[i] === boneIds[k]) common += Math.min(boneWeights[i], boneWeights[k]);
      }
    }
    return 2 * (total - common) <= SAME_BEND;
  }

  /** Whether triangle `t` hardly turns when its corner `v` moves to `w`. */
  #staysUpright(t: number, v: number, w: number): boolean {
    const [a, b, c] = this.#triangles.subarray(3 * t, 3 * t + 3);
    const m = this.#normal(a, b, c);
    const n = this.#normal(a === v ? w : a, b === v ? w : b, c === v ? w : c);
    const along = m[0] * n[0] + m[1] * n[1] + m[2] * n[2];
    const sizes = (m[0] ** 2 + m[1] ** 2 + m[2] ** 2) * (n[0] ** 2 + n[1] ** 2 + n[2] ** 2);
    return along > 0 && along * along > LEAST_TURN * LEAST_TURN * sizes;
  }

  #normal(a: number, b: number, c: number): number[] {
    const p = this.#mesh.positions;
    const ux = p[3 * b] - p[3 * a];
    const uy = p[3 * b + 1] - p[3 * a + 1];
    const uz = p[3 * b + 2] - p[3 * a + 2];
    const vx = p[3 * c] - p[3 * a];
    const vy = p[3 * c + 1] - p[3 * a + 1];
    const vz = p[3 * c + 2] - p[3 * a + 2];
    return [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
  }

  #collapse(v: number, w: number): void {
    const place = this.#corner(this.#triangleOf(v, w), w);
    const [u0, v0] = [this.#uvs[2 * place], this.#uvs[2 * place + 1]];
    for (let i = this.#first[v]; i < this.#first[v + 1]; i++) {
      const t = this.#around[i];
      for (let k = 3 * t; k < 3 * t + 3; k++) this.#touched[this.#triangles[k]] = 1;
      if (this.#has(t, w)) {
        this.#dead[t] = 1;
        continue;
      }
      const corner = this.#corner(t, v);
      this.#triangles[corner] = w;
      this.#uvs[2 * corner] = u0;
      this.#uvs[2 * corner + 1] = v0;
    }
    for (let k = 0; k < QUADRIC; k++) this.#quadrics[w * QUADRIC + k] += this.#quadrics[v * QUADRIC + k];
  }

  /** Moves the triangles that are left together. */
  #sweep(): void {
    let end = 0;
    const count = this.#triangles.length / 3;
    for (let t = 0; t < count; t++) {
      if (this.#dead[t]) continue;
      this.#triangles.copyWithin(3 * end, 3 * t, 3 * t + 3);
      this.#uvs.copyWithin(6 * end, 6 * t, 6 * t + 6);
      end++;
    }
    this.#dead.fill(0);
    this.#triangles = this.#triangles.subarray(0, 3 * end);
    this.#uvs = this.#uvs.subarray(0, 6 * end);
  }
}
