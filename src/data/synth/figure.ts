// From a pose to the vertices that are drawn: skinning, expression, normals, and which triangles are hands and face.
import { LABEL } from './compose.js';
import type { Pose } from './pose.js';
import type { VertexBuffer } from './raster.js';
import type { Character, Expression } from './types.js';

let offsets = new Float32Array(0);

/** Fills `vertices.world` by linear blend skinning; `expression` moves the rest positions first. */
export function skin(pose: Pose, vertices: VertexBuffer, expression?: Expression): void {
  const { positions, boneIds, boneWeights, vertexCount } = pose.character;
  vertices.reserve(vertexCount);
  if (offsets.length < positions.length) offsets = new Float32Array(positions.length);
  offsets.set(positions);
  if (expression) {
    for (let i = 0; i < expression.vertices.length; i++) {
      const at = 3 * expression.vertices[i];
      for (let k = 0; k < 3; k++) offsets[at + k] += expression.offsets[3 * i + k];
    }
  }
  const m = pose.boneMatrices();
  const { world } = vertices;
  for (let i = 0; i < vertexCount; i++) {
    const x = offsets[3 * i];
    const y = offsets[3 * i + 1];
    const z = offsets[3 * i + 2];
    let wx = 0;
    let wy = 0;
    let wz = 0;
    for (let k = 4 * i; k < 4 * i + 4; k++) {
      const w = boneWeights[k];
      if (w === 0) break;
      const o = boneIds[k] * 12;
      wx += w * (m[o] * x + m[o + 1] * y + m[o + 2] * z + m[o + 3]);
      wy += w * (m[o + 4] * x + m[o + 5] * y + m[o + 6] * z + m[o + 7]);
      wz += w * (m[o + 8] * x + m[o + 9] * y + m[o + 10] * z + m[o + 11]);
    }
    world[3 * i] = wx;
    world[3 * i + 1] = wy;
    world[3 * i + 2] = wz;
  }
}

/** Vertex normals (area weighted, not of unit length) of the posed figure. */
export function figureNormals(character: Character, vertices: VertexBuffer): void {
  const { triangles, triangleCount, vertexCount } = character;
  const { world: w, normal: n } = vertices;
  n.fill(0, 0, vertexCount * 3);
  for (let t = 0; t < 3 * triangleCount; t += 3) {
    const a = 3 * triangles[t];
    const b = 3 * triangles[t + 1];
    const c = 3 * triangles[t + 2];
    const ax = w[b] - w[a];
    const ay = w[b + 1] - w[a + 1];
    const az = w[b + 2] - w[a + 2];
    const bx = w[c] - w[a];
    const by = w[c + 1] - w[a + 1];
    const bz = w[c + 2] - w[a + 2];
    const x = ay * bz - az * by;
    const y = az * bx - ax * bz;
    const z = ax * by - ay * bx;
    n[a] += x;
    n[a + 1] += y;
    n[a + 2] += z;
    n[b] += x;
    n[b + 1] += y;
    n[b + 2] += z;
    n[c] += x;
    n[c + 1] += y;
    n[c + 2] += z;
  }
}

const labelsOf = new WeakMap<Character, Uint8Array>();

/** A label a triangle: left and right hand by their bones, the face by its place at rest, the rest of the person. */
export function figureLabels(character: Character): Uint8Array {
  const known = labelsOf.get(character);
  if (known) return known;
  const { triangles, triangleCount, boneIds, boneNames, parts } = character;
  const hand = boneNames.map((name) => {
    const match = /^(?:wrist|metacarpal.*|finger.*)\.([LR])$/.exec(name);
    return match ? (match[1] === 'L' ? LABEL.leftHand : LABEL.rightHand) : 0;
  });
  const inFace = faceTest(character);
  const labels = new Uint8Array(triangleCount).fill(LABEL.person);
  for (const part of parts) {
    if (!['body', 'eyes', 'brows', 'lashes', 'teeth'].includes(part.kind)) continue;
    for (let t = part.firstTriangle; t < part.endTriangle; t++) {
      const a = triangles[3 * t];
      const b = triangles[3 * t + 1];
      const c = triangles[3 * t + 2];
      const [sideA, sideB, sideC] = [hand[boneIds[4 * a]], hand[boneIds[4 * b]], hand[boneIds[4 * c]]];
      // At least two corners on a hand.
      const side = Math.max(sideA, sideB, sideC);
      if (part.kind === 'body' && sideA + sideB + sideC > side) labels[t] = side;
      else if (inFace(a) && inFace(b) && inFace(c)) labels[t] = LABEL.face;
    }
  }
  labelsOf.set(character, labels);
  return labels;
}

/** Whether a vertex at rest lies in front of the ears, between chin and forehead. */
function faceTest({ positions, landmarks }: Character): (vertex: number) => boolean {
  const at = (k: number) => [0, 1, 2].map((axis) => positions[3 * landmarks.face[k] + axis]);
  const chin = at(8)[1];
  const brow = (at(19)[1] + at(24)[1]) / 2;
  const ears = (at(0)[2] + at(16)[2]) / 2;
  const left = Math.min(at(0)[0], at(16)[0]) - 0.05;
  const right = Math.max(at(0)[0], at(16)[0]) + 0.05;
  return (v) => {
    const x = positions[3 * v];
    const y = positions[3 * v + 1];
    const z = positions[3 * v + 2];
    return x > left && x < right && y > chin - 0.03 && y < brow + 0.45 * (brow - chin) && z > ears - 0.05;
  };
}
