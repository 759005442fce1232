// Everything behind the meshes, ray by ray: ground zones, walls, ceiling, sky and skyline, with shadows on them.
import type { Backdrop, GroundZone, Wall } from './backdrop.js';
import type { Camera } from './camera.js';
import { depthsOf, levelOf, TILE, variationMap } from './ground-textures.js';
import type { ShadowMap } from './shadow.js';
import type { PictureSize } from './types.js';
import type { Vec3 } from './vector.js';

/** Maps prepared by `prefilterGround`. */
export interface BackgroundShadows {
  /** Key light on person and objects. */
  key: ShadowMap;
  /** What stands close above the ground, seen from the zenith. */
  contact: ShadowMap;
  /** Key light on the scenery, coarse; absent when there is none. */
  scenery?: ShadowMap;
}

/** RGB of the background and how much of its light the shadows leave, 0 to 256, with and without the person's. */
export class BackgroundBuffer {
  readonly rgb: Uint8Array;
  readonly lit: Uint16Array;
  readonly litWithoutPerson: Uint16Array;
  /** 1 where the pixel has to be filled. */
  readonly needed: Uint8Array;

  readonly widthPx: number;
  readonly heightPx: number;

  constructor({ widthPx, heightPx }: PictureSize) {
    this.widthPx = widthPx;
    this.heightPx = heightPx;
    const pixels = widthPx * heightPx;
    this.rgb = new Uint8Array(pixels * 3);
    // An even number, since they are also read in pairs.
    const pairs = Math.ceil(pixels / 2);
    this.lit = new Uint16Array(2 * pairs);
    this.litWithoutPerson = new Uint16Array(2 * pairs);
    this.needed = new Uint8Array(pixels);
  }
}

/** Fills the needed pixels of `buffer`; the person-free light only when `withoutPerson` is given. Cameras do not roll. */
export function fillBackground(
  buffer: BackgroundBuffer,
  camera: Camera,
  options: { backdrop: Backdrop; shadows: BackgroundShadows; withoutPerson?: BackgroundShadows },
): void {
  const painter = new BackgroundPainter(buffer, camera, options);
  for (let y = 0; y < buffer.heightPx; y++) painter.paintRow(y);
}

/** What a pixel of the row shows; walls follow. */
const SURFACE = { none: 0, sky: 1, ground: 2, ceiling: 3, wall: 4 } as const;
/** Bits of packed texels. */
const RED_BLUE = 0xff00ff;
const GREEN = 0xff00;
/** Smooth quantities of the sky are computed at every so many pixels and interpolated between. */
const SKY_STEP = 16;

/**
 * Paints row after row: first what each pixel shows, then one surface at a time in a loop of its own, because a
 * function call or an object a pixel would cost more than the pixel.
 */
class BackgroundPainter {
  private readonly variation = variationMap();
  private readonly backdrop: Backdrop;
  private readonly shadows: BackgroundShadows;
  private readonly withoutPerson: BackgroundShadows | undefined;
  private readonly surface: Uint8Array;
  private readonly depth: Float64Array;
  private readonly shade: Float32Array;
  private readonly contact: Float32Array;
  // The current row: ray of its first pixel, step to the next pixel, first index.
  private rowX = 0;
  private rowY = 0;
  private rowZ = 0;
  private stepX = 0;
  private stepZ = 0;
  private first = 0;

  constructor(
    private readonly buffer: BackgroundBuffer,
    private readonly camera: Camera,
    options: { backdrop: Backdrop; shadows: BackgroundShadows; withoutPerson?: BackgroundShadows },
  ) {
    this.backdrop = options.backdrop;
    this.shadows = options.shadows;
    this.withoutPerson = options.withoutPerson;
    this.surface = new Uint8Array(buffer.widthPx);
    this.depth = new Float64Array(buffer.widthPx);
    this.shade = new Float32Array(buffer.widthPx);
    this.contact = new Float32Array(buffer.widthPx);
  }

  paintRow(y: number): void {
    const { forward, right, up, focalPx, centreX, centreY } = this.camera;
    const down = (y + 0.5 - centreY) / focalPx;
    const across = (0.5 - centreX) / focalPx;
    this.rowX = forward[0] - up[0] * down + right[0] * across;
    this.rowY = forward[1] - up[1] * down;
    this.rowZ = forward[2] - up[2] * down + right[2] * across;
    this.stepX = right[0] / focalPx;
    this.stepZ = right[2] / focalPx;
    this.first = y * this.buffer.widthPx;
    const present = this.findSurfaces();
    const { walls, ceiling } = this.backdrop;
    if (present & (1 << SURFACE.sky)) this.paintSky();
    if (present & (1 << SURFACE.ground)) this.paintGround();
    if (ceiling && present & (1 << SURFACE.ceiling)) this.paintCeiling(ceiling.colour);
    walls.forEach((wall, i) => {
      if (present & (1 << (SURFACE.wall + i))) this.paintWall(wall, SURFACE.wall + i);
    });
  }

  /** Fills `surface` and `depth` with the nearest of ground, walls and ceiling; returns a bit for each that occurs. */
  private findSurfaces(): number {
    const { surface, depth, first, rowY } = this;
    const { needed, widthPx } = this.buffer;
    const { eye } = this.camera;
    const { walls, ceiling } = this.backdrop;
    // The ray's slope is the same along a row, and so are the distances of ground and ceiling.
    const ground = rowY < -1e-4 ? -eye[1] / rowY : Infinity;
    const open = ground < 6000 ? SURFACE.ground : SURFACE.sky;
    const above = ceiling && rowY > 0 ? (ceiling.height - eye[1]) / rowY : Infinity;
    const isCeiling = above < ground;
    surface.fill(isCeiling ? SURFACE.ceiling : open);
    depth.fill(Math.min(ground, above));
    walls.forEach((wall, i) => {
      this.findWall(wall, SURFACE.wall + i);
    });
    let present = 0;
    for (let x = 0; x < widthPx; x++) {
      if (needed[first + x] === 0) surface[x] = SURFACE.none;
      else present |= 1 << surface[x];
    }
    return present;
  }

  private findWall({ normal, offset }: Wall, id: number): void {
    const { surface, depth, rowX, rowZ, stepX, stepZ } = this;
    const { eye } = this.camera;
    const distance = offset - eye[0] * normal[0] - eye[2] * normal[2];
    const approach = rowX * normal[0] + rowZ * normal[2];
    const step = stepX * normal[0] + stepZ * normal[2];
    for (let x = 0; x < surface.length; x++) {
      const towards = approach + step * x;
      if (towards > -1e-5) continue;
      const at = distance / towards;
      if (at >= depth[x]) continue;
      depth[x] = at;
      surface[x] = id;
    }
  }

  private paintCeiling(colour: Vec3): void {
    const { surface, first } = this;
    const { rgb, lit, litWithoutPerson, widthPx } = this.buffer;
    const [r, g, b] = colour.map((c) => Math.min(255, c));
    for (let x = 0; x < widthPx; x++) {
      if (surface[x] !== SURFACE.ceiling) continue;
      const pixel = first + x;
      rgb[3 * pixel] = r;
      rgb[3 * pixel + 1] = g;
      rgb[3 * pixel + 2] = b;
      lit[pixel] = 256;
      litWithoutPerson[pixel] = 256;
    }
  }

  private paintWall(wall: Wall, id: number): void {
    const { surface, depth, first, rowX, rowY, rowZ, stepX, stepZ } = this;
    const { rgb, widthPx } = this.buffer;
    const { eye, focalPx } = this.camera;
    const { texture, factor, normal, skirting, skirtingColour } = wall;
    const along0 = eye[0] * normal[2] - eye[2] * normal[0];
    const alongRow = rowX * normal[2] - rowZ * normal[0];
    const alongStep = stepX * normal[2] - stepZ * normal[0];
    const [r, g, b] = factor;
    const perDepth = TILE / texture.size[0] / focalPx;
    // The level at hand serves depths between these.
    let [nearest, farthest] = [0, 0];
    let texels = texture.packed[0];
    let [side, mask, perU, perV] = [TILE, TILE - 1, 1, 1];
    for (let i = 0; i < widthPx; i++) {
      if (surface[i] !== id) continue;
      const at = 3 * (first + i);
      const t = depth[i];
      const y = eye[1] + rowY * t;
      // Corners gather less light.
      const occlusion = y > 20 ? 1 : 1 - 0.16 * fallOff(y / 2.5);
      if (y < skirting) {
        for (let k = 0; k < 3; k++) rgb[at + k] = Math.min(255, skirtingColour[k] * occlusion);
        continue;
      }
      if (t <= nearest || t > farthest) {
        const level = levelOf(perDepth * t);
        [nearest, farthest] = depthsOf(level, perDepth);
        texels = texture.packed[level];
        side = TILE >> level;
        mask = side - 1;
        perU = side / texture.size[0];
        perV = side / texture.size[1];
      }
      // 8 bits of fraction; places on a wall are far below the 2^23 texels at which they would run over.
      const u = ((along0 + (alongRow + alongStep * i) * t) * perU - 0.5) * 256;
      const v = (-y * perV - 0.5) * 256;
      const column = u >> 8;
      const row = v >> 8;
      const tu = u & 255;
      const tv = v & 255;
      const above = (row & mask) * side;
      const below = ((row + 1) & mask) * side;
      const left = column & mask;
      const right = (column + 1) & mask;
      const nearLeft = texels[above + left];
      const nearRight = texels[above + right];
      const farLeft = texels[below + left];
      const farRight = texels[below + right];
      // Red and blue are blended as one number, in 16 bits each; the four weights add up to 256.
      const kd = (tu * tv) >> 8;
      const kb = tu - kd;
      const kc = tv - kd;
      const ka = 256 - kb - kc - kd;
      const outer =
        (Math.imul(nearLeft & RED_BLUE, ka) +
          Math.imul(nearRight & RED_BLUE, kb) +
          Math.imul(farLeft & RED_BLUE, kc) +
          Math.imul(farRight & RED_BLUE, kd)) |
        0;
      const inner =
        (nearLeft & GREEN) * ka + (nearRight & GREEN) * kb + (farLeft & GREEN) * kc + (farRight & GREEN) * kd;
      const red = (outer >>> 24) * occlusion * r;
      const green = (inner >>> 16) * occlusion * g;
      const blue = ((outer >>> 8) & 255) * occlusion * b;
      rgb[at] = red > 255 ? 255 : red;
      rgb[at + 1] = green > 255 ? 255 : green;
      rgb[at + 2] = blue > 255 ? 255 : blue;
    }
    this.lightWall(this.shadows.key, id, this.buffer.lit);
    if (this.withoutPerson) this.lightWall(this.withoutPerson.key, id, this.buffer.litWithoutPerson);
  }

  /** Light left on a wall along the row: looked up at every other pixel, as shadows on walls are soft anyway. */
  private lightWall(key: ShadowMap, id: number, lit: Uint16Array): void {
    const { surface, depth, first, rowX, rowY, rowZ, stepX, stepZ } = this;
    const { widthPx } = this.buffer;
    const { eye } = this.camera;
    const { shadowDepth } = this.backdrop;
    let before = -1;
    for (let i = 0; i < widthPx; i += 2) {
      // Whether the pixel after a pair is wanted must not change the pair.
      if (surface[i] !== id && surface[i + 1] !== id && surface[i - 1] !== id) {
        before = -1;
        continue;
      }
      const t = depth[i];
      const reach = key.visibility(
        eye[0] + (rowX + stepX * i) * t,
        eye[1] + rowY * t,
        eye[2] + (rowZ + stepZ * i) * t,
        0.4,
      );
      const light = 256 * (1 - shadowDepth * (1 - reach));
      if (surface[i] === id) lit[first + i] = light;
      if (i + 1 < widthPx && surface[i + 1] === id) lit[first + i + 1] = light;
      if (before >= 0 && surface[i - 1] === id) lit[first + i - 1] = (before + light) / 2;
      before = light;
    }
  }

  private paintGround(): void {
    const { surface, first, variation, rowX, rowY, rowZ, stepX, stepZ } = this;
    const { rgb, widthPx } = this.buffer;
    const { eye, focalPx } = this.camera;
    const { zones, zoneAxis, groundOffset, walls, haze, sky } = this.backdrop;
    const t = -eye[1] / rowY;
    // Between the footprint across the view and the longer one along it.
    const footprint = (t / focalPx) * (1 + 0.22 / Math.max(0.04, -rowY));
    const fog = walls.length > 0 ? 0 : 0.8 * (1 - Math.exp(-t / haze));
    const [hazeR, hazeG, hazeB] = sky.horizon.map((c) => c * fog);
    const clear = 1 - fog;
    const [axisX, axisZ] = zoneAxis;
    const corners = nearWalls(walls, { x: eye[0] + rowX * t, z: eye[2] + rowZ * t, dx: stepX * t, dz: stepZ * t });
    // Along a row the place on the ground moves by equal steps.
    const across0 = (eye[0] + rowX * t) * axisX + (eye[2] + rowZ * t) * axisZ;
    const along0 = (eye[0] + rowX * t) * axisZ - (eye[2] + rowZ * t) * axisX;
    const acrossStep = (stepX * axisX + stepZ * axisZ) * t;
    const alongStep = (stepX * axisZ - stepZ * axisX) * t;
    const zonesMany = zones.length > 1;
    let zone: GroundZone | undefined;
    let texels = zones[0].texture.packed[0];
    let [side, mask, perU, perV, r, g, b] = [TILE, TILE - 1, 1, 1, 0, 0, 0];
    for (let i = 0; i < widthPx; i++) {
      if (surface[i] !== SURFACE.ground) continue;
      const across = across0 + acrossStep * i;
      const along = along0 + alongStep * i;
      if (zone === undefined || zonesMany) {
        let k = 0;
        while (k + 1 < zones.length && across > zones[k].until) k++;
        if (zones[k] !== zone) {
          zone = zones[k];
          const level = levelOf((TILE / zone.texture.size[0]) * footprint);
          texels = zone.texture.packed[level];
          side = TILE >> level;
          mask = side - 1;
          perU = side / zone.texture.size[0];
          perV = side / zone.texture.size[1];
          [r, g, b] = zone.factor.map((c) => c * clear);
        }
      }
      const broad = variation[((along * 0.9) & 255) * TILE + ((across * 0.9) & 255)];
      let shade = 0.86 + broad * (0.28 / 255);
      for (let k = 0; k < corners.length; k++) {
        const gap = corners[k].gap + corners[k].step * i;
        if (gap < 8) shade *= 1 - 0.18 * fallOff(gap / 2.2);
      }
      // Bilinear; here and not in a function, as the call would cost as much again. 8 bits of fraction.
      const u = ((across + groundOffset) * perU - 0.5) * 256;
      const v = (along * perV - 0.5) * 256;
      const column = u >> 8;
      const row = v >> 8;
      const tu = u & 255;
      const tv = v & 255;
      const above = (row & mask) * side;
      const below = ((row + 1) & mask) * side;
      const left = column & mask;
      const right = (column + 1) & mask;
      const nearLeft = texels[above + left];
      const nearRight = texels[above + right];
      const farLeft = texels[below + left];
      const farRight = texels[below + right];
      // Red and blue are blended as one number, in 16 bits each; the four weights add up to 256.
      const kd = (tu * tv) >> 8;
      const kb = tu - kd;
      const kc = tv - kd;
      const ka = 256 - kb - kc - kd;
      const outer =
        (Math.imul(nearLeft & RED_BLUE, ka) +
          Math.imul(nearRight & RED_BLUE, kb) +
          Math.imul(farLeft & RED_BLUE, kc) +
          Math.imul(farRight & RED_BLUE, kd)) |
        0;
      const inner =
        (nearLeft & GREEN) * ka + (nearRight & GREEN) * kb + (farLeft & GREEN) * kc + (farRight & GREEN) * kd;
      const red = (outer >>> 24) * shade * r + hazeR;
      const green = (inner >>> 16) * shade * g + hazeG;
      const blue = ((outer >>> 8) & 255) * shade * b + hazeB;
      const at = 3 * (first + i);
      rgb[at] = red > 255 ? 255 : red;
      rgb[at + 1] = green > 255 ? 255 : green;
      rgb[at + 2] = blue > 255 ? 255 : blue;
    }
    this.lightGround(this.shadows, t, this.buffer.lit);
    if (this.withoutPerson) this.lightGround(this.withoutPerson, t, this.buffer.litWithoutPerson);
  }

  /** Light left on the ground along the row at distance `t`. */
  private lightGround(shadows: BackgroundShadows, t: number, lit: Uint16Array): void {
    const { surface, shade, contact, first, rowX, rowZ, stepX, stepZ } = this;
    const { widthPx } = this.buffer;
    const { eye } = this.camera;
    const { shadowDepth } = this.backdrop;
    const line = { x: eye[0] + rowX * t, z: eye[2] + rowZ * t, dx: stepX * t, dz: stepZ * t };
    shade.fill(0);
    contact.fill(0);
    let touched = shadows.key.shadeLine(line, shade);
    if (shadows.scenery?.shadeLine(line, shade)) touched = true;
    if (shadows.contact.shadeLine(line, contact)) touched = true;
    for (let i = 0; i < widthPx; i++) {
      if (surface[i] !== SURFACE.ground) continue;
      lit[first + i] = touched ? 256 * (1 - shadowDepth * shade[i]) * (1 - 0.5 * contact[i]) : 256;
    }
  }

  private paintSky(): void {
    const { widthPx } = this.buffer;
    for (let start = 0; start < widthPx; start += SKY_STEP) {
      const end = Math.min(widthPx, start + SKY_STEP);
      let wanted = false;
      for (let i = start; i < end && !wanted; i++) wanted = this.surface[i] === SURFACE.sky;
      if (wanted) this.paintSkySpan(start, end);
    }
  }

  /** Azimuth, slope, how far from horizon to zenith, and the place on the cloud layer, at a pixel of the row. */
  private skyAt(i: number): { azimuth: number; slope: number; t: number; v: number } {
    const dx = this.rowX + this.stepX * i;
    const dz = this.rowZ + this.stepZ * i;
    const slope = this.rowY / Math.sqrt(dx * dx + dz * dz);
    const height = Math.max(0, slope);
    // Clouds lie on a plane overhead; towards the horizon they run together.
    return { azimuth: Math.atan2(dx, dz), slope, t: Math.min(1, height * 2.6) ** 0.6, v: 54 / (height + 0.12) };
  }

  private paintSkySpan(start: number, end: number): void {
    const { surface, first } = this;
    const { rgb, lit, litWithoutPerson } = this.buffer;
    const { sky } = this.backdrop;
    const [zr, zg, zb] = sky.zenith;
    const [hr, hg, hb] = sky.horizon;
    const a = this.skyAt(start);
    const b = this.skyAt(end);
    // Straight behind the camera's back the azimuth jumps by a full turn.
    if (b.azimuth - a.azimuth > Math.PI) b.azimuth -= 2 * Math.PI;
    if (a.azimuth - b.azimuth > Math.PI) b.azimuth += 2 * Math.PI;
    for (let i = start; i < end; i++) {
      if (surface[i] !== SURFACE.sky) continue;
      const k = (i - start) / (end - start);
      const azimuth = a.azimuth + (b.azimuth - a.azimuth) * k;
      const slope = a.slope + (b.slope - a.slope) * k;
      const pixel = first + i;
      lit[pixel] = 256;
      litWithoutPerson[pixel] = 256;
      if (slope < sky.skylineTop && slope < sky.skyline(azimuth)) {
        for (let c = 0; c < 3; c++) rgb[3 * pixel + c] = sky.skylineColour[c];
        continue;
      }
      const t = a.t + (b.t - a.t) * k;
      let cloud = 0;
      if (sky.clouds > 0 && slope > 0) {
        // Twice around the map in a full turn, so that no seam shows.
        const density = this.variationAt(azimuth * (TILE / Math.PI) + sky.cloudOffset, a.v + (b.v - a.v) * k) / 255;
        cloud = Math.max(0, Math.min(1, (density - 1 + sky.clouds) * 3)) * Math.min(1, slope * 6) * 0.75;
      }
      rgb[3 * pixel] = (hr + (zr - hr) * t) * (1 - cloud) + 248 * cloud;
      rgb[3 * pixel + 1] = (hg + (zg - hg) * t) * (1 - cloud) + 248 * cloud;
      rgb[3 * pixel + 2] = (hb + (zb - hb) * t) * (1 - cloud) + 248 * cloud;
    }
  }

  /** Bilinear value of the variation map, which repeats. */
  private variationAt(u: number, v: number): number {
    const column = Math.floor(u);
    const row = Math.floor(v);
    const fu = u - column;
    const above = (row & 255) * TILE;
    const below = ((row + 1) & 255) * TILE;
    const left = column & 255;
    const right = (column + 1) & 255;
    const map = this.variation;
    const near = map[above + left] + (map[above + right] - map[above + left]) * fu;
    const far = map[below + left] + (map[below + right] - map[below + left]) * fu;
    return near + (far - near) * (v - row);
  }
}

/** exp(-x) in steps of 1/16 for 0 <= x < 16, which are too small to see. */
const FALL_OFF = Float32Array.from({ length: 256 }, (_, i) => Math.exp(-i / 16));

function fallOff(x: number): number {
  const at = x * 16;
  const i = at | 0;
  if (i < 0) return 1;
  if (i > 254) return 0;
  return FALL_OFF[i] + (FALL_OFF[i + 1] - FALL_OFF[i]) * (at - i);
}

/** Distance from each wall at the first pixel of a line on the ground, and its change from pixel to pixel. */
function nearWalls(
  walls: readonly Wall[],
  line: { x: number; z: number; dx: number; dz: number },
): { gap: number; step: number }[] {
  return walls.map(({ normal, offset }) => ({
    gap: line.x * normal[0] + line.z * normal[2] - offset,
    step: line.dx * normal[0] + line.dz * normal[2],
  }));
}
