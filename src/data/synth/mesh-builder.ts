// Coloured geometry of the things in a scene: boxes, tubes, lathes, spheres and the like, gathered into flat arrays.
import {
  add,
  addScaled,
  cross,
  dot,
  IDENTITY,
  length,
  type Mat3,
  multiply,
  normalise,
  perpendicular,
  scale,
  subtract,
  transform,
  type Vec3,
} from './vector.js';

/** Colour of a surface: sRGB, 0 to 255. */
export type Paint = Vec3;

/** Where a group of shapes is put: `world = origin + rotation * (scale * local)`. */
export interface Placement {
  origin?: Vec3;
  rotation?: Mat3;
  scale?: number;
}

export interface BoxOptions {
  colour: Paint;
  /** Colours of +x, -x, +y, -y, +z, -z where they differ from `colour`. */
  faces?: readonly (Paint | undefined)[];
  rotation?: Mat3;
  /** Width of the rounded edge in scene units; 0 gives sharp edges. */
  bevel?: number;
}

export interface CylinderOptions {
  radius: number;
  /** Radius at the far end; `radius` when left out. */
  endRadius?: number;
  colour: Paint;
  sides?: number;
  caps?: boolean;
}

export interface SphereOptions {
  colour: Paint | ((direction: Vec3) => Paint);
  rotation?: Mat3;
  segments?: number;
  rings?: number;
  /** Polar angle at which the surface ends, measured from local +y; pi is the whole sphere. */
  until?: number;
}

export interface TorusOptions {
  radius: number;
  thickness: number;
  colour: Paint;
  segments?: number;
  sides?: number;
  start?: number;
  end?: number;
}

export interface TubeOptions {
  /** One radius, or one as a function of the position 0..1 along the path. */
  radius: number | ((t: number) => number);
  colour: Paint;
  sides?: number;
  /** Flattens the section: multiplies its extent along the direction that starts out nearest to y. */
  flatten?: number;
  closed?: boolean;
  caps?: boolean;
}

export interface LatheOptions {
  /** Points `[radius, height]` from bottom to top; heights run along the axis from the base. */
  profile: readonly (readonly [number, number])[];
  colour: Paint | ((height: number) => Paint);
  sides?: number;
}

export interface ExtrudeOptions extends Placement {
  /** Extent along local z, centred on the origin. */
  depth: number;
  colour: Paint;
  /** Colour of the rim where it differs. */
  rim?: Paint;
  /** Makes the rim's normals smooth, for round outlines. */
  smooth?: boolean;
}

export interface GridOptions {
  colour: Paint | ((u: number, v: number) => Paint);
}

const TAU = 2 * Math.PI;

const directionCache = new Map<string, readonly Vec3[]>();

/** Unit vectors from pole to pole, ring by ring; kept, as foliage takes the same ones thousands of times. */
function sphereDirections(rings: number, segments: number, until: number): readonly Vec3[] {
  const key = `${rings} ${segments} ${until}`;
  const known = directionCache.get(key);
  if (known) return known;
  const directions: Vec3[] = [];
  for (let j = 0; j <= rings; j++) {
    const polar = (until * j) / rings;
    for (let i = 0; i <= segments; i++) {
      const angle = (TAU * i) / segments;
      directions.push([Math.sin(polar) * Math.cos(angle), Math.cos(polar), Math.sin(polar) * Math.sin(angle)]);
    }
  }
  // `until` can be any number; most meshes use few.
  if (directionCache.size < 64) directionCache.set(key, directions);
  return directions;
}

/** Any unit vector at right angles to the unit vector `axis`. */
function someOrthogonal(axis: Vec3): Vec3 {
  return perpendicular(Math.abs(axis[1]) < 0.9 ? [0, 1, 0] : [1, 0, 0], axis);
}

/**
 * Triangles of everything in a scene that is not the person. Arrays are flat and parallel; unit 1 = 10 cm, world
 * coordinates (Y up, ground at 0). Triangles run counter-clockwise seen from outside. `objectId`, `shine` and
 * `openSurface` apply to whatever is added after they are set.
 */
export class MeshBuilder {
  /** xyz of each vertex. */
  readonly positions: number[] = [];
  /** Unit normal of each vertex. */
  readonly normals: number[] = [];
  /** sRGB 0..255 of each vertex. */
  readonly colours: number[] = [];
  /** Strength of the highlight of each vertex, 0 (matt) to 1 (polished). */
  readonly gloss: number[] = [];
  /** Three vertex indices a triangle. */
  readonly triangles: number[] = [];
  /** Object a triangle belongs to: 0 nothing annotated (furniture around it), 2 and up an annotated object. */
  readonly objectIds: number[] = [];
  /** 1 where both sides of a triangle are seen (cloth, paper), else 0. */
  readonly twoSided: number[] = [];

  objectId = 2;
  shine = 0.15;
  openSurface = false;
  #origin: Vec3 = [0, 0, 0];
  #rotation: Mat3 = IDENTITY;
  #scale = 1;

  get vertexCount(): number {
    return this.positions.length / 3;
  }

  get triangleCount(): number {
    return this.triangles.length / 3;
  }

  /** Draws in local coordinates: everything `draw` adds is placed by `placement`; may be nested. */
  within(placement: Placement, draw: () => void): void {
    const before = { origin: this.#origin, rotation: this.#rotation, scale: this.#scale };
    this.#origin = this.toWorld(placement.origin ?? [0, 0, 0]);
    this.#rotation = multiply(before.rotation, placement.rotation ?? IDENTITY);
    this.#scale = before.scale * (placement.scale ?? 1);
    draw();
    this.#origin = before.origin;
    this.#rotation = before.rotation;
    this.#scale = before.scale;
  }

  /** World position of a point of the current local coordinates. */
  toWorld(point: Vec3): Vec3 {
    return addScaled(this.#origin, transform(this.#rotation, point), this.#scale);
  }

  /** Runs `draw` with another highlight strength. */
  withShine(shine: number, draw: () => void): void {
    const before = this.shine;
    this.shine = shine;
    draw();
    this.shine = before;
  }

  /** Runs `draw` with surfaces seen from both sides. */
  withOpenSurface(draw: () => void): void {
    const before = this.openSurface;
    this.openSurface = true;
    draw();
    this.openSurface = before;
  }

  /** Adds a vertex (local coordinates) and returns its index. */
  vertex(point: Vec3, normal: Vec3, colour: Paint): number {
    if (this.#rotation === IDENTITY && this.#scale === 1) {
      const o = this.#origin;
      this.positions.push(o[0] + point[0], o[1] + point[1], o[2] + point[2]);
      this.normals.push(normal[0], normal[1], normal[2]);
    } else {
      const p = this.toWorld(point);
      const n = transform(this.#rotation, normal);
      this.positions.push(p[0], p[1], p[2]);
      this.normals.push(n[0], n[1], n[2]);
    }
    this.colours.push(colour[0], colour[1], colour[2]);
    this.gloss.push(this.shine);
    return this.vertexCount - 1;
  }

  /** Adds a triangle, turned so that it faces the way its vertex normals do; one without area is left out. */
  triangle(a: number, b: number, c: number): void {
    const p = this.positions;
    const n = this.normals;
    const ux = p[3 * b] - p[3 * a];
    const uy = p[3 * b + 1] - p[3 * a + 1];
    const uz = p[3 * b + 2] - p[3 * a + 2];
    const vx = p[3 * c] - p[3 * a];
    const vy = p[3 * c + 1] - p[3 * a + 1];
    const vz = p[3 * c + 2] - p[3 * a + 2];
    const x = uy * vz - uz * vy;
    const y = uz * vx - ux * vz;
    const z = ux * vy - uy * vx;
    if (x * x + y * y + z * z < 1e-14) return;
    const facing =
      x * (n[3 * a] + n[3 * b] + n[3 * c]) +
      y * (n[3 * a + 1] + n[3 * b + 1] + n[3 * c + 1]) +
      z * (n[3 * a + 2] + n[3 * b + 2] + n[3 * c + 2]);
    if (facing < 0) this.triangles.push(a, c, b);
    else this.triangles.push(a, b, c);
    this.objectIds.push(this.objectId);
    this.twoSided.push(this.openSurface ? 1 : 0);
  }

  /** A flat four-cornered face; corners in order around it, the normal by the right-hand rule. */
  quad(corners: readonly [Vec3, Vec3, Vec3, Vec3], colour: Paint): void {
    const normal = normalise(cross(subtract(corners[1], corners[0]), subtract(corners[3], corners[0])));
    const [a, b, c, d] = corners.map((corner) => this.vertex(corner, normal, colour));
    this.triangle(a, b, c);
    this.triangle(a, c, d);
  }

  /** A cuboid with half extents `half`, its edges rounded by `bevel`. */
  box(centre: Vec3, half: Vec3, options: BoxOptions): void {
    const { colour, faces = [], rotation = IDENTITY } = options;
    const bevel = Math.min(options.bevel ?? 0, ...half);
    // One vertex for each corner (bits x, y, z) and axis: the corner pulled in along the two other axes.
    const at: number[][] = [];
    for (let corner = 0; corner < 8; corner++) {
      const sign = [corner & 1 ? 1 : -1, corner & 2 ? 1 : -1, corner & 4 ? 1 : -1];
      at.push(
        [0, 1, 2].map((axis) => {
          const local = half.map((h, k) => sign[k] * (k === axis ? h : h - bevel)) as unknown as Vec3;
          const normal = sign.map((s, k) => (k === axis ? s : 0)) as unknown as Vec3;
          const paint = faces[2 * axis + (sign[axis] > 0 ? 0 : 1)] ?? colour;
          return this.vertex(add(centre, transform(rotation, local)), transform(rotation, normal), paint);
        }),
      );
    }
    const patch = (a: number, b: number, c: number, d: number) => {
      this.triangle(a, b, c);
      this.triangle(b, d, c);
    };
    for (let axis = 0; axis < 3; axis++) {
      const u = 1 << ((axis + 1) % 3);
      const v = 1 << ((axis + 2) % 3);
      for (const side of [0, 1 << axis]) {
        patch(at[side][axis], at[side | u][axis], at[side | v][axis], at[side | u | v][axis]);
      }
      if (bevel === 0) continue;
      // The rounded edges parallel to this axis join the faces of the other two axes.
      const p = (axis + 1) % 3;
      const q = (axis + 2) % 3;
      for (const edge of [0, u, v, u | v]) {
        patch(at[edge][p], at[edge][q], at[edge | (1 << axis)][p], at[edge | (1 << axis)][q]);
      }
    }
    if (bevel > 0) for (const [a, b, c] of at) this.triangle(a, b, c);
  }

  /** A cylinder or cone between two points. */
  cylinder(from: Vec3, to: Vec3, options: CylinderOptions): void {
    const { radius, endRadius = radius, colour, sides = 10, caps = true } = options;
    const axis = normalise(subtract(to, from));
    const slope = (radius - endRadius) / Math.max(1e-6, length(subtract(to, from)));
    const x = someOrthogonal(axis);
    const y = cross(axis, x);
    const first = this.vertexCount;
    const ring: Vec3[] = [];
    for (let i = 0; i <= sides; i++) {
      const angle = (i / sides) * TAU;
      const out = addScaled(scale(x, Math.cos(angle)), y, Math.sin(angle));
      ring.push(out);
      const normal = normalise(addScaled(out, axis, slope));
      this.vertex(addScaled(from, out, radius), normal, colour);
      this.vertex(addScaled(to, out, endRadius), normal, colour);
    }
    for (let i = 0; i < sides; i++) this.#patch(first + 2 * i, first + 2 * i + 2, first + 2 * i + 1, first + 2 * i + 3);
    if (!caps) return;
    this.#disc(from, scale(axis, -1), { ring, radius, colour });
    this.#disc(to, axis, { ring, radius: endRadius, colour });
  }

  /** A sphere, or an ellipsoid when three radii are given. */
  sphere(centre: Vec3, radii: number | Vec3, options: SphereOptions): void {
    const { colour, rotation = IDENTITY, segments = 16, rings = 10, until = Math.PI } = options;
    const r = typeof radii === 'number' ? ([radii, radii, radii] as const) : radii;
    const first = this.vertexCount;
    const turned = rotation !== IDENTITY;
    for (const d of sphereDirections(rings, segments, until)) {
      const local: Vec3 = [d[0] * r[0], d[1] * r[1], d[2] * r[2]];
      const normal = normalise([d[0] / r[0], d[1] / r[1], d[2] / r[2]]);
      const point = add(centre, turned ? transform(rotation, local) : local);
      const paint = typeof colour === 'function' ? colour(d) : colour;
      this.vertex(point, turned ? transform(rotation, normal) : normal, paint);
    }
    this.#lattice(first, rings, segments);
  }

  /**
   * A ball whose every vertex is shaped by `form`: for a unit direction (x, y, z) it writes position, normal (any
   * length) and colour, nine numbers in world coordinates.
   */
  ball(
    { rings, segments }: { rings: number; segments: number },
    form: (x: number, y: number, z: number, out: Float64Array) => void,
  ): void {
    const { positions, normals, colours, gloss } = this;
    const out = new Float64Array(9);
    const first = this.vertexCount;
    for (const [x, y, z] of sphereDirections(rings, segments, Math.PI)) {
      form(x, y, z, out);
      const size = 1 / Math.sqrt(out[3] * out[3] + out[4] * out[4] + out[5] * out[5]);
      positions.push(out[0], out[1], out[2]);
      normals.push(out[3] * size, out[4] * size, out[5] * size);
      colours.push(out[6], out[7], out[8]);
      gloss.push(this.shine);
    }
    this.#lattice(first, rings, segments);
  }

  /** A ring (or a part of one) around `axis`. */
  torus(centre: Vec3, axis: Vec3, options: TorusOptions): void {
    const { radius, thickness, colour, segments = 24, sides = 8, start = 0, end = TAU } = options;
    const d = normalise(axis);
    const x = someOrthogonal(d);
    const y = cross(d, x);
    const first = this.vertexCount;
    for (let i = 0; i <= segments; i++) {
      const angle = start + ((end - start) * i) / segments;
      const out = addScaled(scale(x, Math.cos(angle)), y, Math.sin(angle));
      for (let j = 0; j <= sides; j++) {
        const around = (TAU * j) / sides;
        const normal = addScaled(scale(out, Math.cos(around)), d, Math.sin(around));
        this.vertex(add(centre, addScaled(scale(out, radius), normal, thickness)), normal, colour);
      }
    }
    this.#lattice(first, segments, sides);
  }

  /** A tube along a path of at least two points; the section turns as little as possible from point to point. */
  tube(path: readonly Vec3[], options: TubeOptions): void {
    const { radius, colour, sides = 8, flatten = 1, closed = false, caps = true } = options;
    const points = closed ? [...path, path[0], path[1]] : path;
    const count = closed ? path.length + 1 : path.length;
    let side = someOrthogonal(normalise(subtract(points[1], points[0])));
    const first = this.vertexCount;
    for (let i = 0; i < count; i++) {
      const previous = i > 0 ? points[i - 1] : closed ? path[path.length - 1] : points[0];
      const along = normalise(subtract(points[Math.min(i + 1, points.length - 1)], previous));
      side = perpendicular(side, along);
      const up = cross(along, side);
      const r = typeof radius === 'number' ? radius : radius(i / (count - 1));
      for (let j = 0; j <= sides; j++) {
        const around = (TAU * j) / sides;
        const c = Math.cos(around);
        const s = Math.sin(around);
        const normal = normalise(addScaled(scale(side, c / flatten), up, s));
        this.vertex(addScaled(addScaled(points[i], side, c * r * flatten), up, s * r), normal, colour);
      }
    }
    this.#lattice(first, count - 1, sides);
    if (!closed && caps) {
      this.#lid(first, sides, scale(normalise(subtract(points[1], points[0])), -1));
      const last = first + (count - 1) * (sides + 1);
      this.#lid(last, sides, normalise(subtract(points[count - 1], points[count - 2])));
    }
  }

  /** A surface of revolution around `axis` through `base`; neighbouring profile points share a flat-shaded band. */
  lathe(base: Vec3, axis: Vec3, options: LatheOptions): void {
    const { profile, colour, sides = 20 } = options;
    const d = normalise(axis);
    const x = someOrthogonal(d);
    const y = cross(d, x);
    for (let band = 0; band + 1 < profile.length; band++) {
      const [r0, h0] = profile[band];
      const [r1, h1] = profile[band + 1];
      const first = this.vertexCount;
      for (let i = 0; i <= sides; i++) {
        const angle = (TAU * i) / sides;
        const out = addScaled(scale(x, Math.cos(angle)), y, Math.sin(angle));
        const normal = normalise(addScaled(scale(out, h1 - h0), d, r0 - r1));
        for (const [r, h] of [profile[band], profile[band + 1]]) {
          const paint = typeof colour === 'function' ? colour(h) : colour;
          this.vertex(addScaled(addScaled(base, d, h), out, r), normal, paint);
        }
      }
      for (let i = 0; i < sides; i++) {
        this.#patch(first + 2 * i, first + 2 * i + 2, first + 2 * i + 1, first + 2 * i + 3);
      }
    }
  }

  /** A flat outline in local x, y (star-shaped about its centre) made `depth` thick along local z. */
  extrude(outline: readonly (readonly [number, number])[], options: ExtrudeOptions): void {
    const { depth, colour, rim = colour, smooth = false } = options;
    const n = outline.length;
    const cx = outline.reduce((sum, p) => sum + p[0], 0) / n;
    const cy = outline.reduce((sum, p) => sum + p[1], 0) / n;
    this.within(options, () => {
      for (const z of [-depth / 2, depth / 2]) {
        const normal: Vec3 = [0, 0, Math.sign(z)];
        const centre = this.vertex([cx, cy, z], normal, colour);
        const edge = outline.map((p) => this.vertex([p[0], p[1], z], normal, colour));
        for (let i = 0; i < n; i++) this.triangle(centre, edge[i], edge[(i + 1) % n]);
      }
      const outward = outline.map((p, i) => {
        const q = outline[(i + 1) % n];
        const normal = normalise([q[1] - p[1], p[0] - q[0], 0]);
        return dot(normal, [(p[0] + q[0]) / 2 - cx, (p[1] + q[1]) / 2 - cy, 0]) < 0 ? scale(normal, -1) : normal;
      });
      const blend = (i: number) => normalise(add(outward[(i + n - 1) % n], outward[i]));
      for (let i = 0; i < n; i++) {
        const next = (i + 1) % n;
        const [a, b] = [
          [outline[i], smooth ? blend(i) : outward[i]] as const,
          [outline[next], smooth ? blend(next) : outward[i]] as const,
        ].map(([p, normal]) => [-1, 1].map((s) => this.vertex([p[0], p[1], (s * depth) / 2], normal, rim)));
        this.#patch(a[0], b[0], a[1], b[1]);
      }
    });
  }

  /** A curved sheet: `point(u, v)` for u, v in 0..1 on a lattice; normals follow the surface (u x v). */
  grid(size: readonly [number, number], point: (u: number, v: number) => Vec3, options: GridOptions): void {
    const [columns, rows] = size;
    const { colour } = options;
    const first = this.vertexCount;
    const step = 1e-3;
    for (let j = 0; j <= rows; j++) {
      for (let i = 0; i <= columns; i++) {
        const u = i / columns;
        const v = j / rows;
        const across = subtract(point(u + step, v), point(u - step, v));
        const down = subtract(point(u, v + step), point(u, v - step));
        this.vertex(point(u, v), normalise(cross(across, down)), typeof colour === 'function' ? colour(u, v) : colour);
      }
    }
    this.#lattice(first, rows, columns);
  }

  #patch(a: number, b: number, c: number, d: number): void {
    this.triangle(a, b, c);
    this.triangle(b, d, c);
  }

  /** Triangles of (rows + 1) x (columns + 1) vertices that start at `first`. */
  #lattice(first: number, rows: number, columns: number): void {
    for (let j = 0; j < rows; j++) {
      for (let i = 0; i < columns; i++) {
        const a = first + j * (columns + 1) + i;
        this.#patch(a, a + 1, a + columns + 1, a + columns + 2);
      }
    }
  }

  #disc(centre: Vec3, normal: Vec3, options: { ring: Vec3[]; radius: number; colour: Paint }): void {
    const { ring, radius, colour } = options;
    if (radius < 1e-3) return;
    const middle = this.vertex(centre, normal, colour);
    const edge = ring.map((out) => this.vertex(addScaled(centre, out, radius), normal, colour));
    for (let i = 0; i + 1 < edge.length; i++) this.triangle(middle, edge[i], edge[i + 1]);
  }

  /** Closes the end of a tube whose ring of vertices starts at `first`. */
  #lid(first: number, sides: number, normal: Vec3): void {
    const n = this.vertexCount;
    for (let j = 0; j <= sides; j++) this.#copy(first + j, normal);
    for (let j = 1; j + 1 < sides; j++) this.triangle(n, n + j, n + j + 1);
  }

  /** Repeats a vertex with another normal (both in world coordinates already, apart from the normal). */
  #copy(index: number, normal: Vec3): void {
    const n = transform(this.#rotation, normal);
    const at = 3 * index;
    this.positions.push(this.positions[at], this.positions[at + 1], this.positions[at + 2]);
    this.normals.push(n[0], n[1], n[2]);
    this.colours.push(this.colours[at], this.colours[at + 1], this.colours[at + 2]);
    this.gloss.push(this.gloss[index]);
  }
}
