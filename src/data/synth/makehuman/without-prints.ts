// Takes prints off garments: other cloth of the same picture is laid over them and blended in without a seam.
import sharp from 'sharp';

/** Parts of a texture are shares of its sides, v downwards. */
export interface Print {
  /** Left, top, right, bottom. */
  at: readonly [number, number, number, number];
  /** How far to the right and down the cloth lies that covers it. */
  cloth: readonly [number, number];
}

const PASSES = 400;
/** Over-relaxation; 2 would not converge. */
const RELAXATION = 1.9;

/**
 * Paints over prints. The folds and the weave are those of the other cloth, the colour comes in from the edges of the
 * print (Pérez et al. 2003, "Poisson image editing", eq. 4). Returns the file itself when there is no print.
 */
export async function withoutPrints(file: Buffer, prints: readonly Print[] = []): Promise<Buffer> {
  if (prints.length === 0) return file;
  const { data, info } = await sharp(file)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  for (const { at, cloth } of prints) {
    const [left, top, right, bottom] = at.map((x, i) => Math.round(x * (i % 2 ? height : width)));
    const shift = Math.round(cloth[1] * height) * width + Math.round(cloth[0] * width);
    for (let channel = 0; channel < 3; channel++) {
      const membrane = stretched(right - left, bottom - top, (x, y) => {
        const pixel = 3 * ((top + y) * width + left + x) + channel;
        return data[pixel] - data[pixel + 3 * shift];
      });
      membrane.forEach((difference, i) => {
        const x = i % (right - left);
        const pixel = 3 * ((top + (i - x) / (right - left)) * width + left + x) + channel;
        data[pixel] = Math.max(0, Math.min(255, Math.round(data[pixel + 3 * shift] + difference)));
      });
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** The smooth surface over a rectangle that has given values on its outermost pixels. */
function stretched(width: number, height: number, edge: (x: number, y: number) => number): Float32Array {
  const surface = new Float32Array(width * height);
  let sum = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x += y === 0 || y === height - 1 ? 1 : width - 1) {
      surface[y * width + x] = edge(x, y);
      sum += surface[y * width + x];
    }
  }
  const start = sum / (2 * (width + height) - 4);
  for (let y = 1; y < height - 1; y++) surface.fill(start, y * width + 1, (y + 1) * width - 1);
  for (let pass = 0; pass < PASSES; pass++) {
    for (let y = 1; y < height - 1; y++) {
      for (let i = y * width + 1; i < (y + 1) * width - 1; i++) {
        const mean = (surface[i - 1] + surface[i + 1] + surface[i - width] + surface[i + width]) / 4;
        surface[i] += RELAXATION * (mean - surface[i]);
      }
    }
  }
  return surface;
}
