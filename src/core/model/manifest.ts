/**
 * The manifest of a split model: everything about the artifact that is not a graph or a table.
 *
 * Own format, version 2. What is measured (curve, fallback) was measured while training, on a validation part carved out of
 * the training part; the test part is for `aecnn evaluate`.
 */

import { z } from 'zod';
import { ModelError } from '../errors.ts';

/** The format version that this code reads and writes. */
export const manifestFormatVersion = 2;

/** Names of the files of a split model beside `manifest.json`. */
export const modelFileNames = ['device.onnx', 'edge.onnx', 'fallback.onnx', 'entropy.bin'] as const;

/** Name of one file of a split model. */
export type ModelFileName = (typeof modelFileNames)[number];

/** How the weights of a smaller device graph are kept; it computes in float32 all the same. */
export const devicePrecisions = ['float16', 'int8'] as const;

/** One of {@link devicePrecisions}. */
export type DevicePrecision = (typeof devicePrecisions)[number];

/** Stages of ResNet-50 after which the network can be split, first to last. */
export const splitPoints = ['conv2_x', 'conv3_x', 'conv4_x', 'conv5_x'] as const;

/** A stage of ResNet-50 after which the network is split. */
export type SplitPoint = (typeof splitPoints)[number];

/** Size and hash of one file. */
export interface FileDigest {
  readonly bytes: number;
  /** SHA-256, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/**
 * A device graph of fewer bytes, for whoever fetches it, in `device.<precision>.onnx`. Its frames are decoded by the same edge:
 * the model id is that of the model.
 */
export interface CompactDevice extends FileDigest {
  readonly precision: DevicePrecision;
  /** Share of right answers through whole frames, and that of the full graph on the same pictures: as many as `images`. */
  readonly accuracy: number;
  readonly fullAccuracy: number;
  readonly images: number;
}

/** Name of the file of a smaller device graph. */
export const compactDeviceFileName = (precision: DevicePrecision): `device.${DevicePrecision}.onnx` =>
  `device.${precision}.onnx`;

/** One measured point of accuracy against bytes: every frame cut to as many chunks as fit. Shares from 0 to 1. */
export interface CurvePoint {
  /** Most bytes of a frame. */
  readonly budgetBytes: number;
  readonly frameBytes: { readonly mean: number; readonly max: number };
  readonly accuracy: number;
  /** Share of images with the same top label as the uncompressed network. */
  readonly agreement: number;
}

/** Something the model was made from. */
export interface ModelSource {
  readonly name: string;
  readonly licence: string;
  readonly url: string;
  /** What was taken from it, e.g. `weights` or `training images`. */
  readonly what: string;
}

/** The split of the data set that the model was trained on. */
export interface DataSplit {
  /** `folder`: a folder per class, split by seed; `cifar10`: its own train and test parts; `joined`: several of these. */
  readonly protocol: 'folder' | 'cifar10' | 'joined';
  readonly seed: number;
  /** Hash of the names of all images and their parts. */
  readonly hash: string;
  readonly limitPerClass?: number;
  readonly trainImages: number;
  readonly testImages: number;
}

/** All that `manifest.json` says. */
export interface Manifest {
  readonly formatVersion: typeof manifestFormatVersion;
  /** 48 bits as 12 lower-case hexadecimal digits; every frame carries it. See {@link computeModelId}. */
  readonly modelId: string;
  readonly name: string;
  readonly network: 'resnet50';
  readonly split: SplitPoint;
  /** Whether the part after the split point was left as it was. */
  readonly tail: 'stock' | 'fine-tuned';
  /** `stock`: ImageNet's own classifier; the pictures of the training were unlabelled. */
  readonly teacher: 'stock' | 'linear' | 'fine-tuned';
  /** Labels in the order of the logits. */
  readonly classes: readonly string[];
  /** Sizes in pixels; `colour` is the order of the channels that the device graph takes. */
  readonly preprocessing: { readonly shorterSide: number; readonly crop: number; readonly colour: 'rgb' };
  /** Channels, height and width of the latent. */
  readonly latentShape: readonly [channels: number, height: number, width: number];
  readonly quantizer: { readonly kind: 'uniform'; readonly bits: number };
  /** Chunks of a whole frame; `entropy.bin` says what each brings. */
  readonly chunks: number;
  /** Number of entropy parameter sets in `entropy.bin`. */
  readonly parameterSets: number;
  /** Float32 feature map at the split point: `readBytes` counts the positions that the tail reads. */
  readonly feature: { readonly shape: readonly number[]; readonly bytes: number; readonly readBytes: number };
  readonly curve: readonly CurvePoint[];
  /** The device's own classifier; its temperature is folded into `fallback.onnx`. */
  readonly fallback: {
    readonly temperature: number;
    readonly accuracy: number;
    readonly expectedCalibrationError: number;
  };
  readonly dataSplit: DataSplit;
  readonly files: Readonly<Record<ModelFileName, FileDigest>>;
  /** Made by `aecnn compact`. */
  readonly compactDevices?: readonly CompactDevice[];
  readonly licence: string;
  readonly sources: readonly ModelSource[];
}

const count = z.int().positive();
const share = z.number().min(0).max(1);
const text = z.string().min(1);
const digest = z.object({ bytes: count, sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits') });

const manifestSchema: z.ZodType<Manifest> = z.object({
  formatVersion: z.literal(manifestFormatVersion),
  modelId: z.string().regex(/^[0-9a-f]{12}$/, 'expected 12 hexadecimal digits'),
  name: text,
  network: z.literal('resnet50'),
  split: z.enum(splitPoints),
  tail: z.enum(['stock', 'fine-tuned']),
  teacher: z.enum(['stock', 'linear', 'fine-tuned']),
  classes: z.array(text).min(2),
  preprocessing: z.object({ shorterSide: count, crop: count, colour: z.literal('rgb') }),
  latentShape: z.tuple([count, count, count]),
  quantizer: z.object({ kind: z.literal('uniform'), bits: z.number().positive().max(16) }),
  chunks: count.max(255),
  parameterSets: count.max(16),
  feature: z.object({ shape: z.array(count), bytes: count, readBytes: count }),
  curve: z
    .array(
      z.object({
        budgetBytes: count,
        frameBytes: z.object({ mean: z.number().positive(), max: count }),
        accuracy: share,
        agreement: share,
      }),
    )
    .min(1),
  fallback: z.object({ temperature: z.number().positive(), accuracy: share, expectedCalibrationError: share }),
  dataSplit: z.object({
    protocol: z.enum(['folder', 'cifar10', 'joined']),
    seed: z.int(),
    hash: text,
    limitPerClass: count.exactOptional(),
    trainImages: z.int().nonnegative(),
    testImages: z.int().nonnegative(),
  }),
  files: z.object({
    'device.onnx': digest,
    'edge.onnx': digest,
    'fallback.onnx': digest,
    'entropy.bin': digest,
  }),
  compactDevices: z
    .array(
      z.object({
        precision: z.enum(devicePrecisions),
        ...digest.shape,
        accuracy: share,
        fullAccuracy: share,
        images: count,
      }),
    )
    .exactOptional(),
  licence: text,
  sources: z.array(z.object({ name: text, licence: text, url: text, what: text })),
});

/**
 * Parses the text of a `manifest.json`. Fields it does not know are left out.
 *
 * @throws {@link ModelError} when the text is no JSON, of another format version, or a field is wrong: it names the field.
 */
export function parseManifest(json: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new ModelError('manifest.json is not JSON: fetch or build the model again', { cause });
  }
  const version =
    typeof value === 'object' && value !== null && 'formatVersion' in value ? value.formatVersion : undefined;
  if (version !== manifestFormatVersion) {
    throw new ModelError(
      version === undefined
        ? 'manifest.json has no formatVersion: it is not the manifest of a split model'
        : `manifest.json has format version ${JSON.stringify(version)}, this aecnn reads ${manifestFormatVersion}: ` +
            'install the aecnn that wrote the model, or build the model again with "aecnn build"',
    );
  }
  return checkManifest(value);
}

/**
 * Serializes a manifest as the text of a `manifest.json`.
 *
 * @throws {@link ModelError} when a field is wrong.
 */
export function serializeManifest(manifest: Manifest): string {
  return `${JSON.stringify(checkManifest(manifest), null, 2)}\n`;
}

function checkManifest(value: unknown): Manifest {
  const result = manifestSchema.safeParse(value);
  if (!result.success) {
    const [first] = result.error.issues;
    const where = first?.path.join('.') || 'manifest';
    throw new ModelError(`manifest.json is wrong at ${where} (${first?.message}): build the model again`, {
      cause: result.error,
    });
  }
  return result.data;
}

/** What `aecnn info` prints: what a reader wants to know before using a model. */
export type ModelDescription = Pick<
  Manifest,
  'modelId' | 'network' | 'split' | 'tail' | 'classes' | 'latentShape' | 'licence' | 'sources' | 'curve'
>;

/** Describes a model by the fields of its manifest that matter to its user. */
export function describeModel(manifest: Manifest): ModelDescription {
  const { modelId, network, split, tail, classes, latentShape, licence, sources, curve } = manifest;
  return { modelId, network, split, tail, classes, latentShape, licence, sources, curve };
}
