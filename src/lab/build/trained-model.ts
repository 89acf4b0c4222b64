/**
 * Trained tensors without the backbone: one safetensors file, small enough for a repository.
 *
 * Tensors keep the names of their parameters; large ones are stored as float16, and training measures everything with the
 * rounded values. The entropy tables are the bytes of `entropy.bin` in the tensor `entropy`. All else is JSON in the
 * metadata entry `aecnn`.
 */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ModelError } from '../../core/errors.ts';
import { type Manifest, type SplitPoint, splitPoints } from '../../core/model/index.ts';
import { fromFloat16, hasDType, type Tensor, type TensorMap, tensor, toFloat16 } from '../../core/tensor/index.ts';
import { parseSafetensors, writeSafetensors } from '../weights/index.ts';

/** Fields of the manifest that training decides or measures. */
type MeasuredFields = Pick<
  Manifest,
  | 'name'
  | 'split'
  | 'tail'
  | 'teacher'
  | 'classes'
  | 'chunks'
  | 'curve'
  | 'fallback'
  | 'dataSplit'
  | 'licence'
  | 'sources'
>;

/** What a trained model is, besides its tensors. */
export interface TrainedNotes extends MeasuredFields {
  readonly formatVersion: 2;
  readonly selectedChannels: readonly number[];
  readonly latentChannels: number;
  readonly decoderWidth: number;
  readonly bits: number;
  /** Top-1 accuracy of the uncompressed network on the validation part. */
  readonly uncompressedAccuracy: number;
}

/** Trained tensors and what they belong to. */
export interface TrainedModel {
  readonly notes: TrainedNotes;
  /** Parameters as `float32`. */
  readonly tensors: TensorMap;
  /** Bytes of `entropy.bin`. */
  readonly entropy: Uint8Array;
}

const notesSchema = z.looseObject({
  formatVersion: z.literal(2),
  name: z.string(),
  split: z.enum(splitPoints as readonly [SplitPoint, ...SplitPoint[]]),
  selectedChannels: z.array(z.int().nonnegative()).min(1),
  latentChannels: z.int().positive(),
  decoderWidth: z.int().positive(),
  bits: z.int().positive(),
  chunks: z.int().positive(),
  classes: z.array(z.string()).min(2),
});

/** Tensors from this size on are stored as float16. */
const float16Elements = 1024;

const isLarge = (t: Tensor): t is Tensor<'float32'> => hasDType(t, 'float32') && t.data.length >= float16Elements;

/** Rounds large tensors to float16 and back: what a file will hold. */
export function roundForStorage(tensors: TensorMap): TensorMap {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, t]) => [
      name,
      isLarge(t) ? tensor('float32', t.shape, fromFloat16(toFloat16(t.data))) : t,
    ]),
  );
}

/** Serializes a trained model as the bytes of a safetensors file. */
export function serializeTrainedModel({ notes, tensors, entropy }: TrainedModel): Uint8Array {
  const stored: Record<string, Tensor> = { entropy: tensor('uint8', [entropy.length], entropy) };
  for (const [name, t] of Object.entries(tensors)) {
    stored[name] = isLarge(t) ? tensor('float16', t.shape, toFloat16(t.data)) : t;
  }
  return writeSafetensors(stored, { aecnn: JSON.stringify(notes), sha256: tensorsHash(stored) });
}

/** SHA-256 of names and data of tensors: what tells a flipped bit. */
function tensorsHash(tensors: TensorMap): string {
  const hash = createHash('sha256');
  for (const name of Object.keys(tensors).sort()) {
    const { data } = tensors[name] as Tensor;
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

/**
 * Parses the bytes of a trained-tensors file.
 *
 * @throws {@link ModelError} when they are no safetensors file, or not one of this project.
 */
export function parseTrainedModel(bytes: Uint8Array): TrainedModel {
  const { tensors, metadata } = parseSafetensors(bytes);
  if (metadata.aecnn === undefined) {
    throw new ModelError('this safetensors file was not written by "aecnn train": its metadata has no entry "aecnn"');
  }
  let json: unknown;
  try {
    json = JSON.parse(metadata.aecnn);
  } catch (cause) {
    throw new ModelError(
      'the metadata entry "aecnn" of the trained tensors is not JSON: train or fetch the file again',
      { cause },
    );
  }
  const checked = notesSchema.safeParse(json);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw new ModelError(
      `the trained tensors' notes are wrong at ${issue?.path.join('.')} (${issue?.message}): train again`,
    );
  }
  const { entropy, ...rest } = tensors;
  if (entropy === undefined || !hasDType(entropy, 'uint8')) {
    throw new ModelError('the trained tensors hold no entropy tables: train again');
  }
  if (metadata.sha256 !== tensorsHash(tensors)) {
    throw new ModelError(
      'the trained tensors are damaged (their hash is not the recorded one): fetch the file again or train again',
    );
  }
  const parameters = Object.entries(rest).map(([name, t]): [string, Tensor] => [
    name,
    hasDType(t, 'float16') ? tensor('float32', t.shape, fromFloat16(t.data)) : t,
  ]);
  // The schema checks what building relies on; the manifest's own schema checks the rest when it is written. The JSON itself
  // keeps the order of its keys, so that writing the file again gives the same bytes.
  return {
    notes: json as TrainedNotes,
    tensors: Object.fromEntries(parameters),
    entropy: entropy.data,
  };
}
