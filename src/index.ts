/**
 * The public entry: what a program that installs the package imports.
 *
 * @example
 * const runtime = createRuntime();
 * const pipeline = loadPipeline(openCheckpoint(modelFolder('mini')), runtime);
 * const [{ image }] = await textToImage(pipeline, { prompt: 'a woman is riding a bicycle', seed: 7 });
 * await writeFile('a.png', await encodePng(image));
 * await runtime.close();
 */
export { type Agent, createLocalAgent, createOpenAiAgent, openAgent } from './agents/index.js';
export { ContrappostoError, type ErrorCode, type ErrorDetails, exitCode } from './core/errors.js';
export { encodePng, type Image, readImage, readPngText } from './core/image.js';
export type { OnProgress, ProgressEvent } from './core/progress.js';
export type { DType, Shape, Tensor, WeightSource } from './core/tensor.js';
export {
  type CocoPerson,
  type CocoPicture,
  cocoPeople,
  readCocoInstances,
  readCocoPeople,
} from './data/readers/coco.js';
export { type HagridPicture, hagridPictures, handsInPixels } from './data/readers/hagrid.js';
export { type HicoDet, readHicoDet } from './data/readers/hico-det.js';
export {
  hicoClasses,
  type InteractionPrompt,
  interactionPrompts,
  PAPER_PROMPTS,
  vCocoClasses,
} from './data/readers/interaction-prompts.js';
export { type HandsPicture, type InterHandFiles, interHandPictures } from './data/readers/interhand.js';
export { joinPoses, type PoseSample, readJoinedPoses, writeJoinedPoses } from './data/readers/joined-poses.js';
export { makePosePairs, type PosePair, readPoseAnnotations, readPosePairs } from './data/readers/pose-pairs.js';
export { reInterHandPictures } from './data/readers/re-interhand.js';
export { interactionSentences, readPromptLines } from './data/readers/t2i-compbench.js';
export { type Skipped, SkipTally } from './data/readers/tally.js';
export { readOfficialVCoco, readVCoco, type VCoco } from './data/readers/v-coco.js';
export { type Adapter, type AdapterNetwork, loadAdapter } from './diffusion/adapter.js';
export { type Control, type ControlNetwork, loadControlNet } from './diffusion/control.js';
export { type ImageToImageOptions, imageToImage } from './diffusion/image-to-image.js';
export { type InpaintOptions, inpaint } from './diffusion/inpaint.js';
export { loadPipeline, type Pipeline } from './diffusion/pipeline.js';
export { type RunRecord, runRecordFromPngText, runRecordToJson, runRecordToPngText } from './diffusion/run-record.js';
export { SCHEDULER_NAMES, type SchedulerName } from './diffusion/schedulers.js';
export { type GeneratedImage, type TextToImageOptions, textToImage } from './diffusion/text-to-image.js';
export type { Benchmark, BenchmarkCase } from './evaluate/benchmark.js';
export { openBenchmark } from './evaluate/benchmarks/index.js';
export { type EvaluateOptions, type Evaluation, evaluate } from './evaluate/evaluate.js';
export { parseMethods } from './evaluate/methods/index.js';
export { htmlReport } from './evaluate/report/page.js';
export { type Results, resultsSchema } from './evaluate/results.js';
export { markdownTable } from './evaluate/table.js';
export {
  type BoundOnnx,
  type Checkpointing,
  type GradientOptions,
  Graph,
  gradient,
  type OnnxModel,
  type OnnxValue,
  pullback,
  stopGradient,
  type Value,
} from './graph/index.js';
export { readOnnx } from './graph/onnx/read-onnx.js';
export { type AttendExciteOptions, attendExcite } from './methods/baselines/attend-excite.js';
export { type BoxDiffOptions, boxDiff } from './methods/baselines/boxdiff.js';
export { type LmdOptions, lmd } from './methods/baselines/lmd.js';
export { type MultiDiffusionOptions, multiDiffusion } from './methods/baselines/multidiffusion.js';
export { type PlacedPhrase, placePhrases, promptPhrases } from './methods/baselines/placed-phrases.js';
export type { Method, MethodPicture, MethodRequest } from './methods/method.js';
export { analysePrompt, type PromptAnalysis } from './methods/record/prompt-analysis.js';
export { type RecordOptions, type RecordResult, record } from './methods/record/record.js';
export type { RecordReport } from './methods/record/report.js';
export { type RecordSettings, recordSettings } from './methods/record/settings.js';
export {
  type Agreement,
  agreementQuestion,
  agreementScores,
  parseAgreement,
} from './metrics/agreement-score.js';
export {
  type AveragePrecision,
  averagePrecision,
  averagePrecisionOfMany,
  type Found,
  type FoundAmongMany,
} from './metrics/average-precision.js';
export { type ClipScorer, openClipScorer, type RankedText } from './metrics/clip-scorer.js';
export {
  type CorrectPoints,
  correctByMpiiHead,
  correctByPatnHead,
  correctKeypoints,
  pooledShare,
} from './metrics/correct-keypoints.js';
export {
  type FeatureStatistics,
  type FeatureSums,
  featureSums,
  frechetOfStatistics,
  mergeStatistics,
} from './metrics/feature-statistics.js';
export { type ForegroundOptions, foregroundOf } from './metrics/foreground.js';
export {
  type FeatureNetwork,
  type InceptionNetwork,
  openInceptionV3,
  openOnnxFeatures,
} from './metrics/inception-features.js';
export { type InceptionScore, inceptionScore, inceptionScoreSums } from './metrics/inception-score.js';
export {
  detectionScore,
  type InteractionScores,
  interactionSums,
  isInteractionAmong,
  layoutScore,
  rareBelow,
} from './metrics/interaction-score.js';
export { jensenShannonDistance } from './metrics/jensen-shannon.js';
export { type KernelDistance, kernelDistance, maximumMeanDiscrepancy } from './metrics/kernel-distance.js';
export { keypointSimilarity, WHOLEBODY_SIGMAS } from './metrics/keypoint-similarity.js';
export { type ContactCase, contactDistance, isTopNContact } from './metrics/object-contact.js';
export { otsuForeground, otsuThreshold } from './metrics/otsu.js';
export { psnr, psnrOfPlanes } from './metrics/peak-signal-noise.js';
export { openPerceptualDistance, type PerceptualDistance } from './metrics/perceptual-distance.js';
export { type Planes, padWhite, planesOf } from './metrics/picture-planes.js';
export { type DetectedPoseAccuracy, detectedPoseSums, type JointError, jointError } from './metrics/pose-accuracy.js';
export { keepMasked, type Mask, maskIou, maskSsim, poseMask } from './metrics/pose-mask.js';
export { type MeanScore, runningMean } from './metrics/running-mean.js';
export {
  SSIM_CONVENTIONS,
  type SsimConvention,
  type SsimName,
  ssim,
  ssimOfPlanes,
} from './metrics/structural-similarity.js';
export { clipScoreOf, clipSim, openPickScorer, type PickScorer, verbClipScore } from './metrics/text-agreement.js';
export type { Box, Keypoint } from './pose/person.js';
export { createRuntime, type Runtime, type RuntimeOptions, type Session } from './runtime/index.js';
export { type ResolveModelOptions, resolveModel } from './weights/hub.js';
export { type Checkpoint, openCheckpoint, openModelFolder } from './weights/index.js';
export { type LoraOptions, withLoras } from './weights/lora.js';
export { modelFolder } from './weights/model-folder.js';
