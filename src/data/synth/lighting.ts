// Light of a scene: a key light, the sky (or the room) around, a weak fill from the camera, and the tables that turn them into factors.
import type { LightTable, VertexBuffer } from './raster.js';
import type { SceneRandom } from './scene-random.js';
import { normalise, type Vec3 } from './vector.js';

/** Light amounts are linear; a white surface under light 1 is white. */
export interface Lighting {
  /** Unit vector towards the key light (sun, window or ceiling lamp). */
  direction: Vec3;
  /** Key light on a surface that faces it. */
  key: number;
  /** Light from all around on a surface that faces upwards; below comes `bounce` of it. */
  ambient: number;
  bounce: number;
  /** Weak light from the camera, which keeps faces readable. */
  fill: number;
  keyTint: Vec3;
  ambientTint: Vec3;
  exposure: number;
}

/** Steps of a light table per unit of light. */
export const STEPS = 400;
const ENTRIES = 1024;
/** Coloured meshes keep ambient and key light in a byte each: 200 stands for light 1. */
export const BYTE_STEPS = 200;

/** Draws a light whose key comes mostly from the camera's side (`yaw`: where the camera stands around the person). */
export function chooseLighting(random: SceneRandom, { indoor, yaw }: { indoor: boolean; yaw: number }): Lighting {
  const side = random.sign() * random.between(0.25, random.chance(0.85) ? 1.15 : 2);
  const height = indoor ? random.between(0.75, 1.2) : random.between(0.55, 1.1);
  const angle = yaw + side;
  const warmth = random.between(-0.02, 0.07);
  const overcast = !indoor && random.chance(0.25);
  return {
    direction: normalise([Math.sin(angle) * Math.cos(height), Math.sin(height), Math.cos(angle) * Math.cos(height)]),
    key: overcast ? random.between(0.35, 0.5) : indoor ? random.between(0.42, 0.62) : random.between(0.68, 0.92),
    ambient: overcast ? random.between(0.5, 0.62) : indoor ? random.between(0.42, 0.54) : random.between(0.3, 0.42),
    bounce: random.between(0.5, 0.7),
    fill: random.between(0.1, 0.19),
    keyTint: [1 + warmth, 1, 1 - 1.3 * warmth],
    ambientTint: indoor ? [1 + warmth / 2, 1, 1 - warmth / 2] : [0.95, 0.99, 1.07],
    exposure: random.between(1, 1.16),
  };
}

/** sRGB factor of an amount of linear light, with a shoulder above 1 so that highlights do not clip at once. */
export function response(light: number): number {
  const factor = light ** (1 / 2.2);
  return factor < 0.9 ? factor : 0.9 + 0.35 * Math.tanh((factor - 0.9) / 0.35);
}

/**
 * Table of colour factors by light index (`STEPS` a unit). Little light is ambient and takes its tint, much is the
 * key's. `subsurface` reddens the terminator, as skin does.
 */
export function lightTable(lighting: Lighting, { subsurface = 0 }: { subsurface?: number } = {}): LightTable {
  const table = { red: new Int32Array(ENTRIES), green: new Int32Array(ENTRIES), blue: new Int32Array(ENTRIES) };
  for (let i = 0; i < ENTRIES; i++) {
    const light = i / STEPS;
    const factor = 256 * response(light * lighting.exposure);
    const t = Math.min(1, light / (lighting.ambient + lighting.key));
    const glow = subsurface * (1 - t) * t * 4;
    const tint = (k: number) => lighting.ambientTint[k] + (lighting.keyTint[k] - lighting.ambientTint[k]) * t;
    table.red[i] = factor * tint(0) * (1 + glow);
    table.green[i] = factor * tint(1) * (1 - 0.15 * glow);
    table.blue[i] = factor * tint(2) * (1 - 0.35 * glow);
  }
  return table;
}

/** Light on a flat surface, with all of the key light; RGB factors. */
export function planeLight(lighting: Lighting, normal: Vec3): Vec3 {
  const facing = Math.max(0, dot3(normal, lighting.direction));
  const around = lighting.ambient * (lighting.bounce + (1 - lighting.bounce) * (0.5 + 0.5 * normal[1]));
  const key = lighting.key * facing;
  const factor = response((around + key + lighting.fill * 0.5) * lighting.exposure);
  const t = key / (key + around);
  return [0, 1, 2].map(
    (k) => factor * (lighting.ambientTint[k] + (lighting.keyTint[k] - lighting.ambientTint[k]) * t),
  ) as unknown as Vec3;
}

const dot3 = (a: Vec3, b: Vec3) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** Lights the person's vertices (`normal` of any length) into `vertices.light`, as an index of a light table. */
export function lightPerson(
  vertices: VertexBuffer,
  count: number,
  options: { lighting: Lighting; eye: Vec3; keyVisibility: Float32Array; skyVisibility: Float32Array },
): void {
  const { world, normal, light } = vertices;
  const { lighting, eye, keyVisibility, skyVisibility } = options;
  const [lx, ly, lz] = lighting.direction;
  const { ambient, bounce, key, fill } = lighting;
  for (let i = 0; i < count; i++) {
    const nx = normal[3 * i];
    const ny = normal[3 * i + 1];
    const nz = normal[3 * i + 2];
    const scale = 1 / (Math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9);
    const vx = eye[0] - world[3 * i];
    const vy = eye[1] - world[3 * i + 1];
    const vz = eye[2] - world[3 * i + 2];
    let facing = ((nx * vx + ny * vy + nz * vz) * scale) / Math.sqrt(vx * vx + vy * vy + vz * vz);
    if (facing < 0) facing = 0;
    // A little wrap around the terminator stands for the size of the light.
    let lambert = ((nx * lx + ny * ly + nz * lz) * scale + 0.12) / 1.12;
    if (lambert < 0) lambert = 0;
    const sky = (bounce + (1 - bounce) * (0.5 + 0.5 * ny * scale)) * (0.5 + 0.5 * skyVisibility[i]);
    const total = ambient * sky + fill * facing + key * lambert * (0.08 + 0.92 * keyVisibility[i]);
    const index = total * STEPS;
    light[i] = Math.min(ENTRIES - 1, index);
  }
}

/** Lights a coloured mesh: ambient and key light in `BYTE_STEPS` a unit, and a highlight 0 to 255, all unshadowed. */
export function lightColoured(
  vertices: VertexBuffer,
  count: number,
  options: {
    lighting: Lighting;
    eye: Vec3;
    shine: ArrayLike<number>;
    twoSided: Uint8Array;
    skyVisibility: Float32Array;
  },
): void {
  const { world, normal, light, key: keyOut, gloss } = vertices;
  const { lighting, eye, shine, twoSided, skyVisibility } = options;
  const [lx, ly, lz] = lighting.direction;
  const { ambient, bounce, key, fill } = lighting;
  for (let i = 0; i < count; i++) {
    let nx = normal[3 * i];
    let ny = normal[3 * i + 1];
    let nz = normal[3 * i + 2];
    let vx = eye[0] - world[3 * i];
    let vy = eye[1] - world[3 * i + 1];
    let vz = eye[2] - world[3 * i + 2];
    const near = 1 / Math.sqrt(vx * vx + vy * vy + vz * vz);
    vx *= near;
    vy *= near;
    vz *= near;
    let facing = nx * vx + ny * vy + nz * vz;
    if (facing < 0) {
      if (twoSided[i] === 1) {
        nx = -nx;
        ny = -ny;
        nz = -nz;
        facing = -facing;
      } else facing = 0;
    }
    let lambert = (nx * lx + ny * ly + nz * lz + 0.08) / 1.08;
    if (lambert < 0) lambert = 0;
    const sky = (bounce + (1 - bounce) * (0.5 + 0.5 * ny)) * (0.45 + 0.55 * skyVisibility[i]);
    const around = (ambient * sky + fill * facing) * BYTE_STEPS;
    light[i] = Math.min(255, around);
    keyOut[i] = key * lambert * BYTE_STEPS;
    gloss[i] = 0;
    if (shine[i] > 0.05) {
      // Blinn's half vector, exponent 32 by squaring.
      const hx = lx + vx;
      const hy = ly + vy;
      const hz = lz + vz;
      let s = (nx * hx + ny * hy + nz * hz) / Math.sqrt(hx * hx + hy * hy + hz * hz);
      if (s > 0) {
        for (let k = 0; k < 5; k++) s *= s;
        gloss[i] = 200 * shine[i] * key * s;
      }
    }
  }
}
