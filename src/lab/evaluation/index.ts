export {
  type EvaluatedPoint,
  type EvaluateOptions,
  type Evaluation,
  evaluateModel,
  type LabelledBatch,
  type MeasuringGraphs,
} from './evaluate-model.ts';
