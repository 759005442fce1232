// Lines and words over a picture, given as SVG.
import { ContrappostoError } from './errors.js';
import type { Image } from './image.js';

/**
 * A copy of the picture with a drawing on top.
 *
 * @param svg elements inside `<svg>`, in pixels of the picture
 * @throws ContrappostoError `internal` for elements that cannot be read
 */
export async function overlaySvg(image: Image, svg: string): Promise<Image> {
  const { default: sharp } = await import('sharp');
  const { widthPx, heightPx } = image;
  const whole = `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}">${svg}</svg>`;
  try {
    const data = await sharp(Buffer.from(image.data), { raw: { width: widthPx, height: heightPx, channels: 3 } })
      .composite([{ input: Buffer.from(whole), left: 0, top: 0 }])
      .removeAlpha()
      .raw()
      .toBuffer();
    return { widthPx, heightPx, data };
  } catch (cause) {
    throw new ContrappostoError('internal', { operation: 'draw over a picture', got: (cause as Error).message, cause });
  }
}

/** Text as it may stand in SVG. */
export function svgText(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
