// Names, limbs and symmetric sides of the skeleton layouts: COCO 17, COCO-WholeBody 133, OpenPose 18 and 25, MediaPipe 33, hand 21.

/** The 17 body points of COCO (Lin et al. 2014), in their order. */
export const COCO_NAMES = [
  'nose',
  'left_eye',
  'right_eye',
  'left_ear',
  'right_ear',
  'left_shoulder',
  'right_shoulder',
  'left_elbow',
  'right_elbow',
  'left_wrist',
  'right_wrist',
  'left_hip',
  'right_hip',
  'left_knee',
  'right_knee',
  'left_ankle',
  'right_ankle',
] as const;

export type CocoName = (typeof COCO_NAMES)[number];

/** The 6 foot points of COCO-WholeBody. */
export const FOOT_NAMES = [
  'left_big_toe',
  'left_small_toe',
  'left_heel',
  'right_big_toe',
  'right_small_toe',
  'right_heel',
] as const;

/** The 21 points of a hand, the same in OpenPose, COCO-WholeBody and MediaPipe. */
export const HAND_NAMES = [
  'wrist',
  ...['thumb_cmc', 'thumb_mcp', 'thumb_ip', 'thumb_tip'],
  ...['index', 'middle', 'ring', 'pinky'].flatMap((finger) =>
    ['mcp', 'pip', 'dip', 'tip'].map((j) => `${finger}_${j}`),
  ),
] as const;

/** Where the parts of COCO-WholeBody (Jin et al. 2020) begin and end in its 133 points. */
export const WHOLEBODY = {
  count: 133,
  body: { start: 0, end: 17 },
  feet: { start: 17, end: 23 },
  face: { start: 23, end: 91 },
  leftHand: { start: 91, end: 112 },
  rightHand: { start: 112, end: 133 },
} as const;

/** Names of the 133 points; face points are `face_0` to `face_67` in the order of the 68-point iBUG layout. */
export const WHOLEBODY_NAMES: readonly string[] = [
  ...COCO_NAMES,
  ...FOOT_NAMES,
  ...Array.from({ length: 68 }, (_, i) => `face_${i}`),
  ...HAND_NAMES.map((name) => `left_hand_${name}`),
  ...HAND_NAMES.map((name) => `right_hand_${name}`),
];

/** The 18 body points of OpenPose's COCO model, which ControlNet uses. */
export const OPENPOSE18_NAMES = [
  'nose',
  'neck',
  'right_shoulder',
  'right_elbow',
  'right_wrist',
  'left_shoulder',
  'left_elbow',
  'left_wrist',
  'right_hip',
  'right_knee',
  'right_ankle',
  'left_hip',
  'left_knee',
  'left_ankle',
  'right_eye',
  'left_eye',
  'right_ear',
  'left_ear',
] as const;

/** The 25 body points of OpenPose's BODY_25 model. */
export const OPENPOSE25_NAMES = [
  ...OPENPOSE18_NAMES.slice(0, 8),
  'mid_hip',
  ...OPENPOSE18_NAMES.slice(8),
  ...FOOT_NAMES,
] as const;

/** The 33 points of MediaPipe's pose landmarks (BlazePose). */
export const MEDIAPIPE_NAMES = [
  'nose',
  'left_eye_inner',
  'left_eye',
  'left_eye_outer',
  'right_eye_inner',
  'right_eye',
  'right_eye_outer',
  'left_ear',
  'right_ear',
  'mouth_left',
  'mouth_right',
  ...['shoulder', 'elbow', 'wrist', 'pinky', 'index', 'thumb', 'hip', 'knee', 'ankle', 'heel', 'foot_index'].flatMap(
    (name) => [`left_${name}`, `right_${name}`],
  ),
] as const;

/** Index of a named COCO-17 (and so COCO-WholeBody) body point. */
export const COCO = Object.fromEntries(COCO_NAMES.map((name, i) => [name, i])) as Record<CocoName, number>;

/**
 * Limbs of the OpenPose 18 layout as pairs of its indices, in the order that ControlNet colours them;
 * limb i has colour i of `OPENPOSE_COLOURS`.
 */
export const OPENPOSE18_LIMBS: readonly (readonly [number, number])[] = [
  [1, 2],
  [1, 5],
  [2, 3],
  [3, 4],
  [5, 6],
  [6, 7],
  [1, 8],
  [8, 9],
  [9, 10],
  [1, 11],
  [11, 12],
  [12, 13],
  [1, 0],
  [0, 14],
  [14, 16],
  [0, 15],
  [15, 17],
];

/** Bones of a hand as pairs of its 21 points, finger by finger from the thumb. */
export const HAND_LIMBS: readonly (readonly [number, number])[] = [0, 1, 2, 3, 4].flatMap((finger) =>
  [0, 1, 2, 3].map((bone) => [bone === 0 ? 0 : finger * 4 + bone, finger * 4 + bone + 1] as const),
);

/** RGB of the 18 joints and 17 limbs in OpenPose's and ControlNet's rainbow. */
export const OPENPOSE_COLOURS: readonly (readonly [number, number, number])[] = [
  [255, 0, 0],
  [255, 85, 0],
  [255, 170, 0],
  [255, 255, 0],
  [170, 255, 0],
  [85, 255, 0],
  [0, 255, 0],
  [0, 255, 85],
  [0, 255, 170],
  [0, 255, 255],
  [0, 170, 255],
  [0, 85, 255],
  [0, 0, 255],
  [85, 0, 255],
  [170, 0, 255],
  [255, 0, 255],
  [255, 0, 170],
  [255, 0, 85],
];

const EYE_MIRROR = [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40];
const MOUTH_MIRROR = [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65];

/**
 * Which WholeBody point takes each point's place when a picture is mirrored: `keypoints[i]` becomes `keypoints[MIRROR[i]]`.
 * The face follows the 68-point layout.
 */
export const MIRROR: readonly number[] = mirrorTable();

function mirrorTable(): number[] {
  const swapSide = (name: string) =>
    name.startsWith('left_') ? name.replace('left_', 'right_') : name.replace('right_', 'left_');
  const index = new Map(WHOLEBODY_NAMES.map((name, i) => [name, i]));
  const table = WHOLEBODY_NAMES.map((name, i) => index.get(swapSide(name)) ?? i);
  for (let i = 0; i < 68; i++) table[WHOLEBODY.face.start + i] = WHOLEBODY.face.start + mirrorFace(i);
  return table;
}

function mirrorFace(i: number): number {
  if (i < 17) return 16 - i; // jaw
  if (i < 27) return 43 - i; // brows
  if (i < 31) return i; // bridge of the nose
  if (i < 36) return 66 - i; // nostrils
  if (i < 48) return EYE_MIRROR[i - 36];
  return MOUTH_MIRROR[i - 48];
}
