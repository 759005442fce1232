// Where the layout model's hypotheses begin: the means of clusters of boxes that people really use.
import { Philox } from '../../core/random.js';
import { float32, type Tensor } from '../../core/tensor.js';
import type { LayoutModelConfig } from '../../models/index.js';
import type { LayoutRow } from './rows.js';

/** Lloyd's rounds; the clusters hardly move afterwards. */
const ROUNDS = 12;
/** Spread of the first boxes about the present one, in its sides and in logarithms of them. */
const PRESENT_SPREAD = 0.25;
/** Rows that the clusters are made of. */
const SAMPLE = 4000;

/** First values of the anchors of every member; members differ by their seeds. */
export function layoutAnchors(config: LayoutModelConfig, rows: readonly LayoutRow[]): Record<string, Tensor> {
  const { members, person_hypotheses: byPerson, present_hypotheses: byPresent } = config;
  const given: Record<string, Tensor> = {};
  for (let i = 0; i < members; i++) {
    const random = new Philox(i, 1);
    const sample = Array.from({ length: Math.min(SAMPLE, rows.length) }, () => pick(rows, random)).map(inPersonFrame);
    given[`layout.members.${i}.person_anchors`] = float32(clusters(sample, byPerson, random).flat(), [byPerson, 4]);
    const spread = Array.from({ length: 4 * byPresent }, () => PRESENT_SPREAD * random.normal());
    given[`layout.members.${i}.present_anchors`] = float32(spread, [byPresent, 4]);
  }
  return given;
}

function pick<T>(from: readonly T[], random: Philox): T {
  return from[Math.floor(random.uniform() * from.length)];
}

/** Centre and logarithms of the sides, in lengths of the square root of the person's area. */
function inPersonFrame({ person, object, aspect }: LayoutRow): number[] {
  const scaleY = Math.sqrt(Math.max((person[2] - person[0]) * (person[3] - person[1]) * aspect, 1e-4));
  const scaleX = scaleY / aspect;
  const log = (v: number) => Math.log(Math.max(v, 1e-3));
  const values = [
    (object[0] + object[2] - person[0] - person[2]) / (2 * scaleX),
    (object[1] + object[3] - person[1] - person[3]) / (2 * scaleY),
    log((object[2] - object[0]) / scaleX),
    log((object[3] - object[1]) / scaleY),
  ];
  return values.map((v) => Math.min(4, Math.max(-4, v)));
}

/** k-means from random points. */
function clusters(points: readonly number[][], count: number, random: Philox): number[][] {
  let centres = Array.from({ length: count }, () => pick(points, random));
  for (let round = 0; round < ROUNDS; round++) {
    const sums = centres.map(() => ({ sum: [0, 0, 0, 0], size: 0 }));
    for (const point of points) {
      const cluster = sums[nearest(centres, point)];
      point.forEach((v, i) => {
        cluster.sum[i] += v;
      });
      cluster.size++;
    }
    centres = sums.map(({ sum, size }, i) => (size > 0 ? sum.map((v) => v / size) : centres[i]));
  }
  return centres;
}

function nearest(centres: readonly number[][], point: readonly number[]): number {
  const distances = centres.map((centre) => centre.reduce((sum, v, i) => sum + (v - point[i]) ** 2, 0));
  return distances.indexOf(Math.min(...distances));
}
