// Hands that belong to no detected body (close-ups): the HandTrack detector proposes, the landmark network decides.
import { areaOf, type Box, iou } from '../person.js';
import { fromRegion, type Pyramid, type Region } from './crop.js';
import { type DetectedHand, MIN_HAND_SCORE, readHand } from './hands.js';
import { network } from './networks.js';

const INPUT_PX = 320;
/** hand, fist, pinch, point, face, tip, pinchtip; faces and finger tips are no hands. */
const CLASSES = 7;
const HAND_CLASSES = [0, 1, 2, 3];
const MIN_PROPOSAL_SCORE = 0.4;
const MAX_PROPOSALS = 6;
const BOXES = 'StatefulPartitionedCall/Postprocessor/ExpandDims_1';
const SCORES = 'StatefulPartitionedCall/Postprocessor/Slice';

/** Hands anywhere in the picture, best first, at any rotation. */
export async function detectFreeHands(picture: Pyramid): Promise<DetectedHand[]> {
  const hands: DetectedHand[] = [];
  for (const { box } of await proposeHands(picture)) {
    const [x1, y1, x2, y2] = box;
    const side = 1.5 * Math.max(x2 - x1, y2 - y1);
    // Without a forearm the direction is unknown: upright, then each quarter turn until one is surely a hand.
    const regions = [0, 1, 2, 3].map((quarter) => ({
      x: (x1 + x2) / 2,
      y: (y1 + y2) / 2,
      sidePx: side,
      rotation: (quarter * Math.PI) / 2,
    }));
    const hand = await readHand(picture, regions);
    if (hand && hand.score >= MIN_HAND_SCORE) {
      hands.push({ side: hand.right >= 0.5 ? 'right' : 'left', points: hand.points, score: hand.score });
    }
  }
  return hands.sort((a, b) => b.score - a.score);
}

async function proposeHands(picture: Pyramid): Promise<{ box: Box; score: number }[]> {
  const run = await network('handtrack');
  const { widthPx, heightPx } = picture;
  const region: Region = { x: widthPx / 2, y: heightPx / 2, sidePx: Math.max(widthPx, heightPx), rotation: 0 };
  const input = picture.crop(region, INPUT_PX).map((v) => v / 127.5 - 1);
  const [boxes, scores] = run(input, [BOXES, SCORES]); // [12804, 4] y1 x1 y2 x2, [12804, 7]
  const toPicture = fromRegion(region);
  const proposals: { box: Box; score: number }[] = [];
  for (let i = 0; i < boxes.length / 4; i++) {
    const score = Math.max(...HAND_CLASSES.map((c) => scores[i * CLASSES + c]));
    if (score < MIN_PROPOSAL_SCORE) continue;
    const [y1, x1, y2, x2] = boxes.subarray(i * 4, i * 4 + 4);
    const low = toPicture(x1, y1);
    const high = toPicture(x2, y2);
    const box: Box = [low.x, low.y, high.x, high.y];
    if (areaOf(box) > 0) proposals.push({ box, score });
  }
  const kept: { box: Box; score: number }[] = [];
  for (const proposal of proposals.sort((a, b) => b.score - a.score)) {
    if (kept.length < MAX_PROPOSALS && !kept.some((k) => iou(k.box, proposal.box) > 0.3)) kept.push(proposal);
  }
  return kept;
}
