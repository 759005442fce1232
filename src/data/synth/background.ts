// Everything behind the meshes, ray by ray: ground zones, walls, ceiling, sky and skyline, with shadows on them.
import type { Camera } from './camera.js';
import { type GroundTexture, TILE, variationMap } from './ground-textures.js';
import type { ShadowMap } from './shadow.js';
import type { Vec3 } from './vector.js';

/** A textured plane's look: light and tint are already multiplied into `factor`. */
export interface Surface {
  texture: GroundTexture;
  factor: Vec3;
}

/** A strip of the ground: from the previous zone's border to `until` along the ground's axis. */
export interface GroundZone extends Surface {
  until: number;
}

/** A vertical plane: points p with dot(p, normal) = offset; seen from the side the normal points to. */
export interface Wall extends Surface {
  normal: Vec3;
  offset: number;
  /** Height and colour (lit) of the board along its foot; 0 for none. */
  skirting: number;
  skirtingColour: Vec3;
}

export interface Sky {
  zenith: Vec3;
  horizon: Vec3;
  /** 0 clear to 1 cloudy. */
  clouds: number;
  cloudOffset: number;
  /** Height of the skyline above the horizon (as slope) by azimuth, and its colour. */
  skyline: (azimuth: number) => number;
  skylineColour: Vec3;
}

export interface Backdrop {
  zones: GroundZone[];
  /** Direction of the axis along which zones follow each other, and of the ground's texture. */
  zoneAxis: readonly [number, number];
  groundOffset: number;
  walls: Wall[];
  ceiling: { height: number; colour: Vec3 } | null;
  sky: Sky;
  /** Distance over which the ground fades into the horizon. */
  haze: number;
  /** Share of the ground's and the walls' light that a full shadow takes away, as sRGB factor. */
  shadowDepth: number;
}

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

  constructor(readonly sizePx: number) {
    this.rgb = new Uint8Array(sizePx * sizePx * 3);
    this.lit = new Uint16Array(sizePx * sizePx);
    this.litWithoutPerson = new Uint16Array(sizePx * sizePx);
    this.needed = new Uint8Array(sizePx * sizePx);
  }
}

const sample = new Float64Array(3);

/** Bilinear texel of the mip level that suits `texelsPerPixel`, into `sample`. */
function fetch(texture: GroundTexture, u: number, v: number, texelsPerPixel: number): void {
  let level = 0;
  for (let footprint = texelsPerPixel; footprint > 1.4 && level < 7; footprint *= 0.5) level++;
  const texels = texture.levels[level];
  const side = TILE >> level;
  const fu = u * side - 0.5;
  const fv = v * side - 0.5;
  const column = Math.floor(fu);
  const row = Math.floor(fv);
  const tu = fu - column;
  const tv = fv - row;
  const mask = side - 1;
  const above = (row & mask) * side;
  const below = ((row + 1) & mask) * side;
  const left = column & mask;
  const right = (column + 1) & mask;
  const a = (above + left) * 3;
  const b = (above + right) * 3;
  const c = (below + left) * 3;
  const d = (below + right) * 3;
  const kd = tu * tv;
  const kb = tu - kd;
  const kc = tv - kd;
  const ka = 1 - tu - tv + kd;
  sample[0] = texels[a] * ka + texels[b] * kb + texels[c] * kc + texels[d] * kd;
  sample[1] = texels[a + 1] * ka + texels[b + 1] * kb + texels[c + 1] * kc + texels[d + 1] * kd;
  sample[2] = texels[a + 2] * ka + texels[b + 2] * kb + texels[c + 2] * kc + texels[d + 2] * kd;
}

/** Fills the needed pixels of `buffer`; the person-free light only when `withoutPerson` is given. */
export function fillBackground(
  buffer: BackgroundBuffer,
  camera: Camera,
  options: { backdrop: Backdrop; shadows: BackgroundShadows; withoutPerson?: BackgroundShadows },
): void {
  const painter = new BackgroundPainter(buffer, camera, options.backdrop);
  painter.shadows = options.shadows;
  painter.withoutPerson = options.withoutPerson;
  const n = buffer.sizePx;
  const { forward, right, up, focalPx, centreX, centreY } = camera;
  for (let y = 0; y < n; y++) {
    const down = (y + 0.5 - centreY) / focalPx;
    const bx = forward[0] - up[0] * down;
    const by = forward[1] - up[1] * down;
    const bz = forward[2] - up[2] * down;
    for (let x = 0; x < n; x++) {
      const pixel = y * n + x;
      if (buffer.needed[pixel] === 0) continue;
      const across = (x + 0.5 - centreX) / focalPx;
      painter.paint(pixel, bx + right[0] * across, by + right[1] * across, bz + right[2] * across);
    }
  }
}

class BackgroundPainter {
  shadows!: BackgroundShadows;
  withoutPerson: BackgroundShadows | undefined;
  private readonly variation = variationMap();
  /** Where the current ray hits, and its depth: fields, because an object a pixel would feed the collector. */
  private x = 0;
  private y = 0;
  private z = 0;
  private t = 0;

  constructor(
    private readonly buffer: BackgroundBuffer,
    private readonly camera: Camera,
    private readonly backdrop: Backdrop,
  ) {}

  /** Finds the nearest of ground, walls and ceiling along the ray from the eye (dx, dy, dz at depth 1). */
  paint(pixel: number, dx: number, dy: number, dz: number): void {
    const { eye } = this.camera;
    const { walls, ceiling } = this.backdrop;
    let t = dy < -1e-4 ? -eye[1] / dy : Infinity;
    let wall: Wall | null = null;
    for (let i = 0; i < walls.length; i++) {
      const candidate = walls[i];
      const approach = dx * candidate.normal[0] + dz * candidate.normal[2];
      if (approach > -1e-5) continue;
      const from = candidate.offset - eye[0] * candidate.normal[0] - eye[2] * candidate.normal[2];
      const at = from / approach;
      if (at < t) {
        t = at;
        wall = candidate;
      }
    }
    this.t = t;
    this.x = eye[0] + dx * t;
    this.y = eye[1] + dy * t;
    this.z = eye[2] + dz * t;
    if (ceiling && dy > 0 && (ceiling.height - eye[1]) / dy < t) this.store(pixel, ceiling.colour, 1);
    else if (wall) this.paintWall(pixel, wall);
    else if (t < 6000) this.paintGround(pixel, dy);
    else this.paintSky(pixel, dx, dy, dz);
  }

  private store(pixel: number, colour: ArrayLike<number>, factor: number): void {
    const { rgb, lit, litWithoutPerson } = this.buffer;
    for (let k = 0; k < 3; k++) {
      const value = colour[k] * factor;
      rgb[3 * pixel + k] = Math.min(255, value);
    }
    lit[pixel] = 256;
    litWithoutPerson[pixel] = 256;
  }

  private paintWall(pixel: number, wall: Wall): void {
    const { x, y, z, t } = this;
    const occlusion = 1 - 0.16 * Math.exp(-y / 2.5);
    if (y < wall.skirting) this.store(pixel, wall.skirtingColour, occlusion);
    else {
      const { texture, factor } = wall;
      const along = x * wall.normal[2] - z * wall.normal[0];
      fetch(
        texture,
        along / texture.size[0],
        -y / texture.size[1],
        (TILE / texture.size[0]) * (t / this.camera.focalPx),
      );
      sample[0] *= factor[0];
      sample[1] *= factor[1];
      sample[2] *= factor[2];
      this.store(pixel, sample, occlusion);
    }
    this.buffer.lit[pixel] = this.wallLight(this.shadows.key);
    if (this.withoutPerson) this.buffer.litWithoutPerson[pixel] = this.wallLight(this.withoutPerson.key);
  }

  private wallLight(map: ShadowMap): number {
    return 256 * (1 - this.backdrop.shadowDepth * (1 - map.visibility(this.x, this.y, this.z, 0.4)));
  }

  private paintGround(pixel: number, dy: number): void {
    const { x, z, t } = this;
    const { zones, zoneAxis, groundOffset, walls, haze, sky } = this.backdrop;
    const across = x * zoneAxis[0] + z * zoneAxis[1];
    const along = x * zoneAxis[1] - z * zoneAxis[0];
    let zone = zones[0];
    for (let i = 1; i < zones.length && across > zones[i - 1].until; i++) zone = zones[i];
    const { texture, factor } = zone;
    // Between the footprint across the view and the longer one along it.
    const footprint = (t / this.camera.focalPx) * (1 + 0.22 / Math.max(0.04, -dy));
    fetch(
      texture,
      (across + groundOffset) / texture.size[0],
      along / texture.size[1],
      (TILE / texture.size[0]) * footprint,
    );
    const broad = this.variation[((along * 0.9) & 255) * TILE + ((across * 0.9) & 255)];
    let shade = 0.86 + broad * (0.28 / 255);
    for (let i = 0; i < walls.length; i++) {
      const wall = walls[i];
      const gap = x * wall.normal[0] + z * wall.normal[2] - wall.offset;
      if (gap < 8) shade *= 1 - 0.18 * Math.exp(-gap / 2.2);
    }
    const fog = walls.length > 0 ? 0 : 0.8 * (1 - Math.exp(-t / haze));
    for (let k = 0; k < 3; k++) {
      const own = sample[k] * factor[k] * shade;
      sample[k] = own + (sky.horizon[k] - own) * fog;
    }
    this.store(pixel, sample, 1);
    this.buffer.lit[pixel] = this.groundLight(this.shadows, x, z);
    if (this.withoutPerson) this.buffer.litWithoutPerson[pixel] = this.groundLight(this.withoutPerson, x, z);
  }

  private groundLight(shadows: BackgroundShadows, x: number, z: number): number {
    let shade = shadows.key.groundShade(x, z);
    if (shadows.scenery) shade = Math.max(shade, shadows.scenery.groundShade(x, z));
    return 256 * (1 - this.backdrop.shadowDepth * shade) * (1 - 0.5 * shadows.contact.groundShade(x, z));
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

  private paintSky(pixel: number, dx: number, dy: number, dz: number): void {
    const { sky } = this.backdrop;
    const azimuth = Math.atan2(dx, dz);
    const slope = dy / Math.sqrt(dx * dx + dz * dz);
    if (slope < sky.skyline(azimuth)) {
      this.store(pixel, sky.skylineColour, 1);
      return;
    }
    const height = Math.max(0, slope);
    const t = Math.min(1, height * 2.6) ** 0.6;
    let cloud = 0;
    if (sky.clouds > 0) {
      // Clouds lie on a plane overhead; towards the horizon they run together.
      const reach = 60 / (height + 0.12);
      // Twice around the map in a full turn, so that no seam shows.
      const u = azimuth * (TILE / Math.PI) + sky.cloudOffset;
      const v = reach * 0.9;
      const density = this.variationAt(u, v) / 255;
      cloud = Math.max(0, Math.min(1, (density - 1 + sky.clouds) * 3)) * Math.min(1, height * 6) * 0.75;
    }
    for (let k = 0; k < 3; k++) {
      const clear = sky.horizon[k] + (sky.zenith[k] - sky.horizon[k]) * t;
      sample[k] = clear + (248 - clear) * cloud;
    }
    this.store(pixel, sample, 1);
  }
}
