// Outdoor places: which grounds lie one behind the other, and what grows or stands there.
import type { GroundTextureName } from './ground-textures.js';
import type { SceneRandom } from './scene-random.js';
import { building, bush, conifer, fence, hedge, lampPost, type SceneryContext, tree } from './scenery.js';
import { addScaled, scale, type Vec3 } from './vector.js';

export interface LayoutContext {
  random: SceneRandom;
  context: SceneryContext;
  /** Distance behind the origin from which on nothing of the scene stands in the way. */
  clear: number;
  /** Horizontal unit vectors: the zones' axis (roughly away from the camera), away from the camera, and to its right. */
  axis: Vec3;
  away: Vec3;
  sideways: Vec3;
  /** Half of the visible width at a depth behind the origin. */
  halfWidthAt: (depth: number) => number;
}

export interface Layout {
  /** Zones by increasing distance along the axis; `ground` stands for the place's drawn ground. */
  zones: { texture: GroundTextureName | 'ground'; until: number; tint?: Vec3 }[];
  wall?: { texture: GroundTextureName; distance: number };
}

export interface OutdoorPlace {
  place: string;
  weight: number;
  grounds: GroundTextureName[];
  skyline: ('trees' | 'hills' | 'city' | 'none')[];
  layout: (context: LayoutContext) => Layout;
}

/** A ground point at `depth` behind the origin, `lateral` (-1 to 1 spans the view) to the right. */
function point(layout: LayoutContext, lateral: number, depth: number): Vec3 {
  return addScaled(scale(layout.away, depth), layout.sideways, lateral * layout.halfWidthAt(depth));
}

/** Calls `draw` for up to `most` points spread over the view between two depths. */
function scatter(
  layout: LayoutContext,
  options: { most: number; from: number; to: number; draw: (context: SceneryContext, at: Vec3) => void },
): void {
  const { random } = layout;
  for (let left = random.int(options.most + 1); left > 0; left--) {
    const depth = layout.clear + random.between(options.from, options.to);
    options.draw(layout.context, point(layout, random.between(-1.15, 1.15), depth));
  }
}

/** A row of buildings across the view whose fronts look back at the camera. */
function street(layout: LayoutContext, distance: number): void {
  const { random, axis, context } = layout;
  const facing = Math.atan2(-axis[0], -axis[2]);
  const across: Vec3 = [-axis[2], 0, axis[0]];
  const reach = layout.halfWidthAt(distance) + 60;
  for (let x = -reach + random.between(-40, 20); x < reach; x += random.between(150, 190)) {
    building(context, addScaled(scale(axis, distance + random.between(0, 14)), across, x), facing);
  }
}

const WHITE: Vec3 = [1.9, 1.9, 1.9];

export const OUTDOOR_PLACES: readonly OutdoorPlace[] = [
  {
    place: 'in a park',
    weight: 3,
    grounds: ['grass', 'grass', 'meadow', 'dirt'],
    skyline: ['trees', 'trees', 'hills', 'city'],
    layout: (layout) => {
      const { random, clear } = layout;
      scatter(layout, { most: 4, from: 20, to: 200, draw: tree });
      scatter(layout, { most: 3, from: 18, to: 90, draw: bush });
      if (random.chance(0.25))
        hedge(layout.context, scale(layout.axis, clear + random.between(30, 90)), layout.sideways);
      if (random.chance(0.55)) {
        const path = clear + random.between(2, 40);
        const texture = random.pick<GroundTextureName>(['dirt', 'sand', 'asphalt', 'paving']);
        return {
          zones: [
            { texture: 'ground', until: path },
            { texture, until: path + random.between(14, 30) },
            { texture: 'ground', until: Infinity },
          ],
        };
      }
      return { zones: [{ texture: 'ground', until: Infinity }] };
    },
  },
  {
    place: 'on a street',
    weight: 2.6,
    grounds: ['asphalt', 'paving', 'concrete', 'cobbles'],
    skyline: ['city', 'city', 'trees', 'none'],
    layout: (layout) => {
      const { random, clear } = layout;
      const distance = clear + random.between(60, 170);
      street(layout, distance);
      scatter(layout, { most: 2, from: 25, to: 50, draw: tree });
      scatter(layout, { most: 1, from: 10, to: 40, draw: lampPost });
      const kerb = clear + random.between(4, 22);
      const road = Math.min(kerb + random.between(45, 70), distance - 12);
      return {
        zones: [
          { texture: 'ground', until: kerb },
          { texture: 'concrete', until: kerb + 1.6, tint: [1.08, 1.08, 1.08] },
          { texture: 'asphalt', until: (kerb + road) / 2 - 0.8 },
          { texture: 'asphalt', until: (kerb + road) / 2 + 0.8, tint: WHITE },
          { texture: 'asphalt', until: road },
          { texture: 'paving', until: Infinity },
        ],
      };
    },
  },
  {
    place: 'on a square',
    weight: 1.2,
    grounds: ['paving', 'cobbles', 'concrete', 'asphalt'],
    skyline: ['city', 'trees'],
    layout: (layout) => {
      street(layout, layout.clear + layout.random.between(110, 260));
      scatter(layout, { most: 3, from: 30, to: 120, draw: tree });
      scatter(layout, { most: 2, from: 20, to: 90, draw: lampPost });
      return { zones: [{ texture: 'ground', until: Infinity }] };
    },
  },
  {
    place: 'at the beach',
    weight: 1,
    grounds: ['sand'],
    skyline: ['none', 'none', 'hills'],
    layout: ({ random, clear }) => {
      const shore = clear + random.between(10, 80);
      return {
        zones: [
          { texture: 'ground', until: shore },
          { texture: 'sand', until: shore + 8, tint: [0.82, 0.8, 0.78] },
          { texture: 'snow', until: shore + 10.5 },
          { texture: 'water', until: Infinity },
        ],
      };
    },
  },
  {
    place: 'on a sports court',
    weight: 1,
    grounds: ['court', 'clay-court', 'asphalt', 'grass'],
    skyline: ['trees', 'city'],
    layout: (layout) => {
      const { random, clear } = layout;
      const line = clear + random.between(2, 30);
      const edge = line + random.between(15, 60);
      if (random.chance(0.6)) fence(layout.context, scale(layout.axis, edge + 12), layout.sideways);
      scatter(layout, { most: 3, from: edge - clear + 20, to: edge - clear + 160, draw: tree });
      return {
        zones: [
          { texture: 'ground', until: line, tint: [1, 1, 1] },
          { texture: 'snow', until: line + 0.8 },
          { texture: 'ground', until: edge, tint: [1, 1, 1] },
          { texture: 'grass', until: Infinity },
        ],
      };
    },
  },
  {
    place: 'in the snow',
    weight: 0.7,
    grounds: ['snow'],
    skyline: ['hills', 'trees'],
    layout: (layout) => {
      scatter(layout, { most: 6, from: 20, to: 260, draw: conifer });
      return { zones: [{ texture: 'ground', until: Infinity }] };
    },
  },
  {
    place: 'in a garden',
    weight: 1.2,
    grounds: ['grass', 'paving', 'concrete'],
    skyline: ['trees', 'none'],
    layout: (layout) => {
      const { random, clear } = layout;
      const border = clear + random.between(25, 90);
      if (random.chance(0.6)) fence(layout.context, scale(layout.axis, border), layout.sideways);
      else hedge(layout.context, scale(layout.axis, border), layout.sideways);
      scatter(layout, { most: 3, from: 18, to: 80, draw: bush });
      scatter(layout, { most: 2, from: border - clear + 15, to: border - clear + 120, draw: tree });
      if (random.chance(0.5)) street(layout, border + random.between(50, 120));
      return { zones: [{ texture: 'ground', until: Infinity }] };
    },
  },
  {
    place: 'in front of a wall',
    weight: 1.6,
    grounds: ['paving', 'asphalt', 'concrete', 'grass', 'cobbles', 'dirt'],
    skyline: ['none'],
    layout: (layout) => {
      const { random, clear } = layout;
      const texture = random.pick<GroundTextureName>([
        'brick',
        'brick',
        'painted-brick',
        'blocks',
        'siding',
        'plaster',
      ]);
      if (random.chance(0.4)) scatter(layout, { most: 2, from: 4, to: 9, draw: bush });
      return {
        zones: [{ texture: 'ground', until: Infinity }],
        wall: { texture, distance: clear + random.between(10, 40) },
      };
    },
  },
];
