// Training: recipes in TypeScript, exported for `trainer/` or run in this process.
export { readCaptions, writeTokens } from './captions.js';
export { type NodeTrainingOptions, type NodeTrainingResult, trainInNode } from './node/run.js';
export { RECIPES, type RecipeEntry, type RecipeOptions, type StageSize } from './recipes.js';
export {
  runTrain,
  runTrainHere,
  type TrainHereOptions,
  type TrainOptions,
  type TrainResult,
} from './train-command.js';
export { EXPORT_FORMAT, exportRecipe, type Recipe, type TrainingPlan } from './training-export.js';
