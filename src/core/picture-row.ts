// Pictures side by side, each with a caption: strips and contact sheets.
import type { Image } from './image.js';
import { overlaySvg, svgText } from './svg-overlay.js';

export interface CaptionedPicture {
  caption: string;
  image: Image;
  /** Drawn over it: x1, y1, x2, y2 in its pixels. */
  boxes?: readonly { box: readonly [number, number, number, number]; colour: string }[];
}

const GAP_PX = 6;
const CAPTION_PX = 22;
const GROUND = 24;

/** Lays pictures of one size out in rows of `columns`, captions below. Empty input gives a picture of one pixel. */
export async function pictureSheet(
  pictures: readonly CaptionedPicture[],
  { columns }: { columns: number },
): Promise<Image> {
  const cell = {
    width: Math.max(1, ...pictures.map(({ image }) => image.widthPx)),
    height: Math.max(1, ...pictures.map(({ image }) => image.heightPx)),
  };
  const rows = Math.ceil(pictures.length / columns);
  const widthPx = Math.max(1, Math.min(columns, pictures.length) * (cell.width + GAP_PX) + GAP_PX);
  const heightPx = Math.max(1, rows * (cell.height + CAPTION_PX + GAP_PX) + GAP_PX);
  const sheet: Image = { widthPx, heightPx, data: new Uint8Array(widthPx * heightPx * 3).fill(GROUND) };
  const marks: string[] = [];
  pictures.forEach((picture, i) => {
    const left = GAP_PX + (i % columns) * (cell.width + GAP_PX);
    const top = GAP_PX + Math.floor(i / columns) * (cell.height + CAPTION_PX + GAP_PX);
    paste(sheet, picture.image, { left, top });
    for (const { box, colour } of picture.boxes ?? []) {
      const [x1, y1, x2, y2] = box;
      const size = `width="${x2 - x1}" height="${y2 - y1}"`;
      marks.push(`<rect x="${left + x1}" y="${top + y1}" ${size} fill="none" stroke="${colour}" stroke-width="3"/>`);
    }
    const at = `x="${left + cell.width / 2}" y="${top + cell.height + 16}"`;
    const font = 'font-family="DejaVu Sans, Arial, sans-serif" font-size="14" fill="#eee" text-anchor="middle"';
    marks.push(`<text ${at} ${font}>${svgText(picture.caption)}</text>`);
  });
  return overlaySvg(sheet, marks.join(''));
}

function paste(sheet: Image, image: Image, { left, top }: { left: number; top: number }): void {
  for (let y = 0; y < image.heightPx; y++) {
    const row = image.data.subarray(y * image.widthPx * 3, (y + 1) * image.widthPx * 3);
    sheet.data.set(row, ((top + y) * sheet.widthPx + left) * 3);
  }
}
