// From a seed to an annotated picture: who, which scene, what they wear, the drawing, and the record of it all.
import { ContrappostoError } from '../../core/errors.js';
import { fullBox, projectKeypoints, type Region, regions, unite } from './annotations.js';
import { drawAppearance, drawExpression } from './appearance.js';
import { type Camera, project } from './camera.js';
import { captionsOf } from './captions.js';
import { LABEL } from './compose.js';
import { degrade, drawDegradation } from './degrade.js';
import { mediapipePoints, wholeBodyPoints } from './keypoints.js';
import { type DrawnPicture, PictureRenderer } from './picture-renderer.js';
import { SceneRandom } from './scene-random.js';
import { attributesRecord, type PartRecord, type SceneRecord } from './scene-record.js';
import { pickScene, type SceneEntry, suits } from './scenes/index.js';
import { identityOf, type KindMix, pickPool, type SceneKind, scenePools } from './scenes/kinds.js';
import { isInSet, type TripletSet } from './scenes/triplets.js';
import type { Appearance, Character, PictureSize, SceneContext, SceneDescription } from './types.js';
import { dot, subtract, type Vec3 } from './vector.js';
import { withoutPerson } from './without-person.js';

/** The people to draw from. */
export interface Cast {
  readonly count: number;
  character(index: number): Character;
}

export interface RenderedScene {
  record: SceneRecord;
  /** RGB bytes, row-major. */
  picture: Uint8Array;
  /** The same place, object and light without the person and its shadow. */
  personFree?: Uint8Array;
  /** The same without the objects of the triplet; absent where there is none. */
  objectFree?: Uint8Array;
  /** Distance of each pixel along the viewing axis in millimetres, 0 beyond 65.5 m. */
  depth?: Uint16Array;
  /** A byte a pixel: 0 background, 1 person, 2 left hand, 3 right hand, 4 face, 8 scenery, 16 + id object. */
  labels: Uint8Array;
}

/** A renderer of pictures of one size with people of one cast; not shared between threads. */
export class SceneRenderer {
  readonly pictures: PictureRenderer;
  readonly cast: Cast;

  /** `size`: a number for square pictures. */
  constructor(options: { size: PictureSize | number; cast: Cast }) {
    const { size } = options;
    this.pictures = new PictureRenderer(typeof size === 'number' ? { widthPx: size, heightPx: size } : size);
    this.cast = options.cast;
  }
}

export interface RenderOptions {
  renderer: SceneRenderer;
  /** Kinds of scene to draw from; absent: interaction. */
  kinds?: KindMix;
  /** Default `all`. */
  triplets?: TripletSet;
  /** Words that select scenes (names, verbs, objects); absent: all scenes, by their weights. */
  scenes?: readonly string[];
  /** Also draw the picture without the person, and the one without what the person uses. */
  personFree?: boolean;
  objectFree?: boolean;
  /** Also give the depth map. */
  depth?: boolean;
  /** Also record 3-D keypoints and the camera. */
  detailed?: boolean;
}

const ONLY_INTERACTION: KindMix = [['interaction', 1]];
const PERSON_LABELS = [LABEL.person, LABEL.leftHand, LABEL.rightHand, LABEL.face];

/**
 * Renders the scene of a seed. Equal seeds, options and casts give equal bytes.
 * @throws `usage` when a word of `scenes` selects nothing.
 */
export function renderScene(seed: number, options: RenderOptions): RenderedScene {
  const { renderer } = options;
  const random = new SceneRandom(seed);
  const { kinds = ONLY_INTERACTION, scenes: words, triplets } = options;
  const pools = scenePools({ kinds, words, triplets });
  const { kind, scenes } = pickPool(random.fork('kind'), pools);
  const identity = identityOf(seed, kind);
  const { index } = identity;
  const person = index === undefined ? random : new SceneRandom(identity.seed, kind);
  const choice = person.fork('choice');
  const character = drawCharacter(renderer.cast, { choice, scenes });
  const description = buildScene(
    { character, random, index },
    {
      scenes,
      choice: index === undefined ? choice : random.fork('choice'),
      triplets: kind === 'empty' ? 'all' : triplets,
    },
  );
  const appearance = drawContrasting(character, description, person);
  const expression = chooseExpression(character, description, random.fork('expression'));
  const drawn = renderer.pictures.draw({
    description,
    appearance,
    expression: character.expression(expression),
    random: random.fork('picture'),
    personFree: options.personFree || kind === 'empty',
    objectFree: options.objectFree,
    depth: options.depth,
  });
  const scene = { seed, kind, identity: identity.name, description, appearance, expression, drawn };
  const record = annotate(scene, { renderer, random: random.fork('caption'), detailed: options.detailed ?? false });
  const { labels } = drawn;
  const worse = description.surveillance ? degrader(renderer.pictures.size, random) : undefined;
  const picture = worse?.(drawn.picture) ?? drawn.picture;
  const personFree = drawn.personFree && (worse?.(drawn.personFree) ?? drawn.personFree);
  const objectFree = drawn.objectFree && (worse?.(drawn.objectFree) ?? drawn.objectFree);
  if (kind === 'empty' && personFree) return withoutPerson({ record, picture, personFree, labels });
  return { record, picture, personFree, objectFree, depth: drawn.depth, labels };
}

/** Somebody whom one of the scenes suits, if few draws find one. */
function drawCharacter(
  cast: Cast,
  { choice, scenes }: { choice: SceneRandom; scenes: readonly SceneEntry[] },
): Character {
  let character = cast.character(choice.int(cast.count));
  for (let attempt = 0; attempt < CHARACTER_ATTEMPTS; attempt++) {
    if (scenes.some((entry) => suits(entry, character))) break;
    character = cast.character(choice.int(cast.count));
  }
  return character;
}

/** A quarter of the people suits even the scenes in the snow. */
const CHARACTER_ATTEMPTS = 20;

/** Clothes, of another colour than what is held before them if few draws find any. */
function drawContrasting(character: Character, description: SceneDescription, random: SceneRandom): Appearance {
  const held = description.objects.find(({ role }) => role === 'target')?.colour;
  let appearance = drawAppearance(character, random.fork('appearance'));
  for (let attempt = 1; held && attempt < CLOTHES_ATTEMPTS; attempt++) {
    const { top, bottom } = appearance.attributes;
    if (top?.colour !== held && bottom?.colour !== held) break;
    appearance = drawAppearance(character, random.fork(`appearance ${attempt}`));
  }
  return appearance;
}

const CLOTHES_ATTEMPTS = 5;

/** A scene shows a wanted triplet far sooner than this if it can show one at all. */
const ATTEMPTS = 200;

/** Draws scenes until one shows a wanted triplet: many scenes settle on their verb only while they are built. */
function buildScene(
  { character, random, index }: SceneContext,
  options: { scenes: readonly SceneEntry[]; choice: SceneRandom; triplets?: TripletSet },
): SceneDescription {
  const { scenes, choice, triplets = 'all' } = options;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const entry = pickScene(choice, character, scenes);
    const stream = random.fork(attempt === 0 ? 'scene' : `scene ${attempt}`);
    const description = entry.build({ character, random: stream, index });
    if (isInSet(triplets, [description.verb, description.object])) return description;
  }
  throw new ContrappostoError('internal', { operation: 'draw a scene', expected: `one of ${triplets} triplets` });
}

/** One loss of quality for every picture of a scene: the same noise lies over all of them. */
function degrader(size: PictureSize, random: SceneRandom): (picture: Uint8Array) => Uint8Array {
  const degradation = drawDegradation(random.fork('degradation'));
  return (picture) => degrade(picture, { size, degradation, random: random.fork('noise') });
}

/** A friendly or lively face more often than a blank one. */
function chooseExpression(character: Character, description: SceneDescription, random: SceneRandom): string {
  const { expressions } = character;
  if (description.expression && expressions.includes(description.expression)) return description.expression;
  return drawExpression(character, random);
}

interface DrawnScene {
  seed: number;
  kind: SceneKind;
  identity: string;
  description: SceneDescription;
  appearance: Appearance;
  expression: string;
  drawn: DrawnPicture;
}

function annotate(
  scene: DrawnScene,
  options: { renderer: SceneRenderer; random: SceneRandom; detailed: boolean },
): SceneRecord {
  const { description, appearance, drawn } = scene;
  const { pictures } = options.renderer;
  const { pose } = description;
  const { info, id, vertexCount, measures } = pose.character;
  const { camera, environment } = drawn;
  const found = regions(drawn.labels, pictures.size);
  const part = (label: number): PartRecord => ({ label, ...found[label] });
  const person: Region = unite(found, PERSON_LABELS);
  const points = wholeBodyPoints(pose, pictures.figureVertices);
  const layers = [pictures.person, pictures.objects];
  const { captions, subject } = captionsOf({
    description,
    info,
    attributes: appearance.attributes,
    place: environment.place,
    random: options.random,
  });
  const visible = (places: readonly Vec3[], tolerance: (i: number) => number) =>
    projectKeypoints(places, { camera, layers, tolerance: (i) => tolerance(i) * measures.unit });
  return {
    seed: scene.seed,
    kind: scene.kind,
    scene: description.name,
    width: pictures.size.widthPx,
    height: pictures.size.heightPx,
    caption: captions[0],
    captions,
    triplet: { subject, verb: description.verb, object: description.object },
    phrase: description.phrase,
    attributes: attributesRecord(appearance.attributes),
    character: { id, sex: info.sex, age: info.age, race: info.race },
    identity: scene.identity,
    expression: scene.expression,
    place: environment.place,
    indoor: environment.indoor,
    view: viewOf(camera.yaw),
    gestures: { left: description.gestures?.L ?? null, right: description.gestures?.R ?? null },
    half_figure: drawn.halfFigure,
    person: {
      label: LABEL.person,
      ...person,
      full_box: fullBox(camera, pictures.figureVertices, { count: vertexCount }),
    },
    hands: { left: part(LABEL.leftHand), right: part(LABEL.rightHand) },
    face: part(LABEL.face),
    objects: description.objects.map((object) => ({
      category: object.category,
      role: object.role,
      colour: object.colour ?? null,
      ...part(LABEL.object + object.id),
      full_box: fullBox(camera, description.mesh.positions, verticesOf(description, object.id)),
    })),
    keypoints: visible(points, wholeBodyTolerance),
    mediapipe_keypoints: visible(mediapipePoints(pose, pictures.figureVertices), (i) =>
      i < 11 ? 0.7 : i > 16 && i < 23 ? 0.6 : 1.5,
    ),
    ...(options.detailed && {
      keypoints_3d: points.flatMap((point) => inCamera(camera, point)),
      camera: {
        focal_px: camera.focalPx,
        centre: [camera.centreX, camera.centreY] as [number, number],
        yaw: camera.yaw,
      },
    }),
  };
}

/** The side that the camera sees of somebody who faces +z. */
function viewOf(yaw: number): SceneRecord['view'] {
  const away = Math.abs(Math.atan2(Math.sin(yaw), Math.cos(yaw)));
  if (away < 0.4) return 'front';
  return away < 1.2 ? 'three-quarter' : away < 1.95 ? 'side' : away < 2.75 ? 'three-quarter back' : 'back';
}

/** Depth (units) that a point may lie below the visible surface: joints are deep inside, face points on the skin. */
function wholeBodyTolerance(index: number): number {
  if (index < 5) return 0.8;
  // The hip joints lie deepest.
  if (index === 11 || index === 12) return 2.4;
  if (index < 23) return 1.6;
  return index < 91 ? 0.45 : 0.5;
}

function verticesOf({ mesh }: SceneDescription, id: number): { count: number; wanted: Uint8Array } {
  const wanted = new Uint8Array(mesh.positions.length / 3);
  mesh.objectIds.forEach((owner, t) => {
    if (owner === id) for (let k = 3 * t; k < 3 * t + 3; k++) wanted[mesh.triangles[k]] = 1;
  });
  return { count: wanted.length, wanted };
}

/** Right, down, forward of a point seen from the camera, in metres, rounded to millimetres. */
function inCamera(camera: Camera, point: Vec3): number[] {
  const d = subtract(point, camera.eye);
  const { depth } = project(camera, point);
  return [dot(d, camera.right), -dot(d, camera.up), depth].map((v) => Math.round(v * 100) / 1000);
}
