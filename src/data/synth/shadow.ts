// Shadow maps: orthographic depth seen from a light (or from the zenith), looked up for surfaces and for the ground.
import { TriangleEdges } from './spans.js';
import type { Vec3 } from './types.js';

/** Axis-aligned bounds in light space, grown with `include`. */
interface LightBounds {
  u0: number;
  u1: number;
  v0: number;
  v1: number;
}

/** Columns and rows of a map, the last ones included. */
interface TexelArea {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const EMPTY = -1e9;

/**
 * Depth map of `side` x `side` texels along a direction pointing to the light.
 * Use: `aim`, `fit` for every caster, `begin`, `cast` for every caster, then `visibility` or `prefilterGround`. Points must
 * not move between `begin` and the last use.
 */
export class ShadowMap {
  readonly depth: Float32Array;
  private readonly axes = new Float64Array(9);
  private bounds: LightBounds = { u0: 0, u1: 0, v0: 0, v1: 0 };
  private scale = 1;
  private u = new Float32Array(0);
  private v = new Float32Array(0);
  private d = new Float32Array(0);
  /** The texels drawn to since `begin` lie in these columns and rows, the last ones included. */
  private drawn: TexelArea = { left: 0, top: 0, right: -1, bottom: -1 };
  /** Where `blurred` is not 0. */
  private shaded: TexelArea = { left: 0, top: 0, right: -1, bottom: -1 };
  private projected: Float32Array | undefined;
  private projectedCount = 0;
  private readonly half: number;
  private readonly blurred: Float32Array;
  private readonly scratch: Float32Array;

  /** @param side even. */
  constructor(readonly side: number) {
    this.depth = new Float32Array(side * side).fill(EMPTY);
    this.half = side / 2;
    this.blurred = new Float32Array(this.half ** 2);
    this.scratch = new Float32Array(this.half ** 2);
  }

  /** Sets the unit direction towards the light and forgets the bounds. */
  aim(direction: Vec3): void {
    const [x, y, z] = direction;
    // Any vector that is not parallel to the direction spans the map's plane with it.
    const h = Math.hypot(x, z);
    const a = h > 1e-3 ? [z / h, 0, -x / h] : [1, 0, 0];
    const b = [y * a[2] - z * a[1], z * a[0] - x * a[2], x * a[1] - y * a[0]];
    this.axes.set([...a, ...b, x, y, z]);
    this.bounds = { u0: 1e9, u1: -1e9, v0: 1e9, v1: -1e9 };
  }

  /**
   * Extends the covered area by the first `count` points of `world` (x, y, z triples), leaving out those farther than
   * `within` from the origin.
   */
  fit(world: Float32Array, count: number, { within = Infinity }: { within?: number } = {}): void {
    const m = this.axes;
    const box = this.bounds;
    for (let i = 0; i < count; i++) {
      const x = world[3 * i];
      const y = world[3 * i + 1];
      const z = world[3 * i + 2];
      if (x * x + z * z > within * within) continue;
      const u = x * m[0] + y * m[1] + z * m[2];
      const v = x * m[3] + y * m[4] + z * m[5];
      if (u < box.u0) box.u0 = u;
      if (u > box.u1) box.u1 = u;
      if (v < box.v0) box.v0 = v;
      if (v > box.v1) box.v1 = v;
    }
  }

  /** Fixes the scale (leaving `marginTexels` free on every side) and empties the map. */
  begin(marginTexels: number): void {
    const { u0, u1, v0, v1 } = this.bounds;
    const extent = Math.max(u1 - u0, v1 - v0, 1e-3);
    this.scale = (this.side - 2 * marginTexels) / extent;
    this.bounds.u0 = (u0 + u1) / 2 - this.side / 2 / this.scale;
    this.bounds.v0 = (v0 + v1) / 2 - this.side / 2 / this.scale;
    this.empty();
    this.projected = undefined;
  }

  private empty(): void {
    const { side, drawn } = this;
    this.depth.fill(EMPTY, drawn.top * side, (drawn.bottom + 1) * side);
    this.drawn = { left: side, top: side, right: -1, bottom: -1 };
  }

  /** Extends the area drawn to. */
  private touch({ left, top, right, bottom }: TexelArea): void {
    const { drawn } = this;
    if (left < drawn.left) drawn.left = left;
    if (top < drawn.top) drawn.top = top;
    if (right > drawn.right) drawn.right = right;
    if (bottom > drawn.bottom) drawn.bottom = bottom;
  }

  /** Skips points that were projected last: casters are looked up right after they are cast. */
  private project(world: Float32Array, count: number): void {
    if (this.projected === world && this.projectedCount === count) return;
    this.projected = world;
    this.projectedCount = count;
    if (this.u.length < count) {
      this.u = new Float32Array(count * 1.25);
      this.v = new Float32Array(count * 1.25);
      this.d = new Float32Array(count * 1.25);
    }
    const { u, v, d, scale } = this;
    const [a0, a1, a2, b0, b1, b2, l0, l1, l2] = this.axes;
    const offsetU = this.bounds.u0 * scale;
    const offsetV = this.bounds.v0 * scale;
    for (let i = 0; i < count; i++) {
      const x = world[3 * i];
      const y = world[3 * i + 1];
      const z = world[3 * i + 2];
      u[i] = (x * a0 + y * a1 + z * a2) * scale - offsetU;
      v[i] = (x * b0 + y * b1 + z * b2) * scale - offsetV;
      d[i] = x * l0 + y * l1 + z * l2;
    }
  }

  /** Draws points into the map, one texel each: enough for meshes as dense as the map. */
  splat(world: Float32Array, vertexCount: number): void {
    this.project(world, vertexCount);
    const { u, v, d, side, depth } = this;
    let [left, top, right, bottom] = [side, side, -1, -1];
    for (let i = 0; i < vertexCount; i++) {
      const column = u[i] | 0;
      const row = v[i] | 0;
      if (column < 0 || row < 0 || column >= side || row >= side) continue;
      if (column < left) left = column;
      if (column > right) right = column;
      if (row < top) top = row;
      if (row > bottom) bottom = row;
      const q = row * side + column;
      if (d[i] > depth[q]) depth[q] = d[i];
    }
    this.touch({ left, top, right, bottom });
  }

  /** Draws triangles into the map: the point nearest to the light wins. `facing`: only those turned to the light. */
  cast(
    world: Float32Array,
    vertexCount: number,
    mesh: { triangles: ArrayLike<number>; triangleCount: number; facing?: boolean },
  ): void {
    this.project(world, vertexCount);
    const { u, v, d, side, depth } = this;
    const { triangles, triangleCount, facing = false } = mesh;
    const edges = new TriangleEdges();
    const { origin, columns } = edges;
    const outer = { left: side, top: side, right: -1, bottom: -1 };
    for (let t = 0; t < triangleCount; t++) {
      const a = triangles[3 * t];
      const b = triangles[3 * t + 1];
      const c = triangles[3 * t + 2];
      const x0 = u[a];
      const y0 = v[a];
      const ex1 = u[b] - x0;
      const ey1 = v[b] - y0;
      const ex2 = u[c] - x0;
      const ey2 = v[c] - y0;
      const area = ex1 * ey2 - ex2 * ey1;
      if (area < 1e-5 && (facing || area > -1e-5)) continue;
      let left = Math.ceil(x0 + Math.min(0, ex1, ex2) - 0.5);
      let right = Math.floor(x0 + Math.max(0, ex1, ex2) - 0.5);
      let top = Math.ceil(y0 + Math.min(0, ey1, ey2) - 0.5);
      let bottom = Math.floor(y0 + Math.max(0, ey1, ey2) - 0.5);
      if (left < 0) left = 0;
      if (top < 0) top = 0;
      if (right >= side) right = side - 1;
      if (bottom >= side) bottom = side - 1;
      if (left > right || top > bottom) continue;
      if (left < outer.left) outer.left = left;
      if (top < outer.top) outer.top = top;
      if (right > outer.right) outer.right = right;
      if (bottom > outer.bottom) outer.bottom = bottom;
      const ia = 1 / area;
      const dx1 = ey2 * ia;
      const dy1 = -ex2 * ia;
      const dx2 = -ey1 * ia;
      const dy2 = ex1 * ia;
      const fx = left + 0.5 - x0;
      const fy = top + 0.5 - y0;
      const first1 = fx * dx1 + fy * dy1;
      const first2 = fx * dx2 + fy * dy2;
      const z0 = d[a];
      const dz1 = d[b] - z0;
      const dz2 = d[c] - z0;
      origin[0] = first1;
      origin[1] = first2;
      origin[2] = dx1;
      origin[3] = dx2;
      origin[4] = dy1;
      origin[5] = dy2;
      edges.find();
      const width = right - left;
      const zAcross = dx1 * dz1 + dx2 * dz2;
      for (let y = top; y <= bottom; y++) {
        const row = y - top;
        const from = Math.ceil(Math.max(0, columns[0] + row * columns[1], columns[2] + row * columns[3]));
        const to = Math.floor(Math.min(width, columns[4] + row * columns[5], columns[6] + row * columns[7]));
        let z = z0 + (first1 + row * dy1 + from * dx1) * dz1 + (first2 + row * dy2 + from * dx2) * dz2;
        const end = y * side + left + to;
        for (let q = end - to + from; q <= end; q++, z += zAcross) if (z > depth[q]) depth[q] = z;
      }
    }
    this.touch(outer);
  }

  /** Takes over aim, scale and content of a map of the same size, to add casters to a copy. */
  copyFrom(other: ShadowMap): void {
    this.axes.set(other.axes);
    this.bounds = { ...other.bounds };
    this.scale = other.scale;
    this.empty();
    this.projected = undefined;
    this.drawn = { ...other.drawn };
    const [first, end] = [other.drawn.top * this.side, (other.drawn.bottom + 1) * this.side];
    if (first < end) this.depth.set(other.depth.subarray(first, end), first);
  }

  /**
   * Fraction of light, 0 to 1, that arrives at each of `count` points: a 4x4 filter, stored into `out`. Points whose
   * `normal` looks away from the light are not looked up; they get 0.
   */
  vertexVisibility(
    world: Float32Array,
    count: number,
    { bias, out, normal }: { bias: number; out: Float32Array; normal?: Float32Array },
  ): void {
    this.project(world, count);
    const { u, v, d, side, depth, drawn } = this;
    const [, , , , , , lx, ly, lz] = this.axes;
    for (let i = 0; i < count; i++) {
      if (normal !== undefined) {
        const nx = normal[3 * i];
        const ny = normal[3 * i + 1];
        const nz = normal[3 * i + 2];
        const along = nx * lx + ny * ly + nz * lz;
        // Light wraps a little around the edge, see `lightPerson`.
        if (along < 0 && along * along > 0.02 * (nx * nx + ny * ny + nz * nz)) {
          out[i] = 0;
          continue;
        }
      }
      const column = Math.floor(u[i] - 0.5);
      const row = Math.floor(v[i] - 0.5);
      const isInside = column >= 1 && row >= 1 && column <= side - 3 && row <= side - 3;
      // Nothing was cast near it.
      const isClear =
        column < drawn.left - 2 || row < drawn.top - 2 || column > drawn.right + 1 || row > drawn.bottom + 1;
      if (!isInside || isClear) {
        out[i] = 1;
        continue;
      }
      const z = d[i] + bias;
      let lit = 0;
      for (let q = (row - 1) * side + column - 1, end = q + 4 * side; q < end; q += side) {
        if (depth[q] <= z) lit++;
        if (depth[q + 1] <= z) lit++;
        if (depth[q + 2] <= z) lit++;
        if (depth[q + 3] <= z) lit++;
      }
      out[i] = lit / 16;
    }
  }

  /** Light, 0 to 1, at one point: the four texels around it, weighted bilinearly. Points outside are lit. */
  visibility(x: number, y: number, z: number, bias: number): number {
    const m = this.axes;
    const { side, depth, scale, drawn } = this;
    const u = (x * m[0] + y * m[1] + z * m[2] - this.bounds.u0) * scale - 0.5;
    const v = (x * m[3] + y * m[4] + z * m[5] - this.bounds.v0) * scale - 0.5;
    if (!(u > 0 && v > 0 && u < side - 2 && v < side - 2)) return 1;
    if (u < drawn.left - 1 || u > drawn.right || v < drawn.top - 1 || v > drawn.bottom) return 1;
    const column = u | 0;
    const row = v | 0;
    const fu = u - column;
    const fv = v - row;
    const d = x * m[6] + y * m[7] + z * m[8] + bias;
    const q = row * side + column;
    const near = (depth[q] <= d ? 1 - fu : 0) + (depth[q + 1] <= d ? fu : 0);
    const far = (depth[q + side] <= d ? 1 - fu : 0) + (depth[q + side + 1] <= d ? fu : 0);
    return near + (far - near) * fv;
  }

  /**
   * Prepares `groundShade` and `shadeLine`: blurs the weight of what hangs over each texel of the plane y = 0, at half
   * the map's resolution, which the blur hides. `fade` is the height (world units) over which a caster loses its
   * weight; Infinity for a real shadow. The radius is in texels of the map.
   */
  prefilterGround(radiusTexels: number, { fade = Infinity }: { fade?: number } = {}): void {
    const { side, half, depth, blurred, scale, drawn } = this;
    const content = { left: drawn.left >> 1, top: drawn.top >> 1, right: drawn.right >> 1, bottom: drawn.bottom >> 1 };
    blurred.fill(0);
    const m = this.axes;
    // Depth of the ground below texel (u, v): the ray along the light direction meets y = 0 at this depth.
    const vertical = m[7];
    const solid = fade === Infinity;
    const perFade = -1 / fade;
    for (let row = content.top; row <= content.bottom; row++) {
      const ground = m[4] * ((2 * row + 1) / scale + this.bounds.v0);
      for (let column = content.left, to = row * half + column; column <= content.right; column++, to++) {
        const q = 2 * (row * side + column);
        const a = depth[q];
        const b = depth[q + 1];
        const c = depth[q + side];
        const d = depth[q + side + 1];
        // Most of the map is empty.
        if (a === EMPTY && b === EMPTY && c === EMPTY && d === EMPTY) blurred[to] = 0;
        else if (solid) {
          blurred[to] =
            (a === EMPTY ? 0 : 0.25) + (b === EMPTY ? 0 : 0.25) + (c === EMPTY ? 0 : 0.25) + (d === EMPTY ? 0 : 0.25);
        } else {
          // The four lie close together: their mean height fades as each of them would.
          let count = 0;
          let height = 0;
          for (let k = 0; k < 4; k++) {
            const z = k === 0 ? a : k === 1 ? b : k === 2 ? c : d;
            if (z === EMPTY) continue;
            count++;
            height += Math.max(0, z * vertical + ground);
          }
          blurred[to] = 0.25 * count * Math.exp((height / count) * perFade);
        }
      }
    }
    this.shaded = boxBlur(blurred, this.scratch, { side: half, radius: Math.ceil(radiusTexels / 2), content });
  }

  /** Shade, 0 (none) to 1, on the ground point (x, 0, z) after `prefilterGround`; bilinear. */
  groundShade(x: number, z: number): number {
    const out = new Float32Array(1);
    this.shadeLine({ x, z, dx: 0, dz: 0 }, out);
    return out[0];
  }

  /**
   * Raises `out[i]` to the shade of the ground point (x + i dx, 0, z + i dz); returns whether the line meets the map.
   */
  shadeLine(line: { x: number; z: number; dx: number; dz: number }, out: Float32Array): boolean {
    const m = this.axes;
    const { half, blurred, shaded } = this;
    const scale = this.scale / 2;
    const u0 = (line.x * m[0] + line.z * m[2] - this.bounds.u0) * scale - 0.5;
    const v0 = (line.x * m[3] + line.z * m[5] - this.bounds.v0) * scale - 0.5;
    const du = (line.dx * m[0] + line.dz * m[2]) * scale;
    const dv = (line.dx * m[3] + line.dz * m[5]) * scale;
    const limit = half - 1.001;
    const acrossU = inside(u0, du, { low: Math.max(0, shaded.left - 1), high: Math.min(limit, shaded.right + 1) });
    const acrossV = inside(v0, dv, { low: Math.max(0, shaded.top - 1), high: Math.min(limit, shaded.bottom + 1) });
    const first = Math.max(0, Math.ceil(Math.max(acrossU[0], acrossV[0])));
    const end = Math.min(out.length - 1, Math.floor(Math.min(acrossU[1], acrossV[1]))) + 1;
    for (let i = first; i < end; i++) {
      const u = u0 + du * i;
      const v = v0 + dv * i;
      const column = u | 0;
      const row = v | 0;
      const fu = u - column;
      const q = row * half + column;
      const near = blurred[q] + (blurred[q + 1] - blurred[q]) * fu;
      const far = blurred[q + half] + (blurred[q + half + 1] - blurred[q + half]) * fu;
      const shade = near + (far - near) * (v - row);
      if (shade > out[i]) out[i] = shade;
    }
    return first < end;
  }
}

/** Range of i for which low <= start + step i <= high. */
function inside(start: number, step: number, { low, high }: { low: number; high: number }): [number, number] {
  if (low > high) return [1, 0];
  if (Math.abs(step) < 1e-9) return start >= low && start <= high ? [0, Infinity] : [1, 0];
  const a = (low - start) / step;
  const b = (high - start) / step;
  return a < b ? [a, b] : [b, a];
}

/** Separable box filter in place of data that is 0 outside `content`; returns where the result is not. */
function boxBlur(
  data: Float32Array,
  scratch: Float32Array,
  { side, radius, content }: { side: number; radius: number; content: TexelArea },
): TexelArea {
  const { top, bottom } = content;
  const left = Math.max(0, content.left - radius);
  const right = Math.min(side - 1, content.right + radius);
  const area = { left, right, top: Math.max(0, top - radius), bottom: Math.min(side - 1, bottom + radius) };
  const weight = 1 / (2 * radius + 1);
  for (let row = top; row <= bottom; row++) {
    const start = row * side;
    let sum = 0;
    for (let i = left; i < left + radius && i < side; i++) sum += data[start + i];
    for (let i = left; i <= right; i++) {
      if (i + radius < side) sum += data[start + i + radius];
      if (i - radius > left) sum -= data[start + i - radius - 1];
      scratch[start + i] = sum * weight;
    }
  }
  // Columns are summed a whole row at a time: running sums in the first row's place would defeat the cache.
  const sums = new Float32Array(side);
  for (let row = area.top - radius; row <= area.bottom; row++) {
    const enter = row + radius;
    const leave = row - radius - 1;
    if (enter >= top && enter <= bottom) for (let i = left; i <= right; i++) sums[i] += scratch[enter * side + i];
    if (leave >= top && leave <= bottom) for (let i = left; i <= right; i++) sums[i] -= scratch[leave * side + i];
    if (row < area.top) continue;
    for (let i = left; i <= right; i++) data[row * side + i] = sums[i] * weight;
  }
  return area;
}
