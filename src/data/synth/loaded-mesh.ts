// A coloured mesh as the rasteriser reads it: typed arrays that are kept from picture to picture.
import { LABEL } from './compose.js';
import { type ColouredMesh, VertexBuffer } from './raster.js';
import type { SceneMesh } from './types.js';

/** `to.set(from)`, which is many times slower for a plain array. */
function copy(from: readonly number[], to: Float32Array | Uint32Array | Uint8Array): void {
  for (let i = 0; i < from.length; i++) to[i] = from[i];
}

/** Holds one mesh at a time; arrays grow, never shrink, and may be longer than the mesh. */
export class LoadedMesh implements ColouredMesh {
  readonly vertices = new VertexBuffer();
  vertexCount = 0;
  triangleCount = 0;
  triangles = new Uint32Array(0);
  colours = new Float32Array(0);
  /** A label a triangle, from the object's id. */
  labels = new Uint8Array(0);
  openTriangles = new Uint8Array(0);
  /** Per vertex: highlight, whether both sides show, light from above (1 until cast). */
  shine = new Float32Array(0);
  twoSided = new Uint8Array(0);
  skyVisibility = new Float32Array(0);

  load(mesh: SceneMesh): this {
    this.vertexCount = mesh.positions.length / 3;
    this.triangleCount = mesh.triangles.length / 3;
    this.#reserve();
    copy(mesh.positions, this.vertices.world);
    copy(mesh.normals, this.vertices.normal);
    copy(mesh.triangles, this.triangles);
    copy(mesh.colours, this.colours);
    copy(mesh.gloss, this.shine);
    copy(mesh.twoSided, this.openTriangles);
    const { triangles, labels, twoSided, openTriangles } = this;
    const { objectIds } = mesh;
    twoSided.fill(0, 0, this.vertexCount);
    this.skyVisibility.fill(1, 0, this.vertexCount);
    for (let t = 0; t < this.triangleCount; t++) {
      labels[t] = objectIds[t] === 0 ? LABEL.scenery : LABEL.object + objectIds[t];
      if (openTriangles[t] === 1) for (let k = 3 * t; k < 3 * t + 3; k++) twoSided[triangles[k]] = 1;
    }
    return this;
  }

  #reserve(): void {
    this.vertices.reserve(this.vertexCount);
    if (this.shine.length < this.vertexCount) {
      const capacity = Math.ceil(this.vertexCount * 1.25);
      this.colours = new Float32Array(3 * capacity);
      this.shine = new Float32Array(capacity);
      this.twoSided = new Uint8Array(capacity);
      this.skyVisibility = new Float32Array(capacity);
    }
    if (this.labels.length < this.triangleCount) {
      const capacity = Math.ceil(this.triangleCount * 1.25);
      this.triangles = new Uint32Array(3 * capacity);
      this.labels = new Uint8Array(capacity);
      this.openTriangles = new Uint8Array(capacity);
    }
  }
}
