// Defaults of a scene description, so that each scene states only what is special about it.
import { MeshBuilder } from '../mesh-builder.js';
import type { Focus, SceneBuilder, SceneDescription, SceneObject } from '../types.js';
import { add, mix, type Vec3 } from '../vector.js';
import { type Figure, outward, SIDES } from './figure.js';
import { groundsFor } from './season.js';

/** Object ids in a scene's mesh. */
export const TARGET = 2;
export const SUPPORT = 3;

/** Range of the lower edge of near pictures, as a share of the way from the hips to the knees. */
const CLOSE_DOWN_TO = [0.3, 0.85] as const;

export interface SceneEntry {
  name: string;
  /** Relative frequency. */
  weight: number;
  /** Verb and object of every triplet that it can show. */
  triplets: readonly (readonly [verb: string, object: string | null])[];
  /** Not for children. */
  adultsOnly?: boolean;
  /** Always in the snow: for people with covered arms and legs, and for them the more often. */
  inSnow?: boolean;
  build: SceneBuilder;
}

export interface SceneDraft {
  name: string;
  figure: Figure;
  mesh: MeshBuilder;
  verb: string;
  phrase: string;
  /** COCO category of the target, with its colour word. */
  target?: { category: string; colour?: string; word?: string };
  supports?: { category: string; colour?: string }[];
  /** Probability of a half-figure picture. */
  half?: number;
  /** Probability of a picture from the crown to the thighs or knees, where `half` did not apply; and how far the camera looks down, radians. */
  close?: { chance: number; pitch: readonly [number, number] };
  /** Probability of an indoor picture. */
  indoor?: number;
  grounds?: string[];
  yaw?: readonly [number, number];
  expression?: string;
}

export const ROADS = ['asphalt', 'paving', 'concrete'];

/** Camera range around the side on which something is seen best: `side` 1 is the person's left. */
export function yawTowards(side: number, centre: number, spread: number): [number, number] {
  return side > 0 ? [centre - spread, centre + spread] : [-centre - spread, -centre + spread];
}

/** Completes a draft; the pose is solved and the probabilities are drawn. */
export function describe(draft: SceneDraft): SceneDescription {
  const { figure, mesh, target, supports = [] } = draft;
  const random = figure.random.fork('describe');
  const objects: SceneObject[] = [];
  if (target) objects.push({ id: TARGET, role: 'target', ...target });
  supports.forEach((support, i) => {
    objects.push({ id: SUPPORT + i, role: 'support', ...support });
  });
  const half = random.chance(draft.half ?? 0);
  const close =
    draft.close && random.chance(draft.close.chance) ? closeView(figure, mesh, draft.close.pitch) : undefined;
  return {
    name: draft.name,
    pose: figure.pose.solve(),
    mesh,
    verb: draft.verb,
    object: target?.category ?? null,
    phrase: draft.phrase,
    objects,
    halfFigure: half || close !== undefined,
    indoor: random.chance(draft.indoor ?? 0),
    grounds: groundsFor(figure.pose.character.info, draft.grounds),
    yawRange: draft.yaw ?? [-1.2, 1.2],
    expression: draft.expression,
    ...(close && { focus: close }),
  };
}

/**
 * Frames the figure from the crown to somewhere between the middle of the thighs and the knees, arms and target included:
 * near enough to see what a small thing is, with hips and most often knees, by which one recognises a person.
 */
function closeView(figure: Figure, mesh: MeshBuilder, pitch: readonly [number, number]): Focus {
  const { pose, unit: u } = figure;
  const points: Vec3[] = [add(pose.tail('head'), [0, 0.5 * u, 0])];
  const down = figure.random.fork('near').between(...CLOSE_DOWN_TO);
  for (const side of SIDES) {
    const x = outward(side);
    const hip = pose.position(`upperleg01.${side}`);
    const knee = pose.position(`lowerleg01.${side}`);
    const sits = hip[1] - knee[1] < 2 * u;
    points.push(add(mix(hip, knee, sits ? 1 : down), [0, sits ? -u : -0.4 * u, 0]));
    for (const joint of ['lowerarm01', 'wrist'])
      points.push(add(pose.position(`${joint}.${side}`), [0.4 * x * u, 0, 0]));
  }
  mesh.objectIds.forEach((id, t) => {
    if (id !== TARGET) return;
    const v = 3 * mesh.triangles[3 * t];
    points.push([mesh.positions[v], mesh.positions[v + 1] - 0.2 * u, mesh.positions[v + 2]]);
  });
  return { points, fill: [0.88, 0.98], distance: [14, 28], pitch, cut: true };
}

/** An empty mesh whose triangles belong to the target until told otherwise. */
export function targetMesh(): MeshBuilder {
  const mesh = new MeshBuilder();
  mesh.objectId = TARGET;
  return mesh;
}

/** Draws triangles that belong to the n-th support. */
export function asSupport(mesh: MeshBuilder, draw: () => void, index = 0): void {
  const before = mesh.objectId;
  mesh.objectId = SUPPORT + index;
  draw();
  mesh.objectId = before;
}

/** Draws triangles that belong to no annotated object: a kite's line, a skier's poles. */
export function asProp(mesh: MeshBuilder, draw: () => void): void {
  const before = mesh.objectId;
  mesh.objectId = 0;
  draw();
  mesh.objectId = before;
}
