/** `aecnn compact`: device graphs of fewer bytes beside a model's full one, with what they cost in accuracy. */

import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { ModelError } from '../core/errors.ts';
import {
  type CompactDevice,
  compactDeviceFileName,
  type DevicePrecision,
  devicePrecisions,
  digestFile,
  serializeManifest,
} from '../core/model/index.ts';
import { atomicWriteFile } from '../lab/files/index.ts';
import { shrinkConstants } from '../lab/graph/index.ts';
import { createNodeRuntime } from '../runtime/node.ts';
import {
  addMeasuredDataOptions,
  type MeasuredDataOptions,
  measureModel,
  openMeasuredSamples,
} from './measure-model.ts';
import { isLabelled } from './measured-samples.ts';
import { openModelFolder } from './model-folder.ts';
import { printJson, printLine, progressBar, runCommand, table } from './output.ts';

interface CompactOptions extends MeasuredDataOptions {
  readonly precision?: DevicePrecision;
}

/** Adds `aecnn compact` to the program. */
export function registerCompact(program: Command): void {
  const command = program
    .command('compact')
    .description(
      'write smaller device graphs beside the full one, for pages that fetch them, and measure what they lose',
    )
    .argument('<model>', 'folder of a split model');
  addMeasuredDataOptions(command)
    .addOption(
      new Option('--precision <name>', 'of the weights; both when left out. All is still computed in float32').choices(
        devicePrecisions,
      ),
    )
    .addHelpText(
      'after',
      `
Writes device.float16.onnx and device.int8.onnx, and their accuracy into manifest.json. The model id stays: the same edge
decodes their frames. The page of "aecnn serve --web" offers them.

Examples:
  $ aecnn compact my-model --data photos
  $ aecnn compact my-model --data photos --precision float16 --limit 300`,
    )
    .action((folder: string, options: CompactOptions) =>
      runCommand(async (signal) => {
        const compactDevices = await compact(folder, options, signal);
        if (options.json) printJson({ compactDevices });
        else printDevices(compactDevices);
      }),
    );
}

async function compact(folder: string, options: CompactOptions, signal: AbortSignal): Promise<CompactDevice[]> {
  const model = await openModelFolder(folder);
  if (!isLabelled(model.manifest)) {
    throw new ModelError(
      'a model of all ImageNet classes has no labelled pictures, so what a smaller graph loses cannot be told: give another model',
    );
  }
  const samples = await openMeasuredSamples(model, options, signal);
  const runtime = await createNodeRuntime({ worker: false, ...(options.threads && { threads: options.threads }) });
  const full = await model.readGraph('device');
  const precisions = options.precision === undefined ? devicePrecisions : [options.precision];
  const bar = progressBar('evaluating', samples.length * (1 + precisions.length));
  try {
    const accuracyOf = async (device: Uint8Array, done: number): Promise<number> => {
      const onProgress = (images: number): void => bar.update(done + images);
      return (await measureModel(model, { device, runtime, samples, onProgress, signal })).accuracy;
    };
    const fullAccuracy = await accuracyOf(full, 0);
    const graphs = new Map(precisions.map((precision) => [precision, shrinkConstants(full, precision)] as const));
    const made: CompactDevice[] = [];
    for (const [precision, graph] of graphs) {
      const accuracy = await accuracyOf(graph, samples.length * (1 + made.length));
      made.push({ precision, ...(await digestFile(graph)), accuracy, fullAccuracy, images: samples.length });
    }
    // Those of an earlier run stay when they were measured alike.
    const kept = (model.manifest.compactDevices ?? []).filter(
      (older) => !graphs.has(older.precision) && older.images === samples.length && older.fullAccuracy === fullAccuracy,
    );
    const compactDevices = [...kept, ...made].sort((one, other) => other.bytes - one.bytes);
    // The manifest last: it names no file that is not there.
    for (const [precision, graph] of graphs)
      await atomicWriteFile(join(folder, compactDeviceFileName(precision)), graph);
    await atomicWriteFile(join(folder, 'manifest.json'), serializeManifest({ ...model.manifest, compactDevices }));
    return compactDevices;
  } finally {
    bar.stop();
  }
}

function printDevices(devices: readonly CompactDevice[]): void {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  printLine(
    table(
      ['device graph', 'bytes', 'accuracy', 'full graph', 'pictures'],
      devices.map(({ precision, bytes, accuracy, fullAccuracy, images }) => [
        compactDeviceFileName(precision),
        String(bytes),
        percent(accuracy),
        percent(fullAccuracy),
        String(images),
      ]),
    ),
  );
}
