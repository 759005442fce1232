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
  const { sizePx: n, needed } = background;
  const { side } = person;
  const p = person.colour;
  const o = objects.colour;
  for (let y = 0, pixel = 0; y < n; y++) {
    for (let x = 0; x < n; x++, pixel++) {
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

/** Relative difference of inverse depth within which the samples of a pixel share one look-up of the shadow map. */
const SAME_DEPTH = 0.004;

/**
 * Picture, optional person-free picture and labels from filled layers, in one pass: shadows fall on the samples of
 * objects that show, samples are averaged, and what stays open shows the background. One long function, as calls inside
 * the loop over samples would cost more than the samples.
 */
export function compose(options: ComposeOptions & { personFree: boolean }): Composition {
  const { background, camera, person, objects, table, keyTint, key: map, keyWithoutPerson: mapWithout } = options;
  const { sizePx: n, rgb, lit, litWithoutPerson } = background;
  const { side, colour: objectColour, inverseDepth: objectDepth, light } = objects;
  const { colour: personColour, inverseDepth: personDepth } = person;
  const { red, green, blue } = table;
  const wantsFree = options.personFree;
  const picture = new Uint8Array(n * n * 3);
  const personFree = new Uint8Array(wantsFree ? n * n * 3 : 0);
  const labels = new Uint8Array(n * n);
  const step = STEPS / BYTE_STEPS;
  const [kr, kg, kb] = keyTint;
  const place = new SamplePlace(camera);
  for (let y = 0, pixel = 0; y < n; y++) {
    for (let x = 0; x < n; x++, pixel++) {
      const q = SAMPLES * (y * side + x);
      const below = q + side;
      const object = objectColour[q] | objectColour[q + 1] | objectColour[below] | objectColour[below + 1];
      const figure = personColour[q] | personColour[q + 1] | personColour[below] | personColour[below + 1];
      if (object === 0 && figure !== 0 && !wantsFree) {
        const a = personColour[q];
        const b = personColour[q + 1];
        const c = personColour[below];
        const d = personColour[below + 1];
        // Well inside the figure, which most of its pixels are, all samples are of one part.
        if (a >>> 24 === b >>> 24 && a >>> 24 === c >>> 24 && a >>> 24 === d >>> 24) {
          const at = 3 * pixel;
          picture[at] = (((a >> 16) & 255) + ((b >> 16) & 255) + ((c >> 16) & 255) + ((d >> 16) & 255)) >> 2;
          picture[at + 1] = (((a >> 8) & 255) + ((b >> 8) & 255) + ((c >> 8) & 255) + ((d >> 8) & 255)) >> 2;
          picture[at + 2] = ((a & 255) + (b & 255) + (c & 255) + (d & 255)) >> 2;
          labels[pixel] = a >>> 24;
          continue;
        }
      }
      if ((object | figure) === 0) {
        const at = 3 * pixel;
        const k = lit[pixel];
        picture[at] = (rgb[at] * k) >> 8;
        picture[at + 1] = (rgb[at + 1] * k) >> 8;
        picture[at + 2] = (rgb[at + 2] * k) >> 8;
        if (wantsFree) {
          const free = litWithoutPerson[pixel];
          personFree[at] = (rgb[at] * free) >> 8;
          personFree[at + 1] = (rgb[at + 1] * free) >> 8;
          personFree[at + 2] = (rgb[at + 2] * free) >> 8;
        }
        continue;
      }
      let r = 0;
      let g = 0;
      let b = 0;
      let empty = 0;
      let freeR = 0;
      let freeG = 0;
      let freeB = 0;
      let freeEmpty = 0;
      let label = 0;
      let votes = 0;
      let looked = 0;
      let freeLooked = 0;
      let reach = 1;
      let reachWithout = 1;
      for (let k = 0; k < 4; k++) {
        const s = q + (k & 1) + (k >> 1) * side;
        const own = objectColour[s];
        const cover = personColour[s];
        const covered = cover !== 0 && !(objectDepth[s] >= personDepth[s]);
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
        const stored = light[s];
        const key = (stored >> 8) & 255;
        // Scenery stands outside the map that covers person and objects.
        const shaded = key > 0 && own >>> 24 !== LABEL.scenery;
        // Each map has its own last look-up, so that a picture does not depend on whether the other is wanted.
        if (shaded && !covered && Math.abs(objectDepth[s] - looked) > SAME_DEPTH * looked) {
          looked = objectDepth[s];
          place.find(x + 0.25 + 0.5 * (k & 1), y + 0.25 + 0.5 * (k >> 1), looked);
          reach = map.visibility(place.x, place.y, place.z, 0.18);
        }
        if (shaded && wantsFree && Math.abs(objectDepth[s] - freeLooked) > SAME_DEPTH * freeLooked) {
          freeLooked = objectDepth[s];
          place.find(x + 0.25 + 0.5 * (k & 1), y + 0.25 + 0.5 * (k >> 1), freeLooked);
          reachWithout = mapWithout.visibility(place.x, place.y, place.z, 0.18);
        }
        const ambient = stored & 255;
        const shine = (stored >> 16) & 255;
        const red0 = (own >> 16) & 255;
        const green0 = (own >> 8) & 255;
        const blue0 = own & 255;
        if (!covered) {
          const light = shaded ? reach : 1;
          const index = ((ambient + key * light) * step) | 0;
          r += Math.min(255, ((red0 * red[index]) >> 8) + shine * light * kr) | 0;
          g += Math.min(255, ((green0 * green[index]) >> 8) + shine * light * kg) | 0;
          b += Math.min(255, ((blue0 * blue[index]) >> 8) + shine * light * kb) | 0;
        }
        if (wantsFree) {
          const light = shaded ? reachWithout : 1;
          const index = ((ambient + key * light) * step) | 0;
          freeR += Math.min(255, ((red0 * red[index]) >> 8) + shine * light * kr) | 0;
          freeG += Math.min(255, ((green0 * green[index]) >> 8) + shine * light * kg) | 0;
          freeB += Math.min(255, ((blue0 * blue[index]) >> 8) + shine * light * kb) | 0;
        }
      }
      const at = 3 * pixel;
      const open = (empty * lit[pixel]) / 256;
      picture[at] = (r + rgb[at] * open) / 4;
      picture[at + 1] = (g + rgb[at + 1] * open) / 4;
      picture[at + 2] = (b + rgb[at + 2] * open) / 4;
      labels[pixel] = empty > 2 ? 0 : label;
      if (!wantsFree) continue;
      const freeOpen = (freeEmpty * litWithoutPerson[pixel]) / 256;
      personFree[at] = (freeR + rgb[at] * freeOpen) / 4;
      personFree[at + 1] = (freeG + rgb[at + 1] * freeOpen) / 4;
      personFree[at + 2] = (freeB + rgb[at + 2] * freeOpen) / 4;
    }
  }
  return { picture, labels, ...(wantsFree && { personFree }) };
}

/** World position of a surface seen at a pixel position; fields, because an object a sample would feed the collector. */
class SamplePlace {
  x = 0;
  y = 0;
  z = 0;

  constructor(private readonly camera: Camera) {}

  find(column: number, row: number, inverseDepth: number): void {
    const { eye, forward, right, up, focalPx, centreX, centreY } = this.camera;
    const t = 1 / inverseDepth;
    const across = ((column - centreX) / focalPx) * t;
    const down = ((row - centreY) / focalPx) * t;
    this.x = eye[0] + forward[0] * t + right[0] * across - up[0] * down;
    this.y = eye[1] + forward[1] * t + right[1] * across - up[1] * down;
    this.z = eye[2] + forward[2] * t + right[2] * across - up[2] * down;
  }
}
