// Small copies of pictures that a page carries inside.
import type { Image } from '../../core/image.js';
import { readImage } from '../../core/image.js';

const LONGEST_PX = 256;
const QUALITY = 82;

/** A picture as a `data:` address in WebP, at most 256 pixels long. Throws as `readImage`. */
export async function thumbnail(path: string, { signal }: { signal?: AbortSignal }): Promise<string> {
  const { widthPx, heightPx, data }: Image = await readImage(path, { signal });
  const { default: sharp } = await import('sharp');
  const bytes = await sharp(data, { raw: { width: widthPx, height: heightPx, channels: 3 } })
    .resize(LONGEST_PX, LONGEST_PX, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: QUALITY })
    .toBuffer();
  return `data:image/webp;base64,${bytes.toString('base64')}`;
}
