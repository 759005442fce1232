// The triangle rasteriser: a supersampled layer of depth, colour and label, and the two inner loops that fill it. Their
// set-up and that of the shadow map are alike and written out in each: they run for every triangle and sample of a picture.
import { TriangleEdges } from './spans.js';
import type { Material, PartKind, PictureSize } from './types.js';

/** Samples a pixel has along each side: 2x2 samples are averaged into one pixel. */
export const SAMPLES = 2;

/**
 * One supersampled buffer of rows of `side` samples.
 * `colour` packs `label << 24 | r << 16 | g << 8 | b`; 0 is empty. `light` is only filled by coloured meshes and packs
 * `ambient | key << 8 | gloss << 16`, so that shadows can be applied later, per sample.
 */
export class SampleLayer {
  readonly side: number;
  readonly rows: number;
  /** 1 / depth along the viewing axis; 0 where nothing was drawn. */
  readonly inverseDepth: Float32Array;
  readonly colour: Uint32Array;
  readonly light: Uint32Array;
  /** The samples drawn to since the last `clear` lie in these columns and rows, the last ones included. */
  left = 0;
  top = 0;
  right = -1;
  bottom = -1;

  constructor({ widthPx, heightPx }: PictureSize) {
    this.side = widthPx * SAMPLES;
    this.rows = heightPx * SAMPLES;
    const samples = this.side * this.rows;
    this.inverseDepth = new Float32Array(samples);
    this.colour = new Uint32Array(samples);
    this.light = new Uint32Array(samples);
    this.clear();
  }

  clear(): void {
    const { side, rows, top, bottom } = this;
    this.inverseDepth.fill(0, top * side, (bottom + 1) * side);
    this.colour.fill(0, top * side, (bottom + 1) * side);
    this.left = side;
    this.top = rows;
    this.right = this.bottom = -1;
  }

  /** Extends the area drawn to. */
  touch(left: number, top: number, { right, bottom }: { right: number; bottom: number }): void {
    if (left < this.left) this.left = left;
    if (top < this.top) this.top = top;
    if (right > this.right) this.right = right;
    if (bottom > this.bottom) this.bottom = bottom;
  }
}

/** Vertices after posing and projection: world position, normal, sample coordinates and light. Grows, never shrinks. */
export class VertexBuffer {
  capacity = 0;
  world = new Float32Array(0);
  normal = new Float32Array(0);
  x = new Float32Array(0);
  y = new Float32Array(0);
  inverseDepth = new Float32Array(0);
  /** Textured meshes: index of the light table. Coloured meshes: ambient, 0 to 255. */
  light = new Float32Array(0);
  key = new Float32Array(0);
  gloss = new Float32Array(0);

  /** Makes room for `count` vertices; the content is lost when it has to grow. */
  reserve(count: number): void {
    if (count <= this.capacity) return;
    this.capacity = Math.ceil(count * 1.25);
    this.world = new Float32Array(this.capacity * 3);
    this.normal = new Float32Array(this.capacity * 3);
    for (const name of ['x', 'y', 'inverseDepth', 'light', 'key', 'gloss'] as const) {
      this[name] = new Float32Array(this.capacity);
    }
  }
}

/** Factors (x 256) of red, green and blue by light index, see `lighting.ts`. */
export interface LightTable {
  red: Int32Array;
  green: Int32Array;
  blue: Int32Array;
}

export interface TexturedMesh {
  triangles: Uint32Array;
  /** Six a triangle: u, v of its three corners in [0, 1], v downwards. */
  uvs: Float32Array;
  /** A label a triangle. */
  labels: Uint8Array;
  /** Which labels are hands. */
  hands?: readonly [number, number];
}

/**
 * How much nearer to the camera (units) each kind of part counts where parts touch: cloth stays over the skin beneath it
 * although both are thinned out each by itself. Hands, which lie on clothes, count as near as the outermost.
 */
const LAYER: Partial<Record<PartKind, number>> = {
  bottom: 0.03,
  shoes: 0.03,
  top: 0.1,
  dress: 0.1,
  hair: 0.11,
  hat: 0.12,
};
const HAND_LAYER = 0.11;
const OVER_TOP = 0.2;

// Coverage thresholds of the 2x2 samples of a pixel: together they show alpha in steps of a quarter.
const DITHER = [2, 9, 12, 5];

/** `r << 16 | g << 8 | b` of each entry: one look-up a sample in place of three. */
function packed(palette: Uint8Array): Int32Array {
  const entries = new Int32Array(palette.length / 3);
  for (let i = 0, k = 0; i < entries.length; i++, k += 3) {
    entries[i] = (palette[k] << 16) | (palette[k + 1] << 8) | palette[k + 2];
  }
  return entries;
}

/**
 * Draws one material of a textured mesh (the person) with Gouraud light; of two samples the nearer stays.
 * One long function: calls inside the loop over samples would cost more than the samples.
 */
export function drawTextured(
  layer: SampleLayer,
  vertices: VertexBuffer,
  { mesh, material, table }: { mesh: TexturedMesh; material: Material; table: LightTable },
): void {
  const { side, rows, inverseDepth, colour } = layer;
  const { x: sx, y: sy, inverseDepth: iz, light } = vertices;
  const { triangles, uvs, labels } = mesh;
  const { widthPx: tw, heightPx: th, texels, layers, palette } = material;
  const { red, green, blue } = table;
  const mode = material.transparency === 'opaque' ? 0 : material.transparency === 'stipple' ? 1 : 2;
  const cull = !material.twoSided;
  const [leftHand, rightHand] = mesh.hands ?? [-1, -1];
  const layerOfPart = material.isOver ? OVER_TOP : (LAYER[material.kind] ?? 0);
  const entries = packed(palette);
  const edges = new TriangleEdges();
  const { origin, columns } = edges;
  let outerLeft = side;
  let outerTop = rows;
  let outerRight = -1;
  let outerBottom = -1;
  for (let t = material.firstTriangle; t < material.endTriangle; t++) {
    const a = triangles[3 * t];
    const b = triangles[3 * t + 1];
    const c = triangles[3 * t + 2];
    const x0 = sx[a];
    const y0 = sy[a];
    const ex1 = sx[b] - x0;
    const ey1 = sy[b] - y0;
    const ex2 = sx[c] - x0;
    const ey2 = sy[c] - y0;
    const area = ex1 * ey2 - ex2 * ey1;
    if (cull ? area >= -1e-6 : area < 1e-6 && area > -1e-6) continue;
    const near = labels[t] === leftHand || labels[t] === rightHand ? HAND_LAYER : layerOfPart;
    const z0 = iz[a] * (1 + near * iz[a]);
    const z1 = iz[b] * (1 + near * iz[b]);
    const z2 = iz[c] * (1 + near * iz[c]);
    if (z0 <= 0 || z1 <= 0 || z2 <= 0) continue;
    // Columns and rows whose sample centres can lie inside.
    let left = Math.ceil(x0 + Math.min(0, ex1, ex2) - 0.5);
    let right = Math.floor(x0 + Math.max(0, ex1, ex2) - 0.5);
    let top = Math.ceil(y0 + Math.min(0, ey1, ey2) - 0.5);
    let bottom = Math.floor(y0 + Math.max(0, ey1, ey2) - 0.5);
    if (left < 0) left = 0;
    if (top < 0) top = 0;
    if (right >= side) right = side - 1;
    if (bottom >= rows) bottom = rows - 1;
    if (left > right || top > bottom) continue;
    if (left < outerLeft) outerLeft = left;
    if (top < outerTop) outerTop = top;
    if (right > outerRight) outerRight = right;
    if (bottom > outerBottom) outerBottom = bottom;
    const ia = 1 / area;
    const dx1 = ey2 * ia;
    const dy1 = -ex2 * ia;
    const dx2 = -ey1 * ia;
    const dy2 = ex1 * ia;
    const fx = left + 0.5 - x0;
    const fy = top + 0.5 - y0;
    const first1 = fx * dx1 + fy * dy1;
    const first2 = fx * dx2 + fy * dy2;
    origin[0] = first1;
    origin[1] = first2;
    origin[2] = dx1;
    origin[3] = dx2;
    origin[4] = dy1;
    origin[5] = dy2;
    edges.find();
    const width = right - left;
    const l0 = light[a];
    const dl1 = light[b] - l0;
    const dl2 = light[c] - l0;
    const lightAcross = dx1 * dl1 + dx2 * dl2;
    const dz1 = z1 - z0;
    const dz2 = z2 - z0;
    const zAcross = dx1 * dz1 + dx2 * dz2;
    const o = 6 * t;
    const u0 = uvs[o] * tw;
    const v0 = uvs[o + 1] * th;
    const du1 = uvs[o + 2] * tw - u0;
    const dv1 = uvs[o + 3] * th - v0;
    const du2 = uvs[o + 4] * tw - u0;
    const dv2 = uvs[o + 5] * th - v0;
    const uAcross = dx1 * du1 + dx2 * du2;
    const vAcross = dx1 * dv1 + dx2 * dv2;
    const label = labels[t] << 24;
    for (let y = top; y <= bottom; y++) {
      const row = y - top;
      const from = Math.ceil(Math.max(0, columns[0] + row * columns[1], columns[2] + row * columns[3]));
      const to = Math.floor(Math.min(width, columns[4] + row * columns[5], columns[6] + row * columns[7]));
      if (from > to) continue;
      const b1 = first1 + row * dy1 + from * dx1;
      const b2 = first2 + row * dy2 + from * dx2;
      let z = z0 + b1 * dz1 + b2 * dz2;
      let l = l0 + b1 * dl1 + b2 * dl2;
      let u = u0 + b1 * du1 + b2 * du2;
      let v = v0 + b1 * dv1 + b2 * dv2;
      const end = y * side + left + to;
      for (let q = end - to + from; q <= end; q++, z += zAcross, l += lightAcross, u += uAcross, v += vAcross) {
        // Two samples side by side in a pixel take one colour, that of the place between them.
        const isPair = (q & 1) === 0 && q < end && mode === 0;
        const shows = z > inverseDepth[q];
        const nextShows = isPair && z + zAcross > inverseDepth[q + 1];
        if (!shows && !nextShows) {
          if (isPair) {
            q++;
            z += zAcross;
            l += lightAcross;
            u += uAcross;
            v += vAcross;
          }
          continue;
        }
        let tx = (isPair ? u + 0.5 * uAcross : u) | 0;
        let ty = (isPair ? v + 0.5 * vAcross : v) | 0;
        if (tx < 0) tx = 0;
        else if (tx >= tw) tx = tw - 1;
        if (ty < 0) ty = 0;
        else if (ty >= th) ty = th - 1;
        const texel = ty * tw + tx;
        let k = texels[texel];
        if (mode === 1) {
          if ((k & 15) < DITHER[(y & 1) * 2 + (q & 1)]) continue;
        } else if (mode === 2 && k === 0) continue;
        if (layers !== undefined) k += layers[texel] << 8;
        const i = l | 0;
        const entry = entries[k];
        let r = ((entry >> 16) * red[i]) >> 8;
        let g = (((entry >> 8) & 255) * green[i]) >> 8;
        let bl = ((entry & 255) * blue[i]) >> 8;
        if (r > 255) r = 255;
        if (g > 255) g = 255;
        if (bl > 255) bl = 255;
        const shaded = label | (r << 16) | (g << 8) | bl;
        if (shows) {
          inverseDepth[q] = z;
          colour[q] = shaded;
        }
        if (!isPair) continue;
        q++;
        z += zAcross;
        l += lightAcross;
        u += uAcross;
        v += vAcross;
        if (nextShows) {
          inverseDepth[q] = z;
          colour[q] = shaded;
        }
      }
    }
  }
  layer.touch(outerLeft, outerTop, { right: outerRight, bottom: outerBottom });
}

export interface ColouredMesh {
  vertexCount: number;
  triangleCount: number;
  triangles: ArrayLike<number>;
  /** RGB 0 to 255, three a vertex; a triangle takes its first vertex's colour unless its corners differ. */
  colours: ArrayLike<number>;
  /** A label a triangle. */
  labels: ArrayLike<number>;
  /** 1 for each triangle that is seen from both sides. */
  openTriangles: ArrayLike<number>;
}

/** Draws a coloured mesh (objects, scenery): albedo and light stay apart until `shade` joins them. */
export function drawColoured(layer: SampleLayer, vertices: VertexBuffer, mesh: ColouredMesh): void {
  const { side, rows, inverseDepth, colour, light } = layer;
  const { x: sx, y: sy, inverseDepth: iz, light: ambient, key, gloss } = vertices;
  const { triangles, colours, labels, triangleCount, openTriangles } = mesh;
  const edges = new TriangleEdges();
  const { origin, columns } = edges;
  let outerLeft = side;
  let outerTop = rows;
  let outerRight = -1;
  let outerBottom = -1;
  for (let t = 0; t < triangleCount; t++) {
    const a = triangles[3 * t];
    const b = triangles[3 * t + 1];
    const c = triangles[3 * t + 2];
    const x0 = sx[a];
    const y0 = sy[a];
    const ex1 = sx[b] - x0;
    const ey1 = sy[b] - y0;
    const ex2 = sx[c] - x0;
    const ey2 = sy[c] - y0;
    const area = ex1 * ey2 - ex2 * ey1;
    if (area > -1e-6 && (area < 1e-6 || openTriangles[t] === 0)) continue;
    const z0 = iz[a];
    const z1 = iz[b];
    const z2 = iz[c];
    if (z0 <= 0 || z1 <= 0 || z2 <= 0) continue;
    let left = Math.ceil(x0 + Math.min(0, ex1, ex2) - 0.5);
    let right = Math.floor(x0 + Math.max(0, ex1, ex2) - 0.5);
    let top = Math.ceil(y0 + Math.min(0, ey1, ey2) - 0.5);
    let bottom = Math.floor(y0 + Math.max(0, ey1, ey2) - 0.5);
    if (left < 0) left = 0;
    if (top < 0) top = 0;
    if (right >= side) right = side - 1;
    if (bottom >= rows) bottom = rows - 1;
    if (left > right || top > bottom) continue;
    if (left < outerLeft) outerLeft = left;
    if (top < outerTop) outerTop = top;
    if (right > outerRight) outerRight = right;
    if (bottom > outerBottom) outerBottom = bottom;
    const ia = 1 / area;
    const dx1 = ey2 * ia;
    const dy1 = -ex2 * ia;
    const dx2 = -ey1 * ia;
    const dy2 = ex1 * ia;
    const fx = left + 0.5 - x0;
    const fy = top + 0.5 - y0;
    const first1 = fx * dx1 + fy * dy1;
    const first2 = fx * dx2 + fy * dy2;
    origin[0] = first1;
    origin[1] = first2;
    origin[2] = dx1;
    origin[3] = dx2;
    origin[4] = dy1;
    origin[5] = dy2;
    edges.find();
    const width = right - left;
    const dz1 = z1 - z0;
    const dz2 = z2 - z0;
    const a0 = ambient[a];
    const da1 = ambient[b] - a0;
    const da2 = ambient[c] - a0;
    const k0 = key[a];
    const dk1 = key[b] - k0;
    const dk2 = key[c] - k0;
    const g0 = gloss[a];
    const dg1 = gloss[b] - g0;
    const dg2 = gloss[c] - g0;
    const packed = (labels[t] << 24) | (colours[3 * a] << 16) | (colours[3 * a + 1] << 8) | colours[3 * a + 2];
    const zAcross = dx1 * dz1 + dx2 * dz2;
    const ambientAcross = dx1 * da1 + dx2 * da2;
    const keyAcross = dx1 * dk1 + dx2 * dk2;
    const glossAcross = dx1 * dg1 + dx2 * dg2;
    for (let y = top; y <= bottom; y++) {
      const row = y - top;
      const from = Math.ceil(Math.max(0, columns[0] + row * columns[1], columns[2] + row * columns[3]));
      const to = Math.floor(Math.min(width, columns[4] + row * columns[5], columns[6] + row * columns[7]));
      if (from > to) continue;
      const b1 = first1 + row * dy1 + from * dx1;
      const b2 = first2 + row * dy2 + from * dx2;
      let z = z0 + b1 * dz1 + b2 * dz2;
      let around = a0 + b1 * da1 + b2 * da2;
      let direct = k0 + b1 * dk1 + b2 * dk2;
      let shine = g0 + b1 * dg1 + b2 * dg2;
      const end = y * side + left + to;
      for (let q = end - to + from; q <= end; q++) {
        if (z > inverseDepth[q]) {
          inverseDepth[q] = z;
          colour[q] = packed;
          light[q] = around | (direct << 8) | (shine << 16);
        }
        z += zAcross;
        around += ambientAcross;
        direct += keyAcross;
        shine += glossAcross;
      }
    }
  }
  layer.touch(outerLeft, outerTop, { right: outerRight, bottom: outerBottom });
}
