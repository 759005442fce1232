// Draws one described scene: frames it, chooses its place and light, casts shadows and fills the layers of a picture.
import { BackgroundBuffer, fillBackground } from './background.js';
import { type Camera, chooseCamera, projectVertices } from './camera.js';
import { type Composition, compose, LABEL, markNeeded } from './compose.js';
import { depthMap } from './depth.js';
import { chooseEnvironment, type Environment } from './environment.js';
import { figureLabels, figureNormals, skin } from './figure.js';
import { focusCamera } from './focus-camera.js';
import { lightColoured, lightPerson, lightTable } from './lighting.js';
import { LoadedMesh } from './loaded-mesh.js';
import { drawColoured, drawTextured, SampleLayer, VertexBuffer } from './raster.js';
import type { SceneRandom } from './scene-random.js';
import { ShadowMap } from './shadow.js';
import { studio } from './studio.js';
import type { Appearance, Expression, PictureSize, SceneDescription } from './types.js';
import { withoutTargets } from './without-targets.js';

/** Texels of the maps: key light on the figure, occlusion from above, key light on the scenery. */
const MAP_SIDES = { key: 256, contact: 112, scenery: 160 } as const;
const HANDS = [LABEL.leftHand, LABEL.rightHand] as const;
/** Scenery farther away than this (units) casts no shadow. */
const SCENERY_SHADOW_RANGE = 170;

export interface PictureRequest {
  description: SceneDescription;
  appearance: Appearance;
  expression?: Expression;
  random: SceneRandom;
  /** Also draw the picture without the person. */
  personFree: boolean;
  /** Also draw the picture without what the person uses. */
  objectFree?: boolean;
  /** Also give the depth map. */
  depth?: boolean;
}

export interface DrawnPicture extends Composition {
  camera: Camera;
  environment: Environment;
  halfFigure: boolean;
  /** RGB without the target objects and their shadows; absent where there are none. */
  objectFree?: Uint8Array;
  /** Millimetres, see `depthMap`. */
  depth?: Uint16Array;
}

/** What stays the same while a scene is drawn with and without some of its things. */
interface Stage {
  description: SceneDescription;
  appearance: Appearance;
  camera: Camera;
  environment: Environment;
  scenery: LoadedMesh;
}

/** Draws pictures of one size; keeps its buffers from picture to picture. */
export class PictureRenderer {
  readonly person: SampleLayer;
  readonly objects: SampleLayer;
  private readonly background: BackgroundBuffer;
  private readonly figure = new VertexBuffer();
  private readonly objectMesh = new LoadedMesh();
  private readonly restMesh = new LoadedMesh();
  private readonly sceneryMesh = new LoadedMesh();
  private readonly key = new ShadowMap(MAP_SIDES.key);
  private readonly keyWithoutPerson = new ShadowMap(MAP_SIDES.key);
  private readonly contact = new ShadowMap(MAP_SIDES.contact);
  private readonly contactWithoutPerson = new ShadowMap(MAP_SIDES.contact);
  private readonly sceneryShadow = new ShadowMap(MAP_SIDES.scenery);
  private keyVisibility = new Float32Array(0);
  private skyVisibility = new Float32Array(0);

  constructor(readonly size: PictureSize) {
    this.person = new SampleLayer(size);
    this.objects = new SampleLayer(size);
    this.background = new BackgroundBuffer(size);
  }

  /** World positions (x, y, z) of the person's vertices in the last picture; the buffer may be longer. */
  get figureVertices(): Float32Array {
    return this.figure.world;
  }

  draw(request: PictureRequest): DrawnPicture {
    const { description, appearance, random, personFree, objectFree, depth } = request;
    const { character } = description.pose;
    skin(description.pose, this.figure, request.expression);
    figureNormals(character, this.figure);
    const objects = this.objectMesh.load(description.mesh);
    const { halfFigure } = description;
    const camera = this.frame(description, halfFigure, random.fork('camera'));
    const environment = description.studio
      ? studio(random.fork('environment'), { camera })
      : chooseEnvironment(random.fork('environment'), {
          camera,
          indoor: description.indoor,
          grounds: description.grounds,
          reach: (direction) => this.reach(character.vertexCount, objects, direction),
        });
    const scenery = this.sceneryMesh.load(environment.scenery);
    const stage = { description, appearance, camera, environment, scenery };
    // First, because the annotations are read from the layers of the complete picture.
    const rest = objectFree ? withoutTargets(description) : null;
    const withoutObjects = rest && this.paint(stage, this.restMesh.load(rest), false).picture;
    const composition = this.paint(stage, objects, personFree);
    const layers = [this.person, this.objects];
    return {
      ...composition,
      ...(withoutObjects && { objectFree: withoutObjects }),
      ...(depth && { depth: depthMap(camera, { layers, backdrop: environment.backdrop }) }),
      camera,
      environment,
      halfFigure,
    };
  }

  /** Draws the stage with `objects` on it. */
  private paint(stage: Stage, objects: LoadedMesh, personFree: boolean): Composition {
    const { description, appearance, camera, environment, scenery } = stage;
    this.castShadows(description, { objects, scenery, environment, personFree });
    const { lighting } = environment;
    const table = lightTable(lighting);
    const skinTable = lightTable(lighting, { subsurface: 0.14 });
    this.drawPerson(description, { appearance, camera, environment, table, skinTable });
    this.objects.clear();
    for (const mesh of [objects, scenery]) {
      projectVertices(camera, mesh.vertices, mesh.vertexCount);
      const { shine, twoSided, skyVisibility } = mesh;
      lightColoured(mesh.vertices, mesh.vertexCount, { lighting, eye: camera.eye, shine, twoSided, skyVisibility });
      drawColoured(this.objects, mesh.vertices, mesh);
    }
    this.fill(camera, environment, { personFree, scenery: scenery.vertexCount > 0 });
    const { person, background, key, keyWithoutPerson } = this;
    const layers = { person, objects: this.objects, background, key, keyWithoutPerson };
    return compose({ ...layers, camera, table, keyTint: lighting.keyTint, personFree });
  }

  private frame(description: SceneDescription, halfFigure: boolean, random: SceneRandom): Camera {
    const { pose, mesh, yawRange } = description;
    const person = { points: this.figure.world, count: pose.character.vertexCount };
    const annotated = mesh.positions.length > 0 && description.objects.length > 0;
    const yaw = random.between(...yawRange);
    if (description.focus) return focusCamera(random, { focus: description.focus, size: this.size, yaw, pose, person });
    return chooseCamera(random, {
      size: this.size,
      yaw,
      halfFigure,
      person,
      objects: { points: mesh.positions, count: annotated ? mesh.positions.length / 3 : 0 },
      pelvis: pose.position('root'),
      chest: pose.position('spine02'),
      unit: pose.character.measures.unit,
    });
  }

  private reach(count: number, objects: LoadedMesh, direction: readonly [number, number, number]): number {
    let most = 0;
    for (const [world, n] of [
      [this.figure.world, count],
      [objects.vertices.world, objects.vertexCount],
    ] as const) {
      for (let i = 0; i < n; i++) {
        const along = world[3 * i] * direction[0] + world[3 * i + 2] * direction[2];
        if (along > most) most = along;
      }
    }
    return most;
  }

  private castShadows(
    description: SceneDescription,
    options: { objects: LoadedMesh; scenery: LoadedMesh; environment: Environment; personFree: boolean },
  ): void {
    const { character } = description.pose;
    const { objects, scenery, environment, personFree } = options;
    const count = character.vertexCount;
    if (this.keyVisibility.length < count) {
      this.keyVisibility = new Float32Array(count * 1.25);
      this.skyVisibility = new Float32Array(count * 1.25);
    }
    const facing = { triangleCount: character.triangleCount, facing: true };
    const maps = [
      [this.key, this.keyWithoutPerson, environment.lighting.direction, 0.22, this.keyVisibility],
      [this.contact, this.contactWithoutPerson, [0, 1, 0], 0.35, this.skyVisibility],
    ] as const;
    for (const [map, without, direction, bias, out] of maps) {
      map.aim(direction);
      map.fit(this.figure.world, count);
      map.fit(objects.vertices.world, objects.vertexCount);
      map.begin(8);
      map.cast(objects.vertices.world, objects.vertexCount, objects);
      if (map === this.contact) {
        map.vertexVisibility(objects.vertices.world, objects.vertexCount, { bias, out: objects.skyVisibility });
      }
      if (personFree) without.copyFrom(map);
      if (map === this.contact) map.splat(this.figure.world, count);
      else map.cast(this.figure.world, count, { ...facing, triangles: character.triangles });
      const normal = map === this.key ? this.figure.normal : undefined;
      map.vertexVisibility(this.figure.world, count, { bias: bias * character.measures.unit, out, normal });
    }
    this.key.prefilterGround(2);
    this.contact.prefilterGround(3, { fade: 1.1 });
    if (personFree) {
      this.keyWithoutPerson.prefilterGround(2);
      this.contactWithoutPerson.prefilterGround(3, { fade: 1.1 });
    }
    if (scenery.vertexCount > 0) {
      this.sceneryShadow.aim(environment.lighting.direction);
      this.sceneryShadow.fit(scenery.vertices.world, scenery.vertexCount, { within: SCENERY_SHADOW_RANGE });
      this.sceneryShadow.begin(6);
      this.sceneryShadow.cast(scenery.vertices.world, scenery.vertexCount, scenery);
      this.sceneryShadow.prefilterGround(1);
    }
  }

  private drawPerson(
    description: SceneDescription,
    options: {
      appearance: Appearance;
      camera: Camera;
      environment: Environment;
      table: ReturnType<typeof lightTable>;
      skinTable: ReturnType<typeof lightTable>;
    },
  ): void {
    const { character } = description.pose;
    const { appearance, camera, environment, table, skinTable } = options;
    const { keyVisibility, skyVisibility } = this;
    projectVertices(camera, this.figure, character.vertexCount);
    const { lighting } = environment;
    lightPerson(this.figure, character.vertexCount, { lighting, eye: camera.eye, keyVisibility, skyVisibility });
    this.person.clear();
    const { triangles, uvs } = character;
    const mesh = { triangles, uvs, labels: figureLabels(character), hands: HANDS };
    for (const material of appearance.materials) {
      drawTextured(this.person, this.figure, { mesh, material, table: material.kind === 'body' ? skinTable : table });
    }
  }

  private fill(camera: Camera, environment: Environment, options: { personFree: boolean; scenery: boolean }): void {
    const { person, objects, background } = this;
    markNeeded({ person, objects, background, personFree: options.personFree });
    const scenery = options.scenery ? this.sceneryShadow : undefined;
    fillBackground(background, camera, {
      backdrop: environment.backdrop,
      shadows: { key: this.key, contact: this.contact, scenery },
      withoutPerson: options.personFree
        ? { key: this.keyWithoutPerson, contact: this.contactWithoutPerson, scenery }
        : undefined,
    });
  }
}
