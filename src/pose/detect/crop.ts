// Square, rotated cut-outs of a picture as network input, and the way back from input to picture coordinates.
import type { Image } from '../../core/image.js';
import type { Box } from '../person.js';

/** A square in the picture: centre and side in pixels, rotation clockwise in radians. */
export interface Region {
  x: number;
  y: number;
  sidePx: number;
  rotation: number;
}

/** A picture with halved copies, so that small cut-outs of large pictures do not alias. */
export class Pyramid {
  private readonly levels: Image[];

  constructor(image: Image) {
    this.levels = [image];
  }

  get widthPx(): number {
    return this.levels[0].widthPx;
  }

  get heightPx(): number {
    return this.levels[0].heightPx;
  }

  /** RGB samples in [0, 255], row-major `[size, size, 3]`, bilinear; black outside the picture and outside `keep`. */
  crop(region: Region, size: number, keep?: Box): Float32Array {
    const level = Math.max(0, Math.floor(Math.log2(region.sidePx / size)));
    const image = this.level(level);
    const scale = image.widthPx / this.widthPx;
    const scaleY = image.heightPx / this.heightPx;
    const out = new Float32Array(size * size * 3);
    const toPicture = fromRegion(region);
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const point = toPicture((column + 0.5) / size, (row + 0.5) / size);
        if (keep && !contains(keep, point)) continue;
        sample(image, { x: point.x * scale - 0.5, y: point.y * scaleY - 0.5, out, at: (row * size + column) * 3 });
      }
    }
    return out;
  }

  private level(index: number): Image {
    while (this.levels.length <= index) {
      const last = this.levels[this.levels.length - 1];
      if (last.widthPx < 2 || last.heightPx < 2) return last;
      this.levels.push(halve(last));
    }
    return this.levels[index];
  }
}

/** Maps the unit square of a region's cut-out to picture pixels. */
export function fromRegion(region: Region): (u: number, v: number) => { x: number; y: number } {
  const cos = Math.cos(region.rotation) * region.sidePx;
  const sin = Math.sin(region.rotation) * region.sidePx;
  return (u, v) => ({
    x: region.x + cos * (u - 0.5) - sin * (v - 0.5),
    y: region.y + sin * (u - 0.5) + cos * (v - 0.5),
  });
}

function contains([x1, y1, x2, y2]: Box, { x, y }: { x: number; y: number }): boolean {
  return x >= x1 && x <= x2 && y >= y1 && y <= y2;
}

function sample(image: Image, { x, y, out, at }: { x: number; y: number; out: Float32Array; at: number }): void {
  const { widthPx, heightPx, data } = image;
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  for (let corner = 0; corner < 4; corner++) {
    const cx = x0 + (corner & 1);
    const cy = y0 + (corner >> 1);
    if (cx < 0 || cy < 0 || cx >= widthPx || cy >= heightPx) continue;
    const weight = (corner & 1 ? x - x0 : 1 - x + x0) * (corner >> 1 ? y - y0 : 1 - y + y0);
    const from = (cy * widthPx + cx) * 3;
    for (let c = 0; c < 3; c++) out[at + c] += weight * data[from + c];
  }
}

function halve(image: Image): Image {
  const widthPx = image.widthPx >> 1;
  const heightPx = image.heightPx >> 1;
  const data = new Uint8Array(widthPx * heightPx * 3);
  const stride = image.widthPx * 3;
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      for (let c = 0; c < 3; c++) {
        const i = y * 2 * stride + x * 6 + c;
        const sum = image.data[i] + image.data[i + 3] + image.data[i + stride] + image.data[i + stride + 3];
        data[(y * widthPx + x) * 3 + c] = (sum + 2) >> 2;
      }
    }
  }
  return { widthPx, heightPx, data };
}
