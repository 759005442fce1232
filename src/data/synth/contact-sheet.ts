// A contact sheet: many pictures in a grid, with skeleton and boxes drawn on top.
import type { Image } from '../../core/image.js';
import type { Box } from './camera.js';
import type { SceneRecord } from './scene-record.js';

type Rgb = readonly [number, number, number];

/** Pairs of body points (COCO order) that are joined. */
const LIMBS: readonly (readonly [number, number])[] = [
  [0, 1],
  [0, 2],
  [1, 3],
  [2, 4],
  [5, 6],
  [5, 7],
  [7, 9],
  [6, 8],
  [8, 10],
  [5, 11],
  [6, 12],
  [11, 12],
  [11, 13],
  [13, 15],
  [12, 14],
  [14, 16],
  [15, 17],
  [15, 19],
  [16, 20],
  [16, 22],
];
const LEFT: Rgb = [60, 220, 120];
const RIGHT: Rgb = [255, 120, 60];
const FACE: Rgb = [250, 250, 120];

/** First index of the left and the right hand's 21 points. */
const HANDS = [91, 112] as const;

/** Lays `scenes` out in `columns`; `skeleton` draws keypoints and boxes on each picture. */
export function contactSheet(
  scenes: readonly { picture: Uint8Array; record: SceneRecord }[],
  options: { columns: number; skeleton?: boolean },
): Image {
  const { columns, skeleton = true } = options;
  const width = Math.max(0, ...scenes.map(({ record }) => record.width));
  const height = Math.max(0, ...scenes.map(({ record }) => record.height));
  const rows = Math.ceil(scenes.length / columns);
  const image: Image = {
    widthPx: columns * width,
    heightPx: rows * height,
    data: new Uint8Array(columns * width * rows * height * 3).fill(255),
  };
  scenes.forEach(({ picture, record }, i) => {
    const left = (i % columns) * width;
    const top = Math.floor(i / columns) * height;
    for (let y = 0; y < record.height; y++) {
      const row = picture.subarray(y * record.width * 3, (y + 1) * record.width * 3);
      image.data.set(row, ((top + y) * image.widthPx + left) * 3);
    }
    if (skeleton) new Overlay(image, { left, top, width: record.width, height: record.height }).draw(record);
  });
  return image;
}

class Overlay {
  constructor(
    private readonly image: Image,
    private readonly cell: { left: number; top: number; width: number; height: number },
  ) {}

  draw(record: SceneRecord): void {
    const { keypoints } = record;
    for (const object of record.objects)
      this.box(object.box, object.role === 'target' ? [255, 220, 0] : [160, 160, 160]);
    this.box(record.person.box, [0, 200, 255]);
    for (const [a, b] of LIMBS) this.bone(keypoints, a, b, a % 2 === 1 ? LEFT : RIGHT);
    for (const start of HANDS) {
      for (let finger = 0; finger < 5; finger++) {
        for (let joint = 0; joint < 4; joint++) {
          const to = start + 1 + finger * 4 + joint;
          this.bone(keypoints, joint === 0 ? start : to - 1, to, start === HANDS[0] ? LEFT : RIGHT);
        }
      }
    }
    for (let i = 23; i < 91; i++)
      if (keypoints[3 * i + 2] === 2) this.dot(keypoints[3 * i], keypoints[3 * i + 1], FACE);
  }

  private bone(points: readonly number[], a: number, b: number, colour: Rgb): void {
    if (points[3 * a + 2] === 0 || points[3 * b + 2] === 0) return;
    const hidden = points[3 * a + 2] === 1 || points[3 * b + 2] === 1;
    this.line([points[3 * a], points[3 * a + 1]], [points[3 * b], points[3 * b + 1]], { colour, dashed: hidden });
  }

  private line(from: [number, number], to: [number, number], style: { colour: Rgb; dashed?: boolean }): void {
    const steps = Math.ceil(Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]), 1));
    for (let i = 0; i <= steps; i++) {
      if (style.dashed && i % 4 > 1) continue;
      const t = i / steps;
      this.dot(from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t, style.colour);
    }
  }

  private box(box: Box | null, colour: Rgb): void {
    if (!box) return;
    const [x1, y1, x2, y2] = [box[0], box[1], box[2] - 1, box[3] - 1];
    this.line([x1, y1], [x2, y1], { colour });
    this.line([x2, y1], [x2, y2], { colour });
    this.line([x2, y2], [x1, y2], { colour });
    this.line([x1, y2], [x1, y1], { colour });
  }

  private dot(x: number, y: number, colour: Rgb): void {
    const { left, top, width, height } = this.cell;
    const column = Math.floor(x);
    const row = Math.floor(y);
    if (column < 0 || row < 0 || column >= width || row >= height) return;
    this.image.data.set(colour, ((top + row) * this.image.widthPx + left + column) * 3);
  }
}
