// Which pixels show a person: MediaPipe's selfie segmentation.
import { throwIfAborted } from '../../core/errors.js';
import { type Image, resizeImage } from '../../core/image.js';
import { network } from './networks.js';

const INPUT_PX = 256;
const OUTPUT = 'activation_10:0';

/**
 * How likely each pixel belongs to a person, row-major, in [0, 1]. Made for people near the camera: small ones far away
 * may be missed. The network sees 256 x 256 pixels, so edges are soft in larger pictures.
 *
 * @throws `not-found` without the model package, `aborted`
 */
export async function personLikelihood(image: Image, options: { signal?: AbortSignal } = {}): Promise<Float32Array> {
  throwIfAborted(options.signal, 'segment person');
  const run = await network('selfie');
  const { data } = await resizeImage(image, { widthPx: INPUT_PX, heightPx: INPUT_PX });
  const [values] = run(
    Float32Array.from(data, (v) => v / 255),
    [OUTPUT],
  ); // [256, 256]
  throwIfAborted(options.signal, 'segment person');
  return stretched(values, image);
}

/** Bilinear, centres of pixels on centres of pixels. */
function stretched(values: Float32Array, { widthPx, heightPx }: { widthPx: number; heightPx: number }): Float32Array {
  const out = new Float32Array(widthPx * heightPx);
  const [columns, rows] = [widthPx, heightPx].map(places);
  for (let y = 0; y < heightPx; y++) {
    const { low: top, high: bottom, share: down } = rows[y];
    for (let x = 0; x < widthPx; x++) {
      const { low, high, share } = columns[x];
      const upper = values[top * INPUT_PX + low] * (1 - share) + values[top * INPUT_PX + high] * share;
      const lower = values[bottom * INPUT_PX + low] * (1 - share) + values[bottom * INPUT_PX + high] * share;
      out[y * widthPx + x] = upper * (1 - down) + lower * down;
    }
  }
  return out;
}

/** For each of `count` pixels the two of the network's between which it lies. */
function places(count: number): { low: number; high: number; share: number }[] {
  return Array.from({ length: count }, (_, i) => {
    const at = Math.min(INPUT_PX - 1, Math.max(0, ((i + 0.5) * INPUT_PX) / count - 0.5));
    const low = Math.floor(at);
    return { low, high: Math.min(INPUT_PX - 1, low + 1), share: at - low };
  });
}
