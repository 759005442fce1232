// The annotation of one picture as it is written: JSON keys are snake_case, boxes x1, y1, x2, y2 in pixels.
import type { Box } from './camera.js';
import type { SceneKind } from './scenes/kinds.js';
import type { Attributes } from './types.js';

export interface AttributesRecord {
  top: Attributes['top'];
  bottom: Attributes['bottom'];
  shoes: string | null;
  hair_colour: string | null;
  hair_style: string | null;
  hat: string | null;
}

export function attributesRecord({ top, bottom, shoes, hairColour, hairStyle, hat }: Attributes): AttributesRecord {
  return { top, bottom, shoes, hair_colour: hairColour, hair_style: hairStyle, hat };
}

export interface PartRecord {
  /** Value of its pixels in the label picture. */
  label: number;
  /** Box of what is visible; null when nothing is. */
  box: Box | null;
  pixels: number;
}

export interface ObjectRecord extends PartRecord {
  category: string;
  role: 'target' | 'support';
  colour: string | null;
  /** Box of the whole object, hidden and outside parts included. */
  full_box: Box | null;
}

export interface SceneRecord {
  seed: number;
  kind: SceneKind;
  scene: string;
  width: number;
  height: number;
  caption: string;
  /** Further wordings of the caption. */
  captions: string[];
  triplet: { subject: string; verb: string; object: string | null };
  phrase: string;
  attributes: AttributesRecord;
  character: { id: number; sex: string; age: string; race: string };
  /** Equal in all pictures of one person in one outfit. */
  identity: string;
  expression: string;
  place: string;
  indoor: boolean;
  /** The side of the person that is seen. */
  view: 'front' | 'three-quarter' | 'side' | 'three-quarter back' | 'back';
  /** What each hand shows, e.g. `peace` (HaGRID's names) or `free`; null for hands that only hang or hold. */
  gestures: { left: string | null; right: string | null };
  half_figure: boolean;
  /** Of all the person's labels together. */
  person: PartRecord & { full_box: Box | null };
  hands: { left: PartRecord; right: PartRecord };
  face: PartRecord;
  objects: ObjectRecord[];
  /** COCO-WholeBody: 133 x (x, y, v); v 0 outside the picture, 1 hidden, 2 visible. */
  keypoints: number[];
  /** MediaPipe's 33 body points, likewise. */
  mediapipe_keypoints: number[];
  /** 133 x (x, y, z) in metres seen from the camera: right, down, forward. Only in the `folder` format. */
  keypoints_3d?: number[];
  camera?: { focal_px: number; centre: [number, number]; yaw: number };
}
