// Vectors and 3x3 rotations of the synthetic scenes: plain arrays, matrices row-major, angles in radians.

export type Vec3 = readonly [number, number, number];
/** Nine numbers, row-major; acts on column vectors (`transform(m, v)`). */
export type Mat3 = readonly number[];

export const ZERO: Vec3 = [0, 0, 0];
export const UP: Vec3 = [0, 1, 0];
export const IDENTITY: Mat3 = [1, 0, 0, 0, 1, 0, 0, 0, 1];

export const add = (a: Vec3, b: Vec3): Vec3 => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const subtract = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const scale = (a: Vec3, s: number): Vec3 => [a[0] * s, a[1] * s, a[2] * s];
/** `a + b * s`. */
export const addScaled = (a: Vec3, b: Vec3, s: number): Vec3 => [a[0] + b[0] * s, a[1] + b[1] * s, a[2] + b[2] * s];
export const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const cross = (a: Vec3, b: Vec3): Vec3 => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
// Not `Math.hypot`, which guards against overflow and is several times slower.
export const length = (a: Vec3): number => Math.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
export const distance = (a: Vec3, b: Vec3): number => length(subtract(a, b));

/** Unit vector along `a`; the zero vector stays zero. */
export function normalise(a: Vec3): Vec3 {
  return scale(a, 1 / (length(a) || 1));
}

/** `a` at t = 0, `b` at t = 1. */
export function mix(a: Vec3, b: Vec3, t: number): Vec3 {
  return addScaled(a, subtract(b, a), t);
}

/** Unit vector of the part of `a` that is perpendicular to the unit vector `axis`. */
export function perpendicular(a: Vec3, axis: Vec3): Vec3 {
  return normalise(addScaled(a, axis, -dot(a, axis)));
}

export function multiply(a: Mat3, b: Mat3): Mat3 {
  const product = new Array<number>(9);
  for (let i = 0; i < 9; i += 3) {
    for (let j = 0; j < 3; j++) product[i + j] = a[i] * b[j] + a[i + 1] * b[3 + j] + a[i + 2] * b[6 + j];
  }
  return product;
}

export function transform(m: Mat3, v: Vec3): Vec3 {
  return [
    m[0] * v[0] + m[1] * v[1] + m[2] * v[2],
    m[3] * v[0] + m[4] * v[1] + m[5] * v[2],
    m[6] * v[0] + m[7] * v[1] + m[8] * v[2],
  ];
}

/** Transpose, which for a rotation is the inverse. */
export function transpose(m: Mat3): Mat3 {
  return [m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8]];
}

/** Rotation by `angle` about `axis` (right-handed; the axis need not be a unit vector). */
export function rotation(axis: Vec3, angle: number): Mat3 {
  const [x, y, z] = normalise(axis);
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  const t = 1 - c;
  return [
    t * x * x + c,
    t * x * y - s * z,
    t * x * z + s * y,
    t * x * y + s * z,
    t * y * y + c,
    t * y * z - s * x,
    t * x * z - s * y,
    t * y * z + s * x,
    t * z * z + c,
  ];
}

/** `Ry(y) Rx(x) Rz(z)`: first roll about Z, then pitch about X, then yaw about Y. */
export function euler(x: number, y: number, z: number): Mat3 {
  return multiply(rotation([0, 1, 0], y), multiply(rotation([1, 0, 0], x), rotation([0, 0, 1], z)));
}

/** Rotation whose columns are `a` (a unit vector), `b` made perpendicular to it, and their cross product. */
export function frame(a: Vec3, b: Vec3): Mat3 {
  const n = perpendicular(b, a);
  const c = cross(a, n);
  return [a[0], n[0], c[0], a[1], n[1], c[1], a[2], n[2], c[2]];
}

/** Shortest rotation that carries the unit vector `a` onto the unit vector `b`. */
export function rotationBetween(a: Vec3, b: Vec3): Mat3 {
  const axis = cross(a, b);
  const cosine = dot(a, b);
  if (length(axis) < 1e-9) {
    if (cosine > 0) return IDENTITY;
    return rotation(Math.abs(a[0]) < 0.9 ? cross(a, [1, 0, 0]) : cross(a, [0, 1, 0]), Math.PI);
  }
  return rotation(axis, Math.atan2(length(axis), cosine));
}

/** Signed angle that turns `from` onto `to` about the unit vector `axis` (both taken perpendicular to it). */
export function angleAbout(axis: Vec3, { from, to }: { from: Vec3; to: Vec3 }): number {
  const a = perpendicular(from, axis);
  const b = perpendicular(to, axis);
  return Math.atan2(dot(cross(a, b), axis), dot(a, b));
}

export const clamp = (x: number, low: number, high: number): number => Math.max(low, Math.min(high, x));
