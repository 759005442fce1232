// Defaults of a scene description, so that each scene states only what is special about it.
import { MeshBuilder } from '../mesh-builder.js';
import type { SceneBuilder, SceneDescription, SceneObject } from '../types.js';
import type { Figure } from './figure.js';

/** Object ids in a scene's mesh. */
export const TARGET = 2;
export const SUPPORT = 3;

export interface SceneEntry {
  name: string;
  /** Relative frequency. */
  weight: number;
  /** Verb and object of every triplet that it can show. */
  triplets: readonly (readonly [verb: string, object: string | null])[];
  /** Not for children. */
  adultsOnly?: boolean;
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
  return {
    name: draft.name,
    pose: figure.pose.solve(),
    mesh,
    verb: draft.verb,
    object: target?.category ?? null,
    phrase: draft.phrase,
    objects,
    halfFigure: random.chance(draft.half ?? 0),
    indoor: random.chance(draft.indoor ?? 0),
    grounds: draft.grounds,
    yawRange: draft.yaw ?? [-1.2, 1.2],
    expression: draft.expression,
  };
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
