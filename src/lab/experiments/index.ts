export { type AnswerContext, measuringGraphs } from './link/answers/answer-context.ts';
export { type AnswerTable, openAnswerTable } from './link/answers/answer-table.ts';
export { machineTimes, thisMachine } from './link/machine-times.ts';
export { type LinkMethodName, linkMethodDescriptions, linkMethodNames } from './link/method-names.ts';
export { openPictureSource } from './link/picture-source.ts';
export { simulateMethods } from './link/simulate-methods.ts';
export type { MethodResult } from './link/simulation/outcome.ts';
export { defaultRequests, poissonRequests, type Scenario } from './link/simulation/scenario.ts';
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
