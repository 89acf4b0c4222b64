/** `aecnn experiment`: experiments that take hours, go on where they were, and leave a file for each result. */

import type { Command } from 'commander';
import { registerExperimentLink } from './experiment-link.ts';
import { registerExperimentPaper } from './experiment-paper.ts';

/** Adds `aecnn experiment` to the program. */
export function registerExperiment(program: Command): void {
  const experiment = program.command('experiment').description('experiments that compare AECNN with other ways');
  registerExperimentPaper(experiment);
  registerExperimentLink(experiment);
}
