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
 * objects that show, samples are averaged, and what stays open shows the background.
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
      if ((object | figure) === 0) {
        for (let c = 3 * pixel; c < 3 * pixel + 3; c++) picture[c] = (rgb[c] * lit[pixel]) >> 8;
        if (wantsFree) {
          for (let c = 3 * pixel; c < 3 * pixel + 3; c++) personFree[c] = (rgb[c] * litWithoutPerson[pixel]) >> 8;
        }
        continue;
      }
      let [r, g, b, empty] = [0, 0, 0, 0];
      let [freeR, freeG, freeB, freeEmpty] = [0, 0, 0, 0];
      let [label, votes] = [0, 0];
      let looked = 0;
      let [reach, reachWithout] = [1, 1];
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
        if (shaded && Math.abs(objectDepth[s] - looked) > SAME_DEPTH * looked) {
          looked = objectDepth[s];
          place.find(x + 0.25 + 0.5 * (k & 1), y + 0.25 + 0.5 * (k >> 1), looked);
          reach = map.visibility(place.x, place.y, place.z, 0.18);
          reachWithout = wantsFree ? mapWithout.visibility(place.x, place.y, place.z, 0.18) : 1;
        }
        for (let pass = covered ? 1 : 0; pass < (wantsFree ? 2 : 1); pass++) {
          const reached = shaded ? (pass === 0 ? reach : reachWithout) : 1;
          const index = (((stored & 255) + key * reached) * step) | 0;
          const shine = ((stored >> 16) & 255) * reached;
          const sampleR = Math.min(255, ((((own >> 16) & 255) * red[index]) >> 8) + shine * kr) | 0;
          const sampleG = Math.min(255, ((((own >> 8) & 255) * green[index]) >> 8) + shine * kg) | 0;
          const sampleB = Math.min(255, (((own & 255) * blue[index]) >> 8) + shine * kb) | 0;
          if (pass === 0) {
            r += sampleR;
            g += sampleG;
            b += sampleB;
          } else {
            freeR += sampleR;
            freeG += sampleG;
            freeB += sampleB;
          }
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
