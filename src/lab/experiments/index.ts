export { type AnswerContext, measuringGraphs } from './link/answers/answer-context.ts';
export { type AnswerTable, openAnswerTable } from './link/answers/answer-table.ts';
export { answerPrefixes, type PictureAnswers } from './link/answers/prefix-answers.ts';
export { linkGrid } from './link/link-grid.ts';
export { type LinkPartName, type LinkProtocol, type LinkResult, linkPartNames } from './link/link-result.ts';
export { machineTimes } from './link/machine-times.ts';
export { type LinkMethodName, linkMethodDescriptions, linkMethodNames } from './link/method-names.ts';
export {
  type LinkTraining,
  linkModelKey,
  openLinkModel,
  readLinkModel,
  trainLinkModel,
} from './link/models/link-model.ts';
export { linkPicturesPerClass } from './link/models/link-recipe.ts';
export { openLinkLab } from './link/models/open-link-lab.ts';
export { openPictureSource } from './link/picture-source.ts';
export { readUplinks } from './link/recorded-uplinks.ts';
export { linkPlots } from './link/report/link-plots.ts';
export { type LinkResults, linkResults } from './link/report/link-report-data.ts';
export { linkTables } from './link/report/link-tables.ts';
export {
  type LinkExperiment,
  type LinkPartState,
  linkStates,
  runLink,
  selectLinkParts,
} from './link/run-link.ts';
export { simulateMethods } from './link/simulate-methods.ts';
export { type MethodResult, methodResult } from './link/simulation/outcome.ts';
export { defaultRequests, poissonRequests, type Scenario } from './link/simulation/scenario.ts';
export { simulateAecnn } from './link/simulation/simulate-aecnn.ts';
export { markdownTable, percent, thousands } from './markdown.ts';
export { type Configuration, paperGrid, quickGrid } from './paper/grid.ts';
export { paperParts } from './paper/paper-parts.ts';
export type { PaperResult } from './paper/paper-result.ts';
export { paperProtocol, quickProtocol } from './paper/protocol.ts';
export { type PaperResults, paperResults } from './paper/report/report-data.ts';
export { paperPlots } from './paper/report/report-plots.ts';
export { paperTables } from './paper/report/report-tables.ts';
export {
  type ConfigurationState,
  paperStates,
  type RunPaperOptions,
  runPaper,
  selectConfigurations,
} from './paper/run-paper.ts';
export { type Provenance, provenance } from './provenance.ts';
export { type CodecQualities, defaultQualities, type MethodName, methodNames } from './start/methods.ts';
export { type PreparedModels, prepareModels } from './start/prepare-models.ts';
export { type PictureResult, type RunStartOptions, runStart, type StartMeasurement } from './start/run-start.ts';
export { describeLink, methodLabels, type StartResult, startResult } from './start/start-result.ts';
export { deadlinesMs, type MarkedAnswer, type MethodSummary } from './start/summary.ts';
export { type WrittenReport, writeReport } from './start/write-report.ts';
