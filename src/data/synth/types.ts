// What the parts of the synthetic scenes exchange: characters, materials, scene descriptions. 1 unit = 10 cm, Y up.
import type { Pose } from './pose.js';
import type { SceneRandom } from './scene-random.js';
import type { Vec3 } from './vector.js';

export type { Mat3, Vec3 } from './vector.js';

export type Side = 'L' | 'R';
/** Pixels of a picture. */
export interface PictureSize {
  widthPx: number;
  heightPx: number;
}
/** RGB, 0 to 255. */
export type Colour = readonly [number, number, number];

export type PartKind =
  | 'body'
  | 'top'
  | 'bottom'
  | 'dress'
  | 'shoes'
  | 'hair'
  | 'brows'
  | 'lashes'
  | 'eyes'
  | 'teeth'
  | 'hat';

/** An indexed picture that covers part of a character; (0, 0) of the texture coordinates is its upper left corner. */
export interface Texture {
  name: string;
  widthPx: number;
  heightPx: number;
  /** One byte a texel, an index into `palette`. */
  texels: Uint8Array;
  /** 256 RGB entries. */
  palette: Uint8Array;
  /**
   * `opaque`: plain indices. `stipple`: luminance in the high four bits and opacity in the low four.
   * `cutout`: index 0 is a hole.
   */
  transparency: 'opaque' | 'stipple' | 'cutout';
  /** Mean colour over the part's surface. */
  mean: Colour;
}

/** A run of triangles with one texture. */
export interface MeshPart {
  kind: PartKind;
  /** The garment, hair style or body it came from, e.g. `female_casualsuit01`. */
  name: string;
  firstTriangle: number;
  /** One past the last. */
  endTriangle: number;
  texture: Texture;
  /** Per texel a place on the cloth (along, around), each a byte of 1/16 unit steps that wraps; absent where patterns make no sense. */
  cloth?: { along: Uint8Array; around: Uint8Array };
}

/** Directions of a hand at rest. */
export interface HandMeasures {
  /** Unit vector from the wrist to the knuckle of the middle finger. */
  fingers: Vec3;
  /** Unit vector out of the palm. */
  palm: Vec3;
  /** Unit vector towards the thumb. */
  thumb: Vec3;
  /** Wrist to middle knuckle. */
  palmLength: number;
  /** Sign of `thumb` along `cross(fingers, palm)`. */
  thumbSign: 1 | -1;
  /** Axis about which each finger (thumb first) closes by a positive angle. */
  curlAxes: readonly Vec3[];
}

/** Sizes that scenes need to place things, in units, of the character at rest with its soles on y = 0. */
export interface Measures {
  /** Sole to crown. */
  height: number;
  /** Body scale, about 1 for an adult: height / 16.6. */
  unit: number;
  /** Height of the ankle joint above the sole, shoes included. */
  ankleY: number;
  toeY: number;
  /** |x| of the hip joint. */
  hipX: number;
  /** |x| of the widest place at the hips, clothes included. */
  hipHalfWidth: number;
  /** Hip joint to ankle joint along the bones. */
  legLength: number;
  /** Shoulder joint to wrist joint along the bones. */
  armLength: number;
  /** Foremost z of chest and belly, clothes included. */
  chestZ: number;
  /** Rearmost z of the back. */
  backZ: number;
  /** Thickness of a thigh around its bone. */
  thighRadius: number;
  hands: Record<Side, HandMeasures>;
}

/** Vertices (indices into `positions`) that stand for named places. */
export interface Landmarks {
  /** The 68 points of iBUG 300-W in their order: jaw from the subject's right ear to the left, brows, nose, eyes, lips. */
  face: Uint32Array;
  nose: number;
  ears: Record<Side, number>;
  heels: Record<Side, number>;
  bigToes: Record<Side, number>;
  smallToes: Record<Side, number>;
  crown: number;
}

export interface CharacterInfo {
  sex: 'female' | 'male';
  age: 'child' | 'young' | 'middle' | 'old';
  /** The word for captions. */
  subject: 'man' | 'woman' | 'boy' | 'girl' | 'person';
  race: 'african' | 'asian' | 'caucasian' | 'none';
  top: string;
  bottom: string;
  hair: string | null;
  hat: string | null;
}

/** Displacements of some vertices from the neutral face. */
export interface Expression {
  vertices: Uint32Array;
  /** Three a vertex. */
  offsets: Float32Array;
}

/** A dressed body at rest (arms half raised to the sides, facing +Z, soles on y = 0), with its skeleton. */
export interface Character {
  id: number;
  info: CharacterInfo;
  boneNames: readonly string[];
  boneIndex: Readonly<Record<string, number>>;
  /** Index of the parent, always smaller than the bone's own; -1 for `root`. */
  parents: Int16Array;
  /** Joint where each bone begins. */
  heads: readonly Vec3[];
  tails: readonly Vec3[];
  vertexCount: number;
  /** Three a vertex. */
  positions: Float32Array;
  /** Four a vertex, the strongest first. */
  boneIds: Uint8Array;
  /** Four a vertex, sum 1; a zero ends the list. */
  boneWeights: Float32Array;
  triangleCount: number;
  /** Three a triangle, counter-clockwise seen from outside. */
  triangles: Uint32Array;
  /** Six a triangle (u, v of its three corners), 0 to 1, v downwards. */
  uvs: Float32Array;
  parts: readonly MeshPart[];
  measures: Measures;
  landmarks: Landmarks;
  /** Names of the faces that `withExpression` can make; always has `neutral`. */
  expressions: readonly string[];
  /** The displacements of one expression; `neutral` has none. Throws `not-found` for an unknown name. */
  expression(name: string): Expression;
}

/** A part of the character as the rasteriser draws it in one scene. */
export interface Material {
  kind: PartKind;
  firstTriangle: number;
  /** One past the last. */
  endTriangle: number;
  widthPx: number;
  heightPx: number;
  /** Index of each texel. */
  texels: Uint8Array;
  /** Which of the palette's blocks of 256 entries a texel uses (patterned cloth); absent: block 0. Same size as `texels`. */
  layers?: Uint8Array;
  /** RGB of (layer * 256 + index). */
  palette: Uint8Array;
  /** As in `Texture`: `stipple` texels have 4-bit opacity in the low bits, `cutout` ones are holes where 0. */
  transparency: Texture['transparency'];
  twoSided: boolean;
  /** A bottom that is worn over the top: overalls. */
  isOver?: boolean;
  /** Strength of the highlight, 0 (cloth) to 1. */
  gloss: number;
}

/** What a character wears and looks like in one scene: the rasteriser's materials and the words for captions. */
export interface Appearance {
  materials: readonly Material[];
  attributes: Attributes;
}

export interface Attributes {
  /** Garment and colour, e.g. `{ garment: 'jacket', colour: 'red', pattern: null }`; `dress` and suits are in `top` alone. */
  top: { garment: string; colour: string; pattern: 'striped' | 'checked' | 'dotted' | null } | null;
  bottom: { garment: string; colour: string } | null;
  shoes: string | null;
  hairColour: string | null;
  hairStyle: string | null;
  hat: string | null;
}

/** Geometry of objects and scenery, with a colour at each vertex. `MeshBuilder` is the one that makes it. */
export interface SceneMesh {
  /** Three a vertex. */
  positions: number[];
  /** Three a vertex, unit length. */
  normals: number[];
  /** Three a vertex, RGB 0 to 255. */
  colours: number[];
  /** Three a triangle. */
  triangles: number[];
  /** Per triangle the `id` of the object it belongs to. */
  objectIds: number[];
  /** Per triangle 1 where both sides show. */
  twoSided: number[];
  /** Per vertex, 0 dull to 1 shining. */
  gloss: number[];
}

export interface SceneObject {
  /** Id of its triangles in the mesh. */
  id: number;
  /** COCO category, or a plain word for things COCO lacks. */
  category: string;
  /** `target`: the object of the triplet. `support`: needed for the scene (a table under a laptop). */
  role: 'target' | 'support';
  colour?: string;
  /** What captions call it where the category is too broad, e.g. `basketball`. */
  word?: string;
}

/** What a scene builder returns: a posed character with things around it, not yet any place, light or camera. */
export interface SceneDescription {
  name: string;
  /** Solved. */
  pose: Pose;
  mesh: SceneMesh;
  /** HICO-DET verb, e.g. `ride`. */
  verb: string;
  /** COCO name, `null` for a scene without an object. */
  object: string | null;
  /** Present participle for captions, e.g. `riding`. */
  phrase: string;
  objects: SceneObject[];
  /** The scene reads well when only the upper half is framed. */
  halfFigure: boolean;
  indoor: boolean;
  /** Ground textures that suit; absent: any of the place. */
  grounds?: string[];
  /** Range of the camera's yaw around the person, radians, 0 = in front. */
  yawRange: readonly [number, number];
  /** Name of a face; absent: drawn at random. */
  expression?: string;
  /** What the picture is framed on; absent: the whole figure with its objects, or the half figure. */
  focus?: Focus;
  /** Takes place before a plain light backdrop. */
  studio?: boolean;
  /** Looks like the picture of a street camera, see `degrade.ts`. */
  surveillance?: boolean;
  /** Other ways to say `phrase`, each as -ing form and third person; absent: `phrase` alone. */
  wordings?: readonly (readonly [doing: string, does: string])[];
  /** What the hands show, e.g. `peace`. */
  gestures?: Partial<Record<Side, string>>;
}

/** Points that a picture shows, and from where. */
export interface Focus {
  /** World positions; absent: the whole figure. */
  points?: readonly Vec3[];
  /** Range of the share of the picture's width or height that they take, whichever is more. */
  fill: readonly [number, number];
  /** Range of the camera's distance in body units, and of how far it looks down, radians. */
  distance: readonly [number, number];
  pitch: readonly [number, number];
  /** The lowest point lies on the picture's lower edge (a half figure); otherwise what room is left is shared. */
  cut?: boolean;
}

export interface SceneContext {
  character: Character;
  random: SceneRandom;
  /** Which of the pictures of one identity; absent where each picture has its own. */
  index?: number;
}

export type SceneBuilder = (context: SceneContext) => SceneDescription;

/** Where a hand should point: unit vectors along the fingers and out of the palm. */
export interface HandDirection {
  fingers: Vec3;
  palm: Vec3;
}
