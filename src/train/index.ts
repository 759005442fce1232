// Training: recipes in TypeScript, exported for `trainer/`.
export { readCaptions, writeTokens } from './captions.js';
export { RECIPES, type RecipeEntry, type RecipeOptions, type StageSize } from './recipes.js';
export { runTrain, type TrainOptions, type TrainResult } from './train-command.js';
export { EXPORT_FORMAT, exportRecipe, type Recipe, type TrainingPlan } from './training-export.js';
