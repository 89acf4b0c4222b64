/** `aecnn info`: what a split model is, from its manifest. */

import type { Command } from 'commander';
import { describeModel, type ModelDescription } from '../core/model/index.ts';
import { openModelFolder } from './model-folder.ts';
import type { GlobalOptions } from './options.ts';
import { printJson, printLine, runCommand, table } from './output.ts';

/** Adds `aecnn info` to the program. */
export function registerInfo(program: Command): void {
  program
    .command('info')
    .description('say what a split model is: network, split point, classes, accuracy against bytes, licence, sources')
    .argument('<model>', 'folder of a split model')
    .addHelpText('after', '\nExamples:\n  $ aecnn info my-model\n  $ aecnn info my-model --json')
    .action((folder: string, options: GlobalOptions) =>
      runCommand(async () => {
        const { manifest } = await openModelFolder(folder);
        const description = describeModel(manifest);
        if (options.json) printJson(description);
        else printDescription(manifest.name, description);
      }),
    );
}

function printDescription(name: string, model: ModelDescription): void {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const { classes } = model;
  printLine(`model    ${name} (${model.modelId})`);
  printLine(`network  ${model.network}, split after ${model.split}, tail ${model.tail}`);
  printLine(`classes  ${classes.length}: ${classes.slice(0, 8).join(', ')}${classes.length > 8 ? ', ...' : ''}`);
  printLine(`latent   ${model.latentShape.join(' x ')}`);
  printLine(`licence  ${model.licence}`);
  for (const { name: source, licence, url, what } of model.sources) {
    printLine(`source   ${what}: ${source} (${licence}), ${url}`);
  }
  if (model.curve.length === 0) return;
  const rows = model.curve.map((point) => [
    point.budgetBytes,
    point.frameBytes.mean.toFixed(0),
    point.frameBytes.max,
    percent(point.accuracy),
    percent(point.agreement),
  ]);
  printLine(table(['budget, bytes', 'mean bytes', 'max bytes', 'accuracy (validation)', 'agreement'], rows));
}
