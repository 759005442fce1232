// Public face of skeletons: formats, files, drawing, detection.
export * from './convert.js';
export type { CocoClass } from './detect/coco-classes.js';
export { COCO_CLASSES } from './detect/coco-classes.js';
export { createPoseDetector, type PoseDetector } from './detect/detector.js';
export type { DetectedHand } from './detect/hands.js';
export { oks } from './detect/oks.js';
export type { DetectedPerson, Detection, DetectOptions } from './detect/people.js';
export { type DrawOptions, drawSkeleton, skeletonPicture } from './draw.js';
export * from './formats.js';
export * from './person.js';
export { type PoseOptions, type PoseResult, runPose } from './pose-command.js';
export { POSE_FORMATS, type PoseFormat, parsePose, readPoseFile } from './pose-file.js';
export { poseToJson, type WriteOptions } from './pose-write.js';
