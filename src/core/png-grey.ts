// Grey PNG files of 16 bits a pixel, for depth maps: picture libraries tend to squeeze them into eight.
import { crc32, deflateSync } from 'node:zlib';
import { ContrappostoError } from './errors.js';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Filter type of a row that stores differences from the row above (PNG specification, 3rd edition, 9.2). */
const FILTER_UP = 2;

/**
 * Encodes row-major values as a grey PNG. Equal values give equal bytes.
 * @throws ContrappostoError `shape` when the values do not fit the size
 */
export function encodeGrey16Png(
  values: Uint16Array,
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
): Uint8Array {
  if (values.length !== widthPx * heightPx) {
    throw new ContrappostoError('shape', {
      operation: 'encode grey PNG',
      expected: `${widthPx} x ${heightPx} values`,
      got: `${values.length}`,
    });
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(widthPx, 0);
  header.writeUInt32BE(heightPx, 4);
  header[8] = 16; // bits a sample; colour type 0 (grey), compression, filter and interlace methods stay 0
  const stride = 1 + 2 * widthPx;
  const rows = Buffer.alloc(stride * heightPx);
  const above = Buffer.alloc(2 * widthPx);
  const row = Buffer.alloc(2 * widthPx);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) row.writeUInt16BE(values[y * widthPx + x], 2 * x);
    rows[y * stride] = FILTER_UP;
    for (let i = 0; i < row.length; i++) rows[y * stride + 1 + i] = row[i] - above[i];
    row.copy(above);
  }
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  return Uint8Array.from(Buffer.concat([SIGNATURE, ...chunks]));
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(named.length + 8);
  framed.writeUInt32BE(data.length, 0);
  named.copy(framed, 4);
  framed.writeUInt32BE(crc32(named), named.length + 4);
  return framed;
}
