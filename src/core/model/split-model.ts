/**
 * A split model as it lies on disk or on a web server, read through an injected `readFile(name)`.
 *
 * The twist: graphs are read when asked for, so that a device never loads the edge's 60 MB and an edge never the device's
 * part. Whatever is read is checked against the manifest's hashes first.
 */

import { type EntropyModel, type LatentCoding, type LatentLayout, parseLatentCoding } from '../codec/index.ts';
import { AecnnError, ModelError } from '../errors.ts';
import { elementCount } from '../tensor/index.ts';
import { computeModelId, sha256Hex } from './digest.ts';
import {
  compactDeviceFileName,
  type DevicePrecision,
  type FileDigest,
  type Manifest,
  type ModelFileName,
  parseManifest,
} from './manifest.ts';

/** Reads one file of a split model by its name, e.g. `device.onnx`. */
export type ReadModelFile = (name: string) => Promise<Uint8Array>;

/** Parts of a split model that are graphs. */
export type GraphPart = 'device' | 'edge' | 'fallback';

/** The artifact that device and edge share. */
export interface SplitModel {
  readonly manifest: Manifest;
  readonly entropyModel: EntropyModel;
  /** Model id, latent shape, entropy model and plan together, as `encodeFrame` and `decodeFrame` take them. */
  readonly layout: LatentLayout & { readonly modelId: string };
  /**
   * Reads a graph, an ONNX model as bytes. Reads anew at every call: keep the session, not the bytes.
   *
   * @throws {@link ModelError} when the file is missing or its hash is not the manifest's.
   */
  readGraph(part: GraphPart): Promise<Uint8Array>;
  /**
   * Reads a file as it is, for a device that fetches it from here.
   *
   * @param name - `manifest.json`, or a file that the manifest names.
   * @throws {@link ModelError} as `readGraph` does.
   */
  readBytes(name: string): Promise<Uint8Array>;
}

/** Options of {@link readSplitModel}. */
export interface ReadSplitModelOptions {
  /** Read the smaller device graph of this precision in place of the full one. */
  readonly device?: DevicePrecision;
}

/**
 * Reads the manifest and the entropy model of a split model, and verifies them.
 *
 * @param readFile - Reads a file of the model; whatever it rejects with becomes the cause of a {@link ModelError}.
 * @throws {@link ModelError} when a file is missing or damaged, or the manifest is of another format version.
 */
export async function readSplitModel(
  readFile: ReadModelFile,
  options: ReadSplitModelOptions = {},
): Promise<SplitModel> {
  const manifestBytes = await readNamed(readFile, 'manifest.json');
  const manifest = parseManifest(new TextDecoder().decode(manifestBytes));
  if ((await computeModelId(manifest)) !== manifest.modelId) {
    throw new ModelError(
      `manifest.json was changed: the model id ${manifest.modelId} does not follow from its files and latent shape. ` +
        'Fetch or build the model again',
    );
  }
  const readBytes = async (name: string): Promise<Uint8Array> =>
    name === 'manifest.json' ? manifestBytes : readVerified(readFile, fileDigest(manifest, name), name);
  const coding = parseCoding(await readBytes('entropy.bin'), manifest);
  const fileOf = (part: GraphPart): string =>
    part === 'device' && options.device !== undefined ? compactDeviceFileName(options.device) : `${part}.onnx`;
  return {
    manifest,
    entropyModel: coding.entropyModel,
    layout: { modelId: manifest.modelId, latentShape: manifest.latentShape, ...coding },
    readGraph: (part) => readBytes(fileOf(part)),
    readBytes,
  };
}

function parseCoding(bytes: Uint8Array, { latentShape, chunks }: Manifest): LatentCoding {
  const coding = parseLatentCoding(bytes);
  const found = { elements: coding.entropyModel.tables.length, chunks: coding.plan.chunks };
  const elements = elementCount(latentShape);
  if (found.elements !== elements || found.chunks !== chunks) {
    throw new ModelError(
      `entropy.bin codes ${found.elements} latent elements in ${found.chunks} chunks, manifest.json says ${elements} in ` +
        `${chunks}: build the model again`,
    );
  }
  return coding;
}

/**
 * Returns what a manifest says of a file, one of its smaller device graphs included.
 *
 * @throws {@link ModelError} when it names no such file.
 */
export function fileDigest({ files, compactDevices = [] }: Manifest, name: string): FileDigest {
  const compact = compactDevices.find(({ precision }) => compactDeviceFileName(precision) === name);
  const digest = files[name as ModelFileName] ?? compact;
  if (digest !== undefined) return digest;
  throw new ModelError(
    /^device\./.test(name)
      ? `the model has no ${name}: make a smaller device graph with "aecnn compact"`
      : `a split model has no file ${name}`,
  );
}

async function readVerified(readFile: ReadModelFile, expected: FileDigest, name: string): Promise<Uint8Array> {
  const bytes = await readNamed(readFile, name);
  if (bytes.length !== expected.bytes) {
    throw new ModelError(
      `${name} has ${bytes.length} bytes, manifest.json says ${expected.bytes}: fetch or build the model again`,
    );
  }
  const sha256 = await sha256Hex(bytes);
  if (sha256 !== expected.sha256) {
    throw new ModelError(
      `${name} is damaged: its sha256 is ${sha256}, manifest.json says ${expected.sha256}. Fetch or build the model again`,
    );
  }
  return bytes;
}

async function readNamed(readFile: ReadModelFile, name: string): Promise<Uint8Array> {
  try {
    return await readFile(name);
  } catch (cause) {
    if (cause instanceof AecnnError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ModelError(
      `${name} of the split model cannot be read (${why}): give the folder of a model, or build it with "aecnn build"`,
      { cause },
    );
  }
}
