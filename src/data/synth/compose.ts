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

/** Colours of the coloured layer with the shadows of `map`, written into `out` (packed RGB, 0 where empty). */
export function shade(layer: SampleLayer, map: ShadowMap, options: ComposeOptions & { out: Uint32Array }): void {
  const { camera, table, keyTint, out } = options;
  const { side, colour, light, inverseDepth } = layer;
  const { red, green, blue } = table;
  const { eye, forward, right, up } = camera;
  const focal = camera.focalPx * SAMPLES;
  const step = STEPS / BYTE_STEPS;
  const [kr, kg, kb] = keyTint;
  for (let y = 0, q = 0; y < side; y++) {
    const down = (y + 0.5 - camera.centreY * SAMPLES) / focal;
    const bx = forward[0] - up[0] * down;
    const by = forward[1] - up[1] * down;
    const bz = forward[2] - up[2] * down;
    for (let x = 0; x < side; x++, q++) {
      const packed = colour[q];
      if (packed === 0) {
        out[q] = 0;
        continue;
      }
      const stored = light[q];
      const key = (stored >> 8) & 255;
      let lit = 1;
      // Scenery stands outside the map that covers person and objects.
      if (key > 0 && packed >>> 24 !== LABEL.scenery) {
        const across = (x + 0.5 - camera.centreX * SAMPLES) / focal;
        const t = 1 / inverseDepth[q];
        lit = map.visibility(
          eye[0] + (bx + right[0] * across) * t,
          eye[1] + (by + right[1] * across) * t,
          eye[2] + (bz + right[2] * across) * t,
          0.18,
        );
      }
      const index = (((stored & 255) + key * lit) * step) | 0;
      const shine = ((stored >> 16) & 255) * lit;
      let r = ((((packed >> 16) & 255) * red[index]) >> 8) + shine * kr;
      let g = ((((packed >> 8) & 255) * green[index]) >> 8) + shine * kg;
      let b = (((packed & 255) * blue[index]) >> 8) + shine * kb;
      if (r > 255) r = 255;
      if (g > 255) g = 255;
      if (b > 255) b = 255;
      out[q] = (packed & 0xff000000) | (r << 16) | (g << 8) | b;
    }
  }
}

/** Averages background, shaded objects and (unless left out) the person into RGB pixels. */
export function average(
  out: Uint8Array,
  options: {
    background: BackgroundBuffer;
    lit: Uint16Array;
    objects: SampleLayer;
    shaded: Uint32Array;
    person?: SampleLayer;
    labels?: Uint8Array;
  },
): void {
  const { background, lit, objects, shaded, person, labels } = options;
  const { sizePx: n, rgb } = background;
  const { side } = objects;
  const depth = objects.inverseDepth;
  const none = person === undefined;
  const front = person?.colour ?? shaded;
  const frontDepth = person?.inverseDepth ?? depth;
  for (let y = 0, pixel = 0; y < n; y++) {
    for (let x = 0; x < n; x++, pixel++) {
      const q = SAMPLES * (y * side + x);
      const below = q + side;
      if (
        (shaded[q] | shaded[q + 1] | shaded[below] | shaded[below + 1]) === 0 &&
        (none || (front[q] | front[q + 1] | front[below] | front[below + 1]) === 0)
      ) {
        const k = lit[pixel];
        out[3 * pixel] = (rgb[3 * pixel] * k) >> 8;
        out[3 * pixel + 1] = (rgb[3 * pixel + 1] * k) >> 8;
        out[3 * pixel + 2] = (rgb[3 * pixel + 2] * k) >> 8;
        continue;
      }
      let r = 0;
      let g = 0;
      let b = 0;
      let empty = 0;
      let label = 0;
      let votes = 0;
      for (let k = 0; k < 4; k++) {
        const s = q + (k & 1) + (k >> 1) * side;
        const c = none || depth[s] >= frontDepth[s] ? shaded[s] : front[s];
        if (c === 0) empty++;
        else {
          r += (c >> 16) & 255;
          g += (c >> 8) & 255;
          b += c & 255;
          // Majority vote with one counter (Boyer and Moore): a tie stays with the later sample.
          const own = c >>> 24;
          if (votes === 0) label = own;
          votes += own === label ? 1 : -1;
        }
      }
      if (empty > 0) {
        const k = (empty * lit[pixel]) / 256;
        r += rgb[3 * pixel] * k;
        g += rgb[3 * pixel + 1] * k;
        b += rgb[3 * pixel + 2] * k;
      }
      out[3 * pixel] = r / 4;
      out[3 * pixel + 1] = g / 4;
      out[3 * pixel + 2] = b / 4;
      if (labels) labels[pixel] = empty > 2 ? 0 : label;
    }
  }
}

/** Picture, optional person-free picture and labels from filled layers. */
export function compose(options: ComposeOptions & { personFree: boolean; shaded: Uint32Array }): Composition {
  const { background, person, objects, shaded, key, keyWithoutPerson } = options;
  const pixels = background.sizePx ** 2;
  const picture = new Uint8Array(pixels * 3);
  const labels = new Uint8Array(pixels);
  shade(objects, key, { ...options, out: shaded });
  average(picture, { background, lit: background.lit, objects, shaded, person, labels });
  if (!options.personFree) return { picture, labels };
  const personFree = new Uint8Array(pixels * 3);
  shade(objects, keyWithoutPerson, { ...options, out: shaded });
  average(personFree, { background, lit: background.litWithoutPerson, objects, shaded });
  return { picture, personFree, labels };
}
