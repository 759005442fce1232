// What stands behind the meshes of a scene: ground zones, walls, ceiling and sky, as the background painter reads them.
import type { GroundTexture } from './ground-textures.js';
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
  /** No skyline reaches above this slope. */
  skylineTop: number;
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
