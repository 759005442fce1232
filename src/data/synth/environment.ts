// The place of a scene: ground, walls or sky, light, and what stands around, drawn to suit the camera's view.
import type { Backdrop, GroundZone, Wall } from './backdrop.js';
import type { Camera } from './camera.js';
import * as furniture from './furniture.js';
import { type GroundTextureName, groundTexture, isGroundTexture } from './ground-textures.js';
import { chooseLighting, type Lighting, planeLight } from './lighting.js';
import { MeshBuilder } from './mesh-builder.js';
import { OUTDOOR_PLACES, type OutdoorPlace } from './places.js';
import type { SceneRandom } from './scene-random.js';
import { addScaled, dot, normalise, scale, type Vec3 } from './vector.js';

export interface Environment {
  /** Words for the place, e.g. `in a park`. */
  place: string;
  ground: string;
  indoor: boolean;
  lighting: Lighting;
  backdrop: Backdrop;
  scenery: MeshBuilder;
}

export interface EnvironmentOptions {
  camera: Camera;
  indoor: boolean;
  /** Names of grounds that suit the scene. */
  grounds?: readonly string[];
  /** How far person and objects reach in a horizontal direction, as dot product with it. */
  reach: (direction: Vec3) => number;
}

const ROOMS: readonly { place: string; grounds: GroundTextureName[]; walls: GroundTextureName[] }[] = [
  {
    place: 'in a living room',
    grounds: ['planks', 'parquet', 'carpet'],
    walls: ['plaster', 'plaster', 'wallpaper', 'panelling'],
  },
  { place: 'in a kitchen', grounds: ['tiles', 'checker', 'planks'], walls: ['wall-tiles', 'plaster'] },
  { place: 'in an office', grounds: ['carpet', 'parquet', 'tiles'], walls: ['plaster', 'plaster', 'blocks'] },
  {
    place: 'in a hall',
    grounds: ['checker', 'tiles', 'concrete', 'parquet'],
    walls: ['plaster', 'painted-brick', 'panelling', 'brick'],
  },
];
/** Wall paints as factors on the white plaster. */
const PAINTS: readonly Vec3[] = [
  [1, 1, 1],
  [1, 0.97, 0.9],
  [0.86, 0.93, 0.97],
  [0.88, 0.95, 0.86],
  [0.98, 0.88, 0.84],
  [0.98, 0.92, 0.72],
  [0.72, 0.8, 0.86],
  [0.82, 0.78, 0.9],
  [0.66, 0.74, 0.68],
  [0.9, 0.62, 0.54],
];

const times = (a: Vec3, b: Vec3): Vec3 => [a[0] * b[0], a[1] * b[1], a[2] * b[2]];

function tinted(random: SceneRandom, amount: number): Vec3 {
  const bright = 1 + random.normal(amount);
  return [0, 1, 2].map(() => bright * (1 + random.normal(amount / 3))) as unknown as Vec3;
}

export function chooseEnvironment(random: SceneRandom, options: EnvironmentOptions): Environment {
  const { camera, indoor } = options;
  const lighting = chooseLighting(random.fork('light'), { indoor, yaw: camera.yaw });
  const wanted = (options.grounds ?? []).filter(isGroundTexture);
  return indoor
    ? room(random.fork('room'), { ...options, lighting, wanted })
    : outdoors(random.fork('outdoors'), { ...options, lighting, wanted });
}

interface PlaceOptions extends EnvironmentOptions {
  lighting: Lighting;
  wanted: GroundTextureName[];
}

const flat = (v: Vec3): Vec3 => normalise([v[0], 0, v[2]]);

function groundZone(name: GroundTextureName, lighting: Lighting, tint: Vec3): GroundZone {
  return { texture: groundTexture(name), factor: times(planeLight(lighting, [0, 1, 0]), tint), until: Infinity };
}

/** sRGB factor that full shadow takes from a surface that faces upwards. */
function shadowDepth({ key, ambient, direction }: Lighting): number {
  const lit = ambient + key * direction[1];
  return 1 - (ambient / lit) ** (1 / 2.2);
}

function makeWall(
  normal: Vec3,
  offset: number,
  options: { lighting: Lighting; name: GroundTextureName; tint: Vec3; skirting: number },
): Wall {
  const light = planeLight(options.lighting, normal);
  return {
    normal,
    offset,
    texture: groundTexture(options.name),
    factor: times(light, options.tint),
    skirting: options.skirting,
    skirtingColour: scale(light, 228),
  };
}

function room(random: SceneRandom, options: PlaceOptions): Environment {
  const { camera, lighting, wanted, reach } = options;
  const fitting = ROOMS.filter((r) => wanted.length === 0 || r.grounds.some((g) => wanted.includes(g)));
  const kind = random.pick(fitting.length > 0 ? fitting : ROOMS);
  const suitable = kind.grounds.filter((g) => wanted.includes(g));
  const ground = random.pick(suitable.length > 0 ? suitable : kind.grounds);
  const name = random.pick(kind.walls);
  const tint =
    name === 'plaster' || name === 'wallpaper'
      ? times(random.pick(PAINTS), tinted(random, 0.04))
      : tinted(random, 0.06);
  const turn = random.normal(0.25);
  const back = flat(scale(camera.forward, -1));
  const normal: Vec3 = [
    back[0] * Math.cos(turn) + back[2] * Math.sin(turn),
    0,
    back[2] * Math.cos(turn) - back[0] * Math.sin(turn),
  ];
  const behind = reach(scale(normal, -1)) + random.between(3, 26);
  const skirting = random.chance(0.85) ? random.between(0.7, 1.2) : 0;
  const walls = [makeWall(normal, -behind, { lighting, name, tint, skirting })];
  const mesh = new MeshBuilder();
  mesh.objectId = 0;
  if (random.chance(0.45)) {
    const side = random.sign();
    const sideways: Vec3 = [side * normal[2], 0, -side * normal[0]];
    const visible = halfWidth(camera, dot(scale(camera.eye, -1), flat(camera.forward)) + behind);
    const gap =
      Math.max(reach(scale(sideways, -1)), dot(camera.eye, scale(sideways, -1)), 0) +
      random.between(4, Math.max(6, visible));
    walls.push(makeWall(sideways, -gap, { lighting, name, tint, skirting }));
  }
  furnish(random.fork('furniture'), { walls, mesh, camera, behind });
  const zone = groundZone(ground, lighting, tinted(random, 0.08));
  return {
    place: kind.place,
    ground,
    indoor: true,
    lighting,
    scenery: mesh,
    backdrop: {
      zones: [zone],
      zoneAxis: [normal[0], normal[2]],
      groundOffset: random.between(0, 60),
      walls,
      ceiling: { height: random.between(26, 32), colour: scale(planeLight(lighting, [0, -1, 0]), 250) },
      sky: plainSky(),
      haze: 1e6,
      shadowDepth: 0.85 * shadowDepth(lighting),
    },
  };
}

/** Half the width that the camera sees at a distance. */
const halfWidth = (camera: Camera, distance: number) => (camera.widthPx / 2 / camera.focalPx) * Math.max(5, distance);

const WALL_PIECES = [
  [furniture.picture, 3, 4],
  [furniture.door, 1.4, 6],
  [furniture.window, 2, 8],
  [furniture.cabinet, 1.6, 8],
  [furniture.bookshelf, 1.2, 6],
  [furniture.floorLamp, 0.8, 3],
  [furniture.radiator, 0.6, 6],
] as const;

/** Puts pieces along the back wall, none overlapping another. */
function furnish(
  random: SceneRandom,
  options: { walls: Wall[]; mesh: MeshBuilder; camera: Camera; behind: number },
): void {
  const { walls, mesh, camera, behind } = options;
  const [wall] = walls;
  const along: Vec3 = [wall.normal[2], 0, -wall.normal[0]];
  const frame = furniture.wallFrame(scale(wall.normal, wall.offset), wall.normal, { mesh, random });
  const distance = dot(scale(camera.eye, -1), flat(camera.forward)) + behind;
  const centre = dot(addScaled(camera.eye, flat(camera.forward), distance), along);
  const width = halfWidth(camera, distance) + 4;
  const taken: [number, number][] = [];
  // A side wall cuts the back wall off.
  for (const side of walls.slice(1)) {
    const towards = Math.sign(dot(side.normal, along));
    taken.push(towards > 0 ? [-1e6, towards * side.offset] : [towards * side.offset, 1e6]);
  }
  for (let attempt = random.int(5); attempt > 0; attempt--) {
    const [draw, , half] = random.weighted(WALL_PIECES.map((piece) => [piece, piece[1]] as const));
    const a = centre + random.between(-width, width);
    const deep = draw !== furniture.picture && draw !== furniture.door && draw !== furniture.window;
    if (deep && behind < 8) continue;
    if (taken.some(([from, to]) => a + half > from && a - half < to)) continue;
    taken.push([a - half, a + half]);
    draw(frame, a);
  }
}

function plainSky(): Backdrop['sky'] {
  const grey: Vec3 = [200, 204, 208];
  return {
    zenith: grey,
    horizon: grey,
    clouds: 0,
    cloudOffset: 0,
    skyline: () => -1,
    skylineTop: -1,
    skylineColour: grey,
  };
}

const SKIES: readonly [Vec3, Vec3][] = [
  [
    [58, 122, 210],
    [178, 210, 240],
  ],
  [
    [82, 148, 224],
    [200, 224, 244],
  ],
  [
    [160, 172, 186],
    [212, 216, 220],
  ],
  [
    [64, 120, 200],
    [238, 220, 192],
  ],
  [
    [112, 164, 216],
    [234, 232, 222],
  ],
];

function chooseSky(random: SceneRandom, skyline: OutdoorPlace['skyline']): Backdrop['sky'] {
  const [zenith, horizon] = random.pick(SKIES);
  const phase = random.between(0, 100);
  const kind = random.pick(skyline);
  const profiles = {
    trees: (a: number) =>
      0.045 +
      0.018 * Math.sin(a * 31 + phase) +
      0.012 * Math.sin(a * 83 + 2 * phase) +
      0.007 * Math.sin(a * 190) +
      0.004 * Math.sin(a * 430),
    hills: (a: number) => 0.04 + 0.025 * Math.sin(a * 4 + phase) + 0.012 * Math.sin(a * 11 + 2 * phase),
    city: (a: number) => {
      const block = Math.floor(a * 26 + phase);
      const noise = Math.sin(block * 127.1) * 43758.5453;
      return 0.03 + 0.12 * (noise - Math.floor(noise));
    },
    none: () => -1,
  };
  const colours: Record<keyof typeof profiles, Vec3> = {
    trees: [84, 108, 78],
    hills: [120, 140, 146],
    city: [140, 148, 160],
    none: horizon,
  };
  const skylineColour = [0, 1, 2].map((k) => colours[kind][k] * 0.65 + horizon[k] * 0.35) as unknown as Vec3;
  return {
    zenith,
    horizon,
    clouds: random.chance(0.7) ? random.between(0.3, 0.75) : 0,
    cloudOffset: random.between(0, 255),
    skyline: profiles[kind],
    skylineTop: { trees: 0.086, hills: 0.077, city: 0.15, none: -1 }[kind],
    skylineColour,
  };
}

function outdoors(random: SceneRandom, options: PlaceOptions): Environment {
  const { camera, lighting, wanted, reach } = options;
  const fitting = OUTDOOR_PLACES.filter((p) => wanted.length === 0 || p.grounds.some((g) => wanted.includes(g)));
  const place = random.weighted((fitting.length > 0 ? fitting : OUTDOOR_PLACES).map((p) => [p, p.weight] as const));
  const suitable = place.grounds.filter((g) => wanted.includes(g));
  const ground = random.pick(suitable.length > 0 ? suitable : place.grounds);
  const sky = chooseSky(random.fork('sky'), place.skyline);
  const haze = random.between(700, 2200);
  const mesh = new MeshBuilder();
  mesh.objectId = 0;
  mesh.shine = 0;
  const away = flat(camera.forward);
  const sideways: Vec3 = [-away[2], 0, away[0]];
  const turn = random.normal(0.3);
  const axis: Vec3 = [
    away[0] * Math.cos(turn) + away[2] * Math.sin(turn),
    0,
    away[2] * Math.cos(turn) - away[0] * Math.sin(turn),
  ];
  const clear = Math.max(8, reach(axis));
  const start = dot(camera.eye, scale(away, -1));
  const layout = place.layout({
    random: random.fork('layout'),
    clear,
    axis,
    away,
    halfWidthAt: (depth) => halfWidth(camera, depth + start),
    sideways,
    context: { mesh, random: random.fork('scenery') },
  });
  const zones = layout.zones.map((zone) => ({
    ...groundZone(zone.texture === 'ground' ? ground : zone.texture, lighting, zone.tint ?? tinted(random, 0.06)),
    until: zone.until,
  }));
  const walls = layout.wall
    ? [
        makeWall(scale(axis, -1), -layout.wall.distance, {
          lighting,
          name: layout.wall.texture,
          tint: tinted(random, 0.06),
          skirting: 0,
        }),
      ]
    : [];
  haziness(mesh, { eye: camera.eye, horizon: sky.horizon, haze });
  return {
    place: place.place,
    ground,
    indoor: false,
    lighting,
    scenery: mesh,
    backdrop: {
      zones,
      zoneAxis: [axis[0], axis[2]],
      groundOffset: random.between(0, 60),
      walls,
      ceiling: null,
      sky,
      haze,
      shadowDepth: shadowDepth(lighting),
    },
  };
}

/** Fades far vertices into the horizon as the ground does. */
function haziness(mesh: MeshBuilder, options: { eye: Vec3; horizon: Vec3; haze: number }): void {
  const { eye, horizon, haze } = options;
  const { positions, colours } = mesh;
  for (let i = 0; i < positions.length; i += 3) {
    const dx = positions[i] - eye[0];
    const dy = positions[i + 1] - eye[1];
    const dz = positions[i + 2] - eye[2];
    const distance = Math.sqrt(dx * dx + dy * dy + dz * dz);
    const fog = 0.75 * (1 - Math.exp(-distance / haze));
    for (let k = 0; k < 3; k++) colours[i + k] += (horizon[k] - colours[i + k]) * fog;
  }
}
