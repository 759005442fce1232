// The plain place of catalogue pictures: a light backdrop that runs from the floor into the wall, and soft light.
import type { Camera } from './camera.js';
import type { Environment } from './environment.js';
import { type GroundTexture, repeating, TILE } from './ground-textures.js';
import { chooseLighting } from './lighting.js';
import { MeshBuilder } from './mesh-builder.js';
import type { SceneRandom } from './scene-random.js';
import { normalise, scale, type Vec3 } from './vector.js';

/** Papers of a backdrop, RGB. */
const PAPERS: readonly Vec3[] = [
  [246, 246, 246],
  [240, 240, 242],
  [228, 229, 231],
  [214, 216, 219],
  [240, 235, 226],
  [224, 231, 236],
];

let paper: GroundTexture | undefined;

/** A white texture; its tint comes from the surface that wears it. */
function whitePaper(): GroundTexture {
  paper ??= repeating(new Uint8Array(TILE * TILE * 3).fill(255), [40, 40]);
  return paper;
}

export function studio(random: SceneRandom, { camera }: { camera: Camera }): Environment {
  const drawn = chooseLighting(random.fork('light'), { indoor: true, yaw: camera.yaw });
  const lighting = { ...drawn, key: 0.4, ambient: 0.6, keyTint: [1, 1, 1] as Vec3, ambientTint: [1, 1, 1] as Vec3 };
  // The same light on floor and wall: the seam of a backdrop is a curve that nobody sees.
  const colour = scale(random.pick(PAPERS), 1 / 255);
  const normal = normalise([-camera.forward[0], 0, -camera.forward[2]]);
  const surface = { texture: whitePaper(), factor: colour };
  return {
    place: random.pick(['in front of a plain background', 'in a studio']),
    ground: 'paper',
    indoor: true,
    lighting,
    scenery: new MeshBuilder(),
    backdrop: {
      zones: [{ ...surface, until: Infinity }],
      zoneAxis: [normal[0], normal[2]],
      groundOffset: 0,
      walls: [{ ...surface, normal, offset: -random.between(12, 30), skirting: 0, skirtingColour: colour }],
      ceiling: null,
      sky: {
        zenith: [235, 235, 235],
        horizon: [235, 235, 235],
        clouds: 0,
        cloudOffset: 0,
        skyline: () => -1,
        skylineTop: -1,
        skylineColour: [235, 235, 235],
      },
      haze: 1e6,
      shadowDepth: random.between(0.2, 0.35),
    },
  };
}
