// Networks that were trained on photographs: keypoints, objects, and features for distances between sets of pictures.
import type { Image } from '../../core/image.js';
import { detectObjects } from '../../pose/detect/centernet.js';
import { Pyramid } from '../../pose/detect/crop.js';
import { estimatePose } from '../../pose/detect/movenet.js';
import { network } from '../../pose/detect/networks.js';
import { createPoseDetector } from '../../pose/index.js';
import type { Keypoint } from '../../pose/person.js';
import { type Point, type ProbeKind, rounded } from '../probe.js';

/** Below it CenterNet is not asked what it sees. */
const MIN_OBJECT_SCORE = 0.05;
/** CenterNet's last block of MobileNetV3 before its squeeze-and-excitation: 720 channels averaged over the picture. */
const POOLED_LAYER = 'tower_0/MobilenetV3/expanded_conv_14/squeeze_excite/Mean';
const CENTERNET_PX = 512;

const pointOf = ({ x, y, score }: Keypoint): Point => [rounded(x), rounded(y), rounded(score)];

/** One person fills a benchmark's picture, so the network is given all of it. */
export const movenetProbe: ProbeKind<'movenet'> = {
  open: async () => ({
    inputOf: () => '1',
    async look(image) {
      const { points } = await estimatePose(new Pyramid(image), [0, 0, image.widthPx, image.heightPx]);
      return { points: points.map(pointOf) };
    },
  }),
};

export const centernetProbe: ProbeKind<'centernet'> = {
  open: async () => ({
    inputOf: () => '1',
    async look(image) {
      const objects = await detectObjects(new Pyramid(image), { minScore: MIN_OBJECT_SCORE });
      return {
        widthPx: image.widthPx,
        heightPx: image.heightPx,
        objects: objects.map(({ label, score, box: [x1, y1, x2, y2] }) => ({
          label,
          score: rounded(score),
          box: [rounded(x1), rounded(y1), rounded(x2), rounded(y2)] as const,
        })),
      };
    },
  }),
};

export const mobilenetProbe: ProbeKind<'mobilenet'> = {
  open: async () => ({ inputOf: () => '1', look: mobilenetFeatures }),
};

/** 720 features of a network trained on photographs of COCO's objects. */
export async function mobilenetFeatures(image: Image): Promise<number[]> {
  const run = await network('centernet');
  const { widthPx, heightPx } = image;
  const region = { x: widthPx / 2, y: heightPx / 2, sidePx: Math.max(widthPx, heightPx), rotation: 0 };
  const [values] = run(new Pyramid(image).crop(region, CENTERNET_PX), [POOLED_LAYER]);
  return Array.from(values, rounded);
}

/** Only where a case says what the pose should be. */
export const poseProbe: ProbeKind<'pose'> = {
  open: async ({ signal }) => {
    const detector = createPoseDetector();
    return {
      inputOf: ({ keypoints }) => (keypoints ? '2' : undefined),
      async look(image) {
        const { people } = await detector.detect(image, { signal });
        const { widthPx, heightPx } = image;
        const found = people.map(({ box, keypoints }) => ({ box, points: keypoints.map(pointOf) }));
        return { widthPx, heightPx, people: found };
      },
      close: () => detector.close(),
    };
  },
};
