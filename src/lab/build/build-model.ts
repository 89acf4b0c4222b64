/** Puts trained tensors and the backbone's weights together: the files of a split model. */

import { constants } from 'node:fs';
import { access, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ModelError } from '../../core/errors.ts';
import { cropSide, shorterSide } from '../../core/image/index.ts';
import {
  compactDeviceFileName,
  computeModelId,
  devicePrecisions,
  digestFile,
  type FileDigest,
  type Manifest,
  type ModelFileName,
  manifestFormatVersion,
  serializeManifest,
} from '../../core/model/index.ts';
import { elementCount } from '../../core/tensor/index.ts';
import { atomicFolder } from '../files/index.ts';
import { serializeGraph } from '../graph/index.ts';
import { type FoldedConvolutions, featureShape, latentSize, readShape } from '../networks/index.ts';
import { deviceGraph, edgeGraph, fallbackGraph } from './split-graphs.ts';
import { serializeTrainedModel, type TrainedModel } from './trained-model.ts';

/** Name of the file that keeps the trained tensors beside the graphs made from them. */
export const trainedFileName = 'trained.safetensors';

/** All that {@link writeModel} writes. */
const writtenNames: ReadonlySet<string> = new Set([
  'device.onnx',
  'edge.onnx',
  'fallback.onnx',
  'entropy.bin',
  'manifest.json',
  ...devicePrecisions.map(compactDeviceFileName),
  trainedFileName,
]);

/** A split model in memory: its manifest and the bytes of its files. */
export interface BuiltModel {
  readonly manifest: Manifest;
  readonly files: Readonly<Record<ModelFileName, Uint8Array>>;
}

/** Builds the graphs and the manifest. The same tensors and weights give the same bytes. */
export async function buildModel(model: TrainedModel, folded: FoldedConvolutions): Promise<BuiltModel> {
  const { notes } = model;
  const files: Record<ModelFileName, Uint8Array> = {
    'device.onnx': serializeGraph(deviceGraph(model, folded)),
    'edge.onnx': serializeGraph(edgeGraph(model, folded)),
    'fallback.onnx': serializeGraph(fallbackGraph(model)),
    'entropy.bin': model.entropy,
  };
  const digests = await Promise.all(
    Object.entries(files).map(async ([name, bytes]): Promise<[string, FileDigest]> => [name, await digestFile(bytes)]),
  );
  const core = {
    files: Object.fromEntries(digests) as Record<ModelFileName, FileDigest>,
    latentShape: [notes.latentChannels, latentSize, latentSize] as const,
  };
  const manifest: Manifest = {
    formatVersion: manifestFormatVersion,
    modelId: await computeModelId(core),
    name: notes.name,
    network: 'resnet50',
    split: notes.split,
    tail: notes.tail,
    teacher: notes.teacher,
    classes: notes.classes,
    preprocessing: { shorterSide, crop: cropSide, colour: 'rgb' },
    ...core,
    chunks: notes.chunks,
    quantizer: { kind: 'uniform', bits: notes.bits },
    parameterSets: 1,
    feature: {
      shape: [...featureShape(notes.split)],
      bytes: 4 * elementCount(featureShape(notes.split)),
      readBytes: 4 * elementCount(readShape(notes.split)),
    },
    curve: notes.curve,
    fallback: notes.fallback,
    dataSplit: notes.dataSplit,
    licence: notes.licence,
    sources: notes.sources,
  };
  return { manifest, files };
}

/**
 * Makes sure that a split model can be written to `folder`: call it before work that would be in vain. Changes nothing.
 *
 * @throws {@link ModelError} when the path is a file, or a folder that holds anything but an older split model: that is
 *   somebody's own, and writing the model would remove it.
 * @throws the file system's error when no folder can be made there (`EROFS`, `EACCES`, `ENOTDIR`).
 */
export async function requireModelFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) {
    await requireWritable(dirname(resolve(folder)));
    return;
  }
  if (!found.isDirectory()) {
    throw new ModelError(`"${folder}" is a file: give a folder to write the split model to, a new one at best`);
  }
  const names = await readdir(folder);
  const foreign =
    names.find((name) => !writtenNames.has(name)) ?? (names.includes('manifest.json') ? undefined : names[0]);
  if (foreign !== undefined) {
    throw new ModelError(
      `the folder "${folder}" holds "${foreign}", which the split model would replace: ` +
        'give a new folder, an empty one, or that of an older model with nothing else in it',
    );
  }
  await requireWritable(dirname(resolve(folder)));
}

/** Looks at the folder, or at the nearest one above that exists. */
async function requireWritable(folder: string): Promise<void> {
  const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && dirname(folder) !== folder) return undefined;
    throw error;
  });
  if (found === undefined) await requireWritable(dirname(folder));
  else await access(folder, constants.W_OK);
}

/**
 * Builds a split model into a folder, which appears whole or not at all. An older model in it is replaced.
 *
 * @throws what {@link requireModelFolder} throws, and the file system's errors; nothing is left half-written.
 */
export async function writeModel(folder: string, model: TrainedModel, folded: FoldedConvolutions): Promise<Manifest> {
  await requireModelFolder(folder);
  const { manifest, files } = await buildModel(model, folded);
  await atomicFolder(folder, async (into) => {
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(into, name), bytes);
    await writeFile(join(into, trainedFileName), serializeTrainedModel(model));
    await writeFile(join(into, 'manifest.json'), serializeManifest(manifest));
  });
  return manifest;
}
