// Joins the layers of a picture: applies shadows to coloured meshes, averages the samples, and derives labels and masks.
import type { BackgroundBuffer } from './background.js';
import type { Camera } from './camera.js';
import { BYTE_STEPS, STEPS } from './lighting.js';
import { type LightTable, SAMPLES, type SampleLayer } from './raster.js';
import type { ShadowMap } from './shadow.js';

/** Labels of samples and pixels. Objects have `OBJECT + id`; their ids start at 2. */
export const LABEL = { background: 0, person: 1, leftHand: 2, rightHand: 3, face: 4, scenery: 8, object: 16 } as const;

export interface Composition {
  /** RGB, row-major. */
  picture: Uint8Array;
  /** The same without the person and its shadow. */
  personFree?: Uint8Array;
  /** A label a pixel: that of most of its samples. */
  labels: Uint8Array;
}

export interface ComposeOptions {
  camera: Camera;
  person: SampleLayer;
  objects: SampleLayer;
  background: BackgroundBuffer;
  table: LightTable;
  key: ShadowMap;
  keyWithoutPerson: ShadowMap;
  /** Light of the key in the highlights, RGB. */
  keyTint: readonly number[];
}

/** Marks the pixels whose background shows in one of the wanted pictures. */
export function markNeeded(options: {
  person: SampleLayer;
  objects: SampleLayer;
  background: BackgroundBuffer;
  personFree: boolean;
}): void {
  const { person, objects, background, personFree } = options;
  const { widthPx: n, needed } = background;
  const { side } = person;
  const p = person.colour;
  const o = objects.colour;
  const [a, b] = [pixelArea(objects), pixelArea(personFree ? objects : person)];
  const [left, right] = [Math.min(a.left, b.left), Math.max(a.right, b.right)];
  needed.fill(1);
  for (let y = Math.min(a.top, b.top); y <= Math.max(a.bottom, b.bottom); y++) {
    for (let x = left, pixel = y * n + x; x <= right; x++, pixel++) {
      const q = SAMPLES * (y * side + x);
      let open = o[q] === 0 || o[q + 1] === 0 || o[q + side] === 0 || o[q + side + 1] === 0;
      if (open && !personFree) {
        open =
          (o[q] | p[q]) === 0 ||
          (o[q + 1] | p[q + 1]) === 0 ||
          (o[q + side] | p[q + side]) === 0 ||
          (o[q + side + 1] | p[q + side + 1]) === 0;
      }
      needed[pixel] = open ? 1 : 0;
    }
  }
}

/** Full light, 256, on each of two pixels. */
const BOTH_LIT = (256 << 16) | 256;

/** Relative difference of inverse depth within which the samples of a pixel share one look-up of the shadow map. */
const SAME_DEPTH = 0.004;
/** Depth (units) within which an object does not shade itself. */
const OBJECT_BIAS = 0.18;

/**
 * Picture, optional person-free picture and labels from filled layers: shadows fall on the samples of objects that show,
 * samples are averaged, and what stays open shows the background.
 */
export function compose(options: ComposeOptions & { personFree: boolean }): Composition {
  const composer = new Composer(options);
  composer.run();
  const { picture, personFree, labels } = composer;
  return { picture, labels, ...(options.personFree && { personFree }) };
}

/**
 * Goes through the pixels. Most show one thing only: background, the inside of the figure, or one colour of an object;
 * each of these has a short way of its own. Loops over samples are unrolled or kept free of calls, which would cost more
 * than the samples.
 */
class Composer {
  readonly picture: Uint8Array;
  readonly personFree: Uint8Array;
  readonly labels: Uint8Array;
  private readonly wantsFree: boolean;
  private readonly widthPx: number;
  private readonly place: SamplePlace;
  /** Ambient light, key light and highlight at hand, as `SampleLayer.light` packs them. */
  private ambient = 0;
  private key = 0;
  private shine = 0;
  /** Depths and results of the last look-ups of the pixel at hand. */
  private looked = 0;
  private freeLooked = 0;
  private reach = 1;
  private freeReach = 1;
  /** The colour that `shade` found. */
  private red = 0;
  private green = 0;
  private blue = 0;

  constructor(private readonly options: ComposeOptions & { personFree: boolean }) {
    const { widthPx, heightPx } = options.background;
    const pixels = widthPx * heightPx;
    this.wantsFree = options.personFree;
    this.widthPx = widthPx;
    this.picture = new Uint8Array(pixels * 3);
    this.personFree = new Uint8Array(this.wantsFree ? pixels * 3 : 0);
    this.labels = new Uint8Array(pixels);
    this.place = new SamplePlace(options.camera);
  }

  run(): void {
    const { widthPx: n, heightPx, lit, litWithoutPerson } = this.options.background;
    const { objects, person } = this.options;
    const { side, colour: o } = objects;
    const p = person.colour;
    const [objectArea, figureArea] = [pixelArea(objects), pixelArea(person)];
    const left = Math.min(objectArea.left, figureArea.left);
    const end = Math.min(n, Math.max(objectArea.right, figureArea.right) + 1);
    this.showBackground(this.picture, lit);
    if (this.wantsFree) this.showBackground(this.personFree, litWithoutPerson);
    const bottom = Math.min(heightPx - 1, Math.max(objectArea.bottom, figureArea.bottom));
    for (let y = Math.min(objectArea.top, figureArea.top); y <= bottom; y++) {
      const objectRow = y >= objectArea.top && y <= objectArea.bottom;
      const figureRow = y >= figureArea.top && y <= figureArea.bottom;
      for (let x = left, pixel = y * n + left, q = SAMPLES * (y * side + left); x < end; x++, pixel++, q += SAMPLES) {
        const below = q + side;
        let object = 0;
        let figure = 0;
        if (objectRow && x >= objectArea.left && x <= objectArea.right) {
          object = o[q] | o[q + 1] | o[below] | o[below + 1];
        }
        if (figureRow && x >= figureArea.left && x <= figureArea.right) {
          figure = p[q] | p[q + 1] | p[below] | p[below + 1];
        }
        if ((object | figure) === 0) continue;
        if (object === 0) this.showFigure(pixel, q);
        else if (figure === 0) this.showObject(pixel, q);
        else this.mix(pixel, q);
      }
    }
  }

  /** Lays the background under everything: most of it is in full light and only has to be copied. */
  private showBackground(to: Uint8Array, lit: Uint16Array): void {
    const { rgb, needed } = this.options.background;
    to.set(rgb);
    const pairs = new Uint32Array(lit.buffer);
    for (let pair = 0; pair < pairs.length; pair++) {
      if (pairs[pair] === BOTH_LIT) continue;
      for (let pixel = 2 * pair; pixel < 2 * pair + 2; pixel++) {
        const k = lit[pixel];
        if (k === 256 || needed[pixel] === 0) continue;
        const at = 3 * pixel;
        to[at] = (rgb[at] * k) >> 8;
        to[at + 1] = (rgb[at + 1] * k) >> 8;
        to[at + 2] = (rgb[at + 2] * k) >> 8;
      }
    }
  }

  /** A pixel without objects. */
  private showFigure(pixel: number, q: number): void {
    const { side, colour } = this.options.person;
    const { picture } = this;
    const a = colour[q];
    const b = colour[q + 1];
    const c = colour[q + side];
    const d = colour[q + side + 1];
    const label = a >>> 24;
    // Well inside the figure, which most of its pixels are, all samples are of one part.
    if (label === 0 || label !== b >>> 24 || label !== c >>> 24 || label !== d >>> 24) {
      this.mix(pixel, q);
      return;
    }
    const at = 3 * pixel;
    picture[at] = (((a >> 16) & 255) + ((b >> 16) & 255) + ((c >> 16) & 255) + ((d >> 16) & 255)) >> 2;
    picture[at + 1] = (((a >> 8) & 255) + ((b >> 8) & 255) + ((c >> 8) & 255) + ((d >> 8) & 255)) >> 2;
    picture[at + 2] = ((a & 255) + (b & 255) + (c & 255) + (d & 255)) >> 2;
    this.labels[pixel] = label;
  }

  /** A pixel without the figure. Inside an object its samples are lit as one, in their mean colour. */
  private showObject(pixel: number, q: number): void {
    const { objects, key, keyWithoutPerson } = this.options;
    const { side, colour, light, inverseDepth } = objects;
    let own = colour[q];
    const label = own >>> 24;
    const right = colour[q + 1];
    const below = colour[q + side];
    const last = colour[q + side + 1];
    if (own !== right || own !== below || own !== last) {
      if (label === 0 || label !== right >>> 24 || label !== below >>> 24 || label !== last >>> 24) {
        this.mix(pixel, q);
        return;
      }
      own = meanColour(meanColour(own, last), meanColour(right, below));
    }
    const a = light[q];
    const b = light[q + 1];
    const c = light[q + side];
    const d = light[q + side + 1];
    this.ambient = ((a & 255) + (b & 255) + (c & 255) + (d & 255)) >> 2;
    this.key = (((a >> 8) & 255) + ((b >> 8) & 255) + ((c >> 8) & 255) + ((d >> 8) & 255)) >> 2;
    this.shine = (((a >> 16) & 255) + ((b >> 16) & 255) + ((c >> 16) & 255) + ((d >> 16) & 255)) >> 2;
    this.labels[pixel] = label;
    let reach = 1;
    let freeReach = 1;
    // Scenery stands outside the map that covers person and objects.
    if (this.key > 0 && label !== LABEL.scenery) {
      reach = this.lookUp(key, pixel, inverseDepth[q]);
      if (this.wantsFree) freeReach = this.lookUp(keyWithoutPerson, pixel, inverseDepth[q]);
    }
    this.shade(own, reach);
    this.store(this.picture, pixel);
    if (!this.wantsFree) return;
    if (freeReach !== reach) this.shade(own, freeReach);
    this.store(this.personFree, pixel);
  }

  /** Colour of an object under the ambient light and what `reach` leaves of the key light. */
  private shade(own: number, reach: number): void {
    const { table, keyTint } = this.options;
    const index = ((this.ambient + this.key * reach) * (STEPS / BYTE_STEPS)) | 0;
    this.red = (((own >> 16) & 255) * table.red[index]) >> 8;
    this.green = (((own >> 8) & 255) * table.green[index]) >> 8;
    this.blue = ((own & 255) * table.blue[index]) >> 8;
    if (this.shine > 0) {
      const gleam = this.shine * reach;
      this.red = (this.red + gleam * keyTint[0]) | 0;
      this.green = (this.green + gleam * keyTint[1]) | 0;
      this.blue = (this.blue + gleam * keyTint[2]) | 0;
    }
    if (this.red > 255) this.red = 255;
    if (this.green > 255) this.green = 255;
    if (this.blue > 255) this.blue = 255;
  }

  private store(to: Uint8Array, pixel: number): void {
    to[3 * pixel] = this.red;
    to[3 * pixel + 1] = this.green;
    to[3 * pixel + 2] = this.blue;
  }

  /** A pixel where things meet, sample by sample. */
  private mix(pixel: number, q: number): void {
    const { objects, person, background } = this.options;
    const { side, colour: objectColour, inverseDepth: objectDepth } = objects;
    const { rgb, lit, litWithoutPerson } = background;
    const { wantsFree } = this;
    let [r, g, b, empty] = [0, 0, 0, 0];
    let [freeR, freeG, freeB, freeEmpty] = [0, 0, 0, 0];
    let label = 0;
    let votes = 0;
    this.looked = 0;
    this.freeLooked = 0;
    for (let k = 0; k < 4; k++) {
      const s = q + (k & 1) + (k >> 1) * side;
      const own = objectColour[s];
      const cover = person.colour[s];
      const covered = cover !== 0 && !(objectDepth[s] >= person.inverseDepth[s]);
      if (covered) {
        r += (cover >> 16) & 255;
        g += (cover >> 8) & 255;
        b += cover & 255;
      } else if (own === 0) empty++;
      if (covered || own !== 0) {
        // Majority vote with one counter (Boyer and Moore): a tie stays with the later sample.
        const mark = (covered ? cover : own) >>> 24;
        if (votes === 0) label = mark;
        votes += mark === label ? 1 : -1;
      }
      if (own === 0) {
        freeEmpty++;
        continue;
      }
      if (covered && !wantsFree) continue;
      this.read(s);
      if (!covered) {
        this.shade(own, this.reachOf(pixel, s));
        r += this.red;
        g += this.green;
        b += this.blue;
      }
      if (wantsFree) {
        this.shade(own, this.freeReachOf(pixel, s));
        freeR += this.red;
        freeG += this.green;
        freeB += this.blue;
      }
    }
    const at = 3 * pixel;
    const open = (empty * lit[pixel]) / 256;
    this.picture[at] = (r + rgb[at] * open) / 4;
    this.picture[at + 1] = (g + rgb[at + 1] * open) / 4;
    this.picture[at + 2] = (b + rgb[at + 2] * open) / 4;
    this.labels[pixel] = empty > 2 ? 0 : label;
    if (!wantsFree) return;
    const freeOpen = (freeEmpty * litWithoutPerson[pixel]) / 256;
    this.personFree[at] = (freeR + rgb[at] * freeOpen) / 4;
    this.personFree[at + 1] = (freeG + rgb[at + 1] * freeOpen) / 4;
    this.personFree[at + 2] = (freeB + rgb[at + 2] * freeOpen) / 4;
  }

  /** Unpacks the light of a sample. */
  private read(s: number): void {
    const stored = this.options.objects.light[s];
    this.ambient = stored & 255;
    this.key = (stored >> 8) & 255;
    this.shine = (stored >> 16) & 255;
  }

  /** Share of the key light at a sample; each map has its own last look-up, so that neither depends on the other. */
  private reachOf(pixel: number, s: number): number {
    const { objects, key } = this.options;
    if (this.key === 0 || objects.colour[s] >>> 24 === LABEL.scenery) return 1;
    const depth = objects.inverseDepth[s];
    if (Math.abs(depth - this.looked) > SAME_DEPTH * this.looked) {
      this.looked = depth;
      this.reach = this.lookUp(key, pixel, depth);
    }
    return this.reach;
  }

  private freeReachOf(pixel: number, s: number): number {
    const { objects, keyWithoutPerson } = this.options;
    if (this.key === 0 || objects.colour[s] >>> 24 === LABEL.scenery) return 1;
    const depth = objects.inverseDepth[s];
    if (Math.abs(depth - this.freeLooked) > SAME_DEPTH * this.freeLooked) {
      this.freeLooked = depth;
      this.freeReach = this.lookUp(keyWithoutPerson, pixel, depth);
    }
    return this.freeReach;
  }

  private lookUp(map: ShadowMap, pixel: number, depth: number): number {
    const { place, widthPx } = this;
    place.find((pixel % widthPx) + 0.5, ((pixel / widthPx) | 0) + 0.5, depth);
    return map.visibility(place.x, place.y, place.z, OBJECT_BIAS);
  }
}

/** The colour between two, in each byte by itself. */
const meanColour = (a: number, b: number): number => (a & b) + (((a ^ b) & 0xfefefefe) >>> 1);

/** Pixels outside of which a layer is empty, so that nobody need look. */
function pixelArea({ left, top, right, bottom }: SampleLayer) {
  return {
    left: (left / SAMPLES) | 0,
    top: (top / SAMPLES) | 0,
    right: Math.floor(right / SAMPLES),
    bottom: Math.floor(bottom / SAMPLES),
  };
}

/** World position of a surface seen at a pixel position; fields, because an object a sample would feed the collector. */
class SamplePlace {
  x = 0;
  y = 0;
  z = 0;
  private readonly eye: Float64Array;
  /** Forward, right, down. */
  private readonly axes: Float64Array;
  private readonly perFocal: number;
  private readonly centreX: number;
  private readonly centreY: number;

  constructor({ eye, forward, right, up, focalPx, centreX, centreY }: Camera) {
    this.eye = Float64Array.from(eye);
    this.axes = Float64Array.from([...forward, ...right, -up[0], -up[1], -up[2]]);
    this.perFocal = 1 / focalPx;
    this.centreX = centreX;
    this.centreY = centreY;
  }

  find(column: number, row: number, inverseDepth: number): void {
    const { eye, axes } = this;
    const t = 1 / inverseDepth;
    const across = (column - this.centreX) * this.perFocal * t;
    const down = (row - this.centreY) * this.perFocal * t;
    this.x = eye[0] + axes[0] * t + axes[3] * across + axes[6] * down;
    this.y = eye[1] + axes[1] * t + axes[4] * across + axes[7] * down;
    this.z = eye[2] + axes[2] * t + axes[5] * across + axes[8] * down;
  }
}
