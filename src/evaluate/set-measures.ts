// The measures that give all pictures of a method one number.
import { featureSums, frechetOfStatistics } from '../metrics/feature-statistics.js';
import { inceptionScore } from '../metrics/inception-score.js';
import { kernelDistance } from '../metrics/kernel-distance.js';
import { detectedPoseSums } from '../metrics/pose-accuracy.js';
import type { BenchmarkCase } from './benchmark.js';
import type { SetContext, SetMeasure, SetMember } from './measure.js';
import { posesIn } from './picture-measures.js';
import type { Findings, ProbeName } from './probe.js';

/** Fewer vectors than this span too little for a distance to mean anything. */
const FEWEST = 10;
/** The usual 100 subsets tell no more of small sets, and take ten times as long. */
const SUBSETS = 10;
const WHOLE_BODY = 133;

function measure<N extends ProbeName>(one: SetMeasure<N>): SetMeasure {
  return one as unknown as SetMeasure;
}

type Rows = readonly (readonly number[])[];

/** Features of a method's pictures and of the references; undefined where one of the sets is too small. */
function featureSets<N extends ProbeName>(
  members: readonly SetMember<N>[],
  { references, black }: SetContext<N>,
  featuresOf: (found: Findings[N]) => number[],
): { made: Rows; wanted: Rows } | undefined {
  const made = members.flatMap(({ found = black }) => (found ? [featuresOf(found)] : []));
  const wanted = references.map(featuresOf);
  return Math.min(made.length, wanted.length) < FEWEST ? undefined : { made, wanted };
}

async function frechet<N extends ProbeName>({ made, wanted }: { made: Rows; wanted: Rows }, context: SetContext<N>) {
  const options = { width: made[0].length, runtime: context.runtime, signal: context.signal };
  const statistics = [];
  for (const rows of [made, wanted]) {
    const sums = featureSums(options);
    await sums.add(rows);
    statistics.push(await sums.result());
  }
  return frechetOfStatistics(statistics[0], statistics[1], { ...options, onProgress: context.onProgress });
}

async function kernel<N extends ProbeName>({ made, wanted }: { made: Rows; wanted: Rows }, context: SetContext<N>) {
  const { runtime, signal } = context;
  const { mean } = await kernelDistance(made, wanted, { subsets: SUBSETS, runtime, signal });
  return mean;
}

const mobilenet = (found: number[]) => found;
const judgeFeatures = ({ features }: Findings['judge']) => features;
const everyCase = () => true;
const BLACK = 'A failed picture counts as a black one.';

const frechetMobilenet = measure<'mobilenet'>({
  name: 'frechet-mobilenet',
  title: 'Fréchet distance, MobileNet',
  about: `Between the pictures and the references, on 720 features of a MobileNet trained on photographs; this is not FID. It depends on the number of pictures. ${BLACK}`,
  better: 'lower',
  shown: 2,
  probe: 'mobilenet',
  needsReferences: true,
  applies: everyCase,
  async compute(members, context) {
    const sets = featureSets(members, context, mobilenet);
    return sets && frechet(sets, context);
  },
});

const kernelMobilenet = measure<'mobilenet'>({
  name: 'kernel-mobilenet',
  title: 'kernel distance, MobileNet',
  about: `Unbiased squared maximum mean discrepancy on the same features, over ${SUBSETS} subsets; this is not KID. ${BLACK}`,
  better: 'lower',
  shown: 3,
  probe: 'mobilenet',
  needsReferences: true,
  applies: everyCase,
  async compute(members, context) {
    const sets = featureSets(members, context, mobilenet);
    return sets && kernel(sets, context);
  },
});

const frechetJudge = measure<'judge'>({
  name: 'frechet-judge',
  title: 'Fréchet distance, judge',
  about: `Between the pictures and the references, on the features of the judge, which was trained on rendered people. ${BLACK}`,
  better: 'lower',
  shown: 2,
  probe: 'judge',
  needsReferences: true,
  applies: everyCase,
  async compute(members, context) {
    const sets = featureSets(members, context, judgeFeatures);
    return sets && frechet(sets, context);
  },
});

const inceptionJudge = measure<'judge'>({
  name: 'inception-judge',
  title: "Inception Score, judge's classes",
  about: `How sure the judge is of each picture and how varied of all, in one split; this is not the score of InceptionV3. ${BLACK}`,
  better: 'higher',
  shown: 2,
  probe: 'judge',
  needsReferences: false,
  applies: everyCase,
  async compute(members, { black }) {
    const rows = members.flatMap(({ found = black }) => (found ? [logitsOf(found)] : []));
    return rows.length < FEWEST ? undefined : inceptionScore(rows, { splits: 1 }).mean;
  },
});

/** Logarithms of the probabilities, in one order of the triplets. */
function logitsOf({ triplets }: Findings['judge']): number[] {
  const named = triplets.map(
    ([verb, object, score]) => [`${verb} ${object}`, Math.log(Math.max(score, 1e-12))] as const,
  );
  return named.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, logit]) => logit);
}

const inceptionFeatures = ({ features }: Findings['inception']) => features;

const frechetInception = measure<'inception'>({
  name: 'fid',
  title: 'FID',
  about: `Fréchet distance from the references on 2,048 features of InceptionV3. Depends on the number of pictures. ${BLACK}`,
  better: 'lower',
  shown: 2,
  probe: 'inception',
  needsReferences: true,
  applies: everyCase,
  async compute(members, context) {
    const sets = featureSets(members, context, inceptionFeatures);
    return sets && frechet(sets, context);
  },
});

const kernelInception = measure<'inception'>({
  name: 'kid',
  title: 'KID',
  about: `Kernel distance from the references on the same features, over ${SUBSETS} subsets. ${BLACK}`,
  better: 'lower',
  shown: 3,
  probe: 'inception',
  needsReferences: true,
  applies: everyCase,
  async compute(members, context) {
    const sets = featureSets(members, context, inceptionFeatures);
    return sets && kernel(sets, context);
  },
});

const inceptionScoreOfInception = measure<'inception'>({
  name: 'inception-score',
  title: 'Inception Score',
  about: `How sure InceptionV3 is of each picture and how varied of all, in one split. ${BLACK}`,
  better: 'higher',
  shown: 2,
  probe: 'inception',
  needsReferences: false,
  applies: everyCase,
  async compute(members, { black }) {
    const rows = members.flatMap(({ found = black }) => (found ? [found.logits] : []));
    return rows.length < FEWEST ? undefined : inceptionScore(rows, { splits: 1 }).mean;
  },
});

const isWholeBody = ({ keypoints }: BenchmarkCase) => keypoints?.length === WHOLE_BODY;

function detectedPoses(part: 'wholeBody' | 'hands'): SetMeasure {
  return measure<'pose'>({
    name: part === 'hands' ? 'dap-hands' : 'dap',
    title: part === 'hands' ? 'DAP, hands' : 'DAP, whole body',
    about:
      "COCO's average precision by OKS of the detected with the wanted poses. A failed picture counts as nobody detected.",
    better: 'higher',
    shown: 3,
    probe: 'pose',
    needsReferences: false,
    applies: isWholeBody,
    async compute(members) {
      const sums = detectedPoseSums();
      for (const { case: one, found } of members) {
        const poses = found && posesIn(found, one);
        sums.add(poses?.truth ?? one.keypoints!, poses?.points);
      }
      return sums.result()[part]?.ap;
    },
  });
}

export const SET_MEASURES: readonly SetMeasure[] = [
  frechetMobilenet,
  kernelMobilenet,
  frechetJudge,
  inceptionJudge,
  frechetInception,
  kernelInception,
  inceptionScoreOfInception,
  detectedPoses('wholeBody'),
  detectedPoses('hands'),
];
