// Pictures at the edge of the program: reading hostile files, writing PNG with settings inside, resizing, tensors.
import { readFile, stat } from 'node:fs/promises';
import type { Sharp } from 'sharp';
import { ContrappostoError, throwIfAborted } from './errors.js';
import { insertPngText } from './png-text.js';

export { readPngText } from './png-text.js';

/** A picture of sRGB bytes. */
export interface Image {
  widthPx: number;
  heightPx: number;
  /** RGB, row-major, 3 bytes a pixel: length `heightPx * widthPx * 3`. */
  data: Uint8Array;
}

const DEFAULT_MAX_PIXELS = 64_000_000;
const MAX_FILE_BYTES = 512 * 1024 * 1024;
// SVG and PDF are left out: they are programs rather than pictures and may refer to other files.
const FORMATS = new Set(['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif']);
const CONVERT_HINT = 'use a JPEG, PNG, WebP, GIF, TIFF or AVIF picture';

/**
 * Reads a picture as sRGB with EXIF rotation applied; transparency is laid on white, of an animation the first frame is taken.
 * @param pathOrBytes path of a file, or its content
 * @param options.maxPixels larger pictures are refused before they are decoded; default 64 million
 * @throws ContrappostoError `not-found`, `invalid-input` (folder, empty), `unsupported` (format), `corrupt-file`, `limit`, `io`, `aborted`
 */
export async function readImage(
  pathOrBytes: string | Uint8Array,
  options: { signal?: AbortSignal; maxPixels?: number } = {},
): Promise<Image> {
  const { signal, maxPixels = DEFAULT_MAX_PIXELS } = options;
  const operation = typeof pathOrBytes === 'string' ? `read picture "${pathOrBytes}"` : 'read picture';
  throwIfAborted(signal, operation);
  const bytes = typeof pathOrBytes === 'string' ? await readPictureFile(pathOrBytes, operation) : pathOrBytes;
  if (bytes.length === 0) {
    throw new ContrappostoError('invalid-input', { operation, expected: 'a picture', got: 'an empty file' });
  }
  // failOn "error": damaged or cut pixels are refused, odd metadata is tolerated.
  const picture = (await loadSharp())(bytes, { failOn: 'error', limitInputPixels: maxPixels });
  await checkHeader(picture, { operation, maxPixels });
  throwIfAborted(signal, operation);
  try {
    const { data, info } = await picture
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    throwIfAborted(signal, operation);
    if (info.channels !== 3) {
      throw new ContrappostoError('unsupported', { operation, expected: 'RGB', got: `${info.channels} channels` });
    }
    return { widthPx: info.width, heightPx: info.height, data: new Uint8Array(data) };
  } catch (cause) {
    if (cause instanceof ContrappostoError) throw cause;
    throw corrupt(operation, cause);
  }
}

/**
 * Encodes a picture as PNG, settings inside as text chunks. Equal pictures and texts give equal bytes.
 * @throws ContrappostoError `shape` when the data does not fit the size, `invalid-input` for a bad keyword
 */
export async function encodePng(image: Image, options: { text?: Record<string, string> } = {}): Promise<Uint8Array> {
  const png = await (await toSharp(image, 'encode PNG'))
    .png({ compressionLevel: 6, adaptiveFiltering: true })
    .toBuffer();
  return insertPngText(png, options.text ?? {});
}

/**
 * Resizes with an anti-aliasing filter.
 * @param options.fit `fill` stretches (default), `cover` crops around the centre, `contain` adds black margins
 * @param options.kernel default `lanczos3`; `nearest` for masks and label pictures
 */
export async function resizeImage(
  image: Image,
  options: {
    widthPx: number;
    heightPx: number;
    fit?: 'fill' | 'cover' | 'contain';
    kernel?: 'lanczos3' | 'cubic' | 'linear' | 'nearest';
  },
): Promise<Image> {
  const { widthPx, heightPx, fit = 'fill', kernel = 'lanczos3' } = options;
  requireSize('resize picture', { widthPx, heightPx });
  if (widthPx === image.widthPx && heightPx === image.heightPx) return image;
  const data = await (await toSharp(image, 'resize picture'))
    .resize(widthPx, heightPx, { fit, kernel, background: '#000000' })
    .raw()
    .toBuffer();
  return { widthPx, heightPx, data: new Uint8Array(data) };
}

/** The picture as NCHW `[1, 3, heightPx, widthPx]` in [-1, 1]. */
export function toTensor(image: Image): Float32Array {
  requireImage('picture to tensor', image);
  const plane = image.widthPx * image.heightPx;
  const out = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) out[c * plane + i] = image.data[i * 3 + c] / 127.5 - 1;
  }
  return out;
}

/** The picture of an NCHW `[1, 3, heightPx, widthPx]` tensor in [-1, 1]; values outside are clamped, NaN becomes black. */
export function fromTensor(data: Float32Array, size: { widthPx: number; heightPx: number }): Image {
  const { widthPx, heightPx } = size;
  requireSize('tensor to picture', size);
  const plane = widthPx * heightPx;
  if (data.length !== 3 * plane) throw wrongLength('tensor to picture', { size, got: data.length });
  const out = new Uint8Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) {
      out[i * 3 + c] = Math.min(255, Math.max(0, Math.round((data[c * plane + i] + 1) * 127.5)));
    }
  }
  return { widthPx, heightPx, data: out };
}

async function readPictureFile(path: string, operation: string): Promise<Uint8Array> {
  const about = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw fileError(operation, cause);
  });
  if (!about.isFile()) {
    const got = about.isDirectory() ? 'a folder' : 'a device, pipe or socket';
    throw new ContrappostoError('invalid-input', { operation, expected: 'a picture file', got, hint: CONVERT_HINT });
  }
  if (about.size > MAX_FILE_BYTES) {
    throw new ContrappostoError('limit', {
      operation,
      expected: `at most ${MAX_FILE_BYTES} bytes`,
      got: `${about.size}`,
      hint: 'save a smaller copy of the picture',
    });
  }
  return readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw fileError(operation, cause);
  });
}

function fileError(operation: string, cause: NodeJS.ErrnoException): ContrappostoError {
  if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') {
    return new ContrappostoError('not-found', {
      operation,
      expected: 'an existing file',
      got: 'nothing at this path',
      hint: 'check the spelling of the path',
      cause,
    });
  }
  return new ContrappostoError('io', {
    operation,
    expected: 'a readable file',
    got: cause.code ?? cause.message,
    hint: 'check the permissions of the file',
    cause,
  });
}

async function checkHeader(
  picture: Sharp,
  { operation, maxPixels }: { operation: string; maxPixels: number },
): Promise<void> {
  const header = await picture.metadata().catch((cause: Error) => {
    if (/pixel limit/i.test(cause.message)) throw tooLarge(operation, maxPixels, cause);
    if (/unsupported image format/i.test(cause.message)) {
      throw new ContrappostoError('unsupported', {
        operation,
        expected: 'a picture',
        got: 'bytes of no known picture format',
        hint: `${CONVERT_HINT}; the name's ending does not matter, the content does`,
        cause,
      });
    }
    throw corrupt(operation, cause);
  });
  if (!FORMATS.has(header.format)) {
    throw new ContrappostoError('unsupported', {
      operation,
      expected: 'a picture of pixels',
      got: header.format,
      hint: CONVERT_HINT,
    });
  }
  if (!(header.width > 0 && header.height > 0)) throw corrupt(operation);
  if (header.width * header.height > maxPixels) throw tooLarge(operation, maxPixels);
}

function tooLarge(operation: string, maxPixels: number, cause?: unknown): ContrappostoError {
  return new ContrappostoError('limit', {
    operation,
    expected: `at most ${maxPixels} pixels`,
    got: 'a larger picture',
    hint: 'save a smaller copy of the picture',
    cause,
  });
}

function corrupt(operation: string, cause?: unknown): ContrappostoError {
  return new ContrappostoError('corrupt-file', {
    operation,
    expected: 'an intact picture',
    got: cause instanceof Error ? cause.message.split('\n')[0] : 'a damaged file',
    hint: 'the file is damaged or incomplete; copy or download it again',
    cause,
  });
}

/** Its library takes a fifth of a second to load, which `generate` can spend before the picture is there to be written. */
async function loadSharp() {
  return (await import('sharp')).default;
}

async function toSharp(image: Image, operation: string): Promise<Sharp> {
  requireImage(operation, image);
  return (await loadSharp())(image.data, { raw: { width: image.widthPx, height: image.heightPx, channels: 3 } });
}

function requireImage(operation: string, image: Image): void {
  requireSize(operation, image);
  if (image.data.length !== image.widthPx * image.heightPx * 3) {
    throw wrongLength(operation, { size: image, got: image.data.length });
  }
}

function requireSize(operation: string, { widthPx, heightPx }: { widthPx: number; heightPx: number }): void {
  if (Number.isInteger(widthPx) && Number.isInteger(heightPx) && widthPx > 0 && heightPx > 0) return;
  throw new ContrappostoError('shape', {
    operation,
    expected: 'a width and height of at least 1 pixel',
    got: `${widthPx} x ${heightPx}`,
  });
}

function wrongLength(
  operation: string,
  { size, got }: { size: { widthPx: number; heightPx: number }; got: number },
): ContrappostoError {
  const { widthPx, heightPx } = size;
  return new ContrappostoError('shape', {
    operation,
    expected: `${widthPx * heightPx * 3} values for ${widthPx} x ${heightPx} RGB`,
    got: `${got}`,
  });
}
