// Reads the subset of Wavefront OBJ that the body and garment meshes use: positions, texture places, faces, groups.
import { ContrappostoError } from '../../../core/errors.js';

export interface ObjMesh {
  /** Three a vertex. */
  positions: Float32Array;
  /** Two a texture place; v upwards as in the file. */
  uvs: Float32Array;
  /** Faces with any number of corners; indices from 0, `uv` is -1 where the file has none. */
  faces: { group: string; vertices: number[]; uvs: number[] }[];
}

/** @throws `corrupt-file` when the text has no vertices or a face names a vertex that is not there. */
export function parseObj(text: string, name: string): ObjMesh {
  const positions: number[] = [];
  const uvs: number[] = [];
  const faces: ObjMesh['faces'] = [];
  let group = '';
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields[0] === 'v') positions.push(Number(fields[1]), Number(fields[2]), Number(fields[3]));
    else if (fields[0] === 'vt') uvs.push(Number(fields[1]), Number(fields[2]));
    else if (fields[0] === 'g') group = fields[1] ?? '';
    else if (fields[0] === 'f') {
      const corners = fields.slice(1).map((corner) => corner.split('/').map((index) => Number(index) - 1));
      faces.push({ group, vertices: corners.map((c) => c[0]), uvs: corners.map((c) => c[1] ?? -1) });
    }
  }
  const count = positions.length / 3;
  const bad = faces.some((face) => face.vertices.some((v) => !(v >= 0 && v < count)));
  if (count === 0 || bad || positions.some(Number.isNaN)) {
    throw new ContrappostoError('corrupt-file', {
      operation: `read mesh "${name}"`,
      expected: 'a Wavefront OBJ file with vertices and faces',
      got: count === 0 ? 'no vertices' : 'a face or number that makes no sense',
    });
  }
  return { positions: Float32Array.from(positions), uvs: Float32Array.from(uvs), faces };
}

/** Splits faces into fans of triangles: vertex and texture indices, three a triangle. */
export function triangulate(faces: readonly ObjMesh['faces'][number][]): { vertices: number[]; uvs: number[] } {
  const vertices: number[] = [];
  const uvs: number[] = [];
  for (const face of faces) {
    for (let k = 1; k + 1 < face.vertices.length; k++) {
      vertices.push(face.vertices[0], face.vertices[k], face.vertices[k + 1]);
      uvs.push(face.uvs[0], face.uvs[k], face.uvs[k + 1]);
    }
  }
  return { vertices, uvs };
}
