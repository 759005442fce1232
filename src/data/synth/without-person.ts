// A rendered scene with its person taken away: the picture that shows nobody, and a record that says so.
import { withArticle } from './captions.js';
import { LABEL } from './compose.js';
import type { RenderedScene } from './render-scene.js';
import type { PartRecord, SceneRecord } from './scene-record.js';

/** The verb of pictures without anybody. */
export const NO_PERSON = 'no_person';

const PERSON_LABELS: readonly number[] = [LABEL.person, LABEL.leftHand, LABEL.rightHand, LABEL.face];

/**
 * The scene's person-free picture as the picture itself. Boxes and areas of objects stay those of the parts that the
 * person did not hide.
 */
export function withoutPerson(scene: RenderedScene & { personFree: Uint8Array }): RenderedScene {
  const { record } = scene;
  const captions = captionsOf(record);
  const gone = ({ label }: PartRecord): PartRecord => ({ label, box: null, pixels: 0 });
  return {
    picture: scene.personFree,
    personFree: scene.personFree,
    labels: scene.labels.map((label) => (PERSON_LABELS.includes(label) ? 0 : label)),
    record: {
      ...record,
      caption: captions[0],
      captions,
      triplet: { subject: 'nobody', verb: NO_PERSON, object: null },
      phrase: '',
      attributes: { top: null, bottom: null, shoes: null, hair_colour: null, hair_style: null, hat: null },
      gestures: { left: null, right: null },
      person: { ...gone(record.person), full_box: null },
      hands: { left: gone(record.hands.left), right: gone(record.hands.right) },
      face: gone(record.face),
      keypoints: unseen(record.keypoints),
      mediapipe_keypoints: unseen(record.mediapipe_keypoints),
      keypoints_3d: undefined,
    },
  };
}

function unseen(keypoints: readonly number[]): number[] {
  return keypoints.map((value, i) => (i % 3 === 2 ? 0 : value));
}

function captionsOf({ objects, place }: SceneRecord): string[] {
  const thing = objects.find((object) => object.role === 'target');
  if (!thing) return [`nobody ${place}`, `an empty place, nobody ${place}`];
  const plain = withArticle(thing.category);
  const full = withArticle(thing.colour ? `${thing.colour} ${thing.category}` : thing.category);
  return [`${full} ${place}`, plain, full, `${full} without anybody`, `nobody, ${plain} ${place}`];
}
