// The things of a scene that stay when what the person uses is taken away.
import type { SceneDescription, SceneMesh } from './types.js';

/**
 * The mesh without the triangles of target objects, `null` where there are none. Its vertices all stay, so that maps
 * which are fitted to them, and with them every shadow that is left, stay the same.
 */
export function withoutTargets({ mesh, objects }: SceneDescription): SceneMesh | null {
  const targets = new Set(objects.filter(({ role }) => role === 'target').map(({ id }) => id));
  if (targets.size === 0) return null;
  const { positions, normals, colours, gloss } = mesh;
  const isKept = (_: unknown, triangle: number) => !targets.has(mesh.objectIds[triangle]);
  return {
    positions,
    normals,
    colours,
    gloss,
    triangles: mesh.triangles.filter((_, i) => isKept(_, Math.floor(i / 3))),
    objectIds: mesh.objectIds.filter(isKept),
    twoSided: mesh.twoSided.filter(isKept),
  };
}
