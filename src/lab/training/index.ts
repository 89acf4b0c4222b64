export { estimateTraining, type TrainEstimate } from './estimate.ts';
export { defaultRecipe, defaultSelectedChannels, type TrainRecipe } from './recipe.ts';
export { type StepReport, type TrainingStepName, type TrainOptions, train } from './train.ts';
