/**
 * Reads the weights of a TensorFlow.js layers model: `model.json` with a manifest of groups, each a list of tensors and
 * of shard files whose concatenation holds the tensors one after the other, float32 little-endian.
 *
 * Only unquantized float32 weights are read: that is what the ResNet-50 package carries. The topology is not looked at.
 *
 * @see https://www.tensorflow.org/js/guide/save_load
 */

import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ModelError } from '../../core/errors.ts';
import { elementCount, type Tensor, tensor } from '../../core/tensor/index.ts';

const shardPath = z.string().regex(/^[\w][\w.-]*$/, 'a plain file name');
const manifestSchema = z.object({
  weightsManifest: z.array(
    z.object({
      paths: z.array(shardPath),
      weights: z.array(
        z.object({
          name: z.string(),
          shape: z.array(z.number().int().nonnegative()),
          dtype: z.literal('float32'),
          quantization: z.undefined().optional(),
        }),
      ),
    }),
  ),
});
type WeightGroup = z.infer<typeof manifestSchema>['weightsManifest'][number];

/** No weights file of this project comes near: a manifest that asks for more is damaged. */
const maxGroupBytes = 2 ** 30;

/**
 * Reads all weights of the model in a folder.
 *
 * Tensors of a group are views of one buffer: copy before changing or transferring one. Convolution kernels keep
 * TensorFlow's layout `[height, width, in, out]`.
 *
 * @param folder - Folder that holds `model.json` and its shards.
 * @returns Tensors by name, e.g. `res2a_branch2a/kernel`, `bn2a_branch2a/gamma`, in the order of the manifest.
 * @throws {@link ModelError} when a file is missing or the shards do not hold what the manifest says.
 */
export async function readTfjsWeights(folder: string): Promise<Record<string, Tensor<'float32'>>> {
  const path = join(folder, 'model.json');
  const manifest = manifestSchema.safeParse(await readJson(path));
  if (!manifest.success) {
    const issue = manifest.error.issues[0];
    throw new ModelError(
      `${path} is no TensorFlow.js weights manifest of float32 tensors (${issue?.path.join('.')}: ${issue?.message}): fetch the package again`,
    );
  }
  const tensors: [string, Tensor<'float32'>][] = [];
  for (const group of manifest.data.weightsManifest) {
    const values = await readShards(folder, group);
    let offset = 0;
    for (const { name, shape } of group.weights) {
      const count = elementCount(shape);
      tensors.push([name, tensor('float32', shape, values.subarray(offset, offset + count))]);
      offset += count;
    }
  }
  return Object.fromEntries(tensors);
}

/** Reads the shards of a group into one array, after checking that their sizes add up to the tensors'. */
async function readShards(folder: string, group: WeightGroup): Promise<Float32Array> {
  const expectedBytes = 4 * group.weights.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const sizes: number[] = [];
  for (const path of group.paths) {
    const found = await stat(join(folder, path)).catch(() => undefined);
    if (found === undefined)
      throw new ModelError(`weights shard ${join(folder, path)} is missing: fetch the package again`);
    sizes.push(found.size);
  }
  const foundBytes = sizes.reduce((sum, size) => sum + size, 0);
  if (foundBytes !== expectedBytes || expectedBytes > maxGroupBytes) {
    throw new ModelError(
      `the weights shards in ${folder} hold ${foundBytes} bytes, the manifest expects ${expectedBytes}: fetch the package again`,
    );
  }
  const bytes = new Uint8Array(expectedBytes);
  let offset = 0;
  for (const [i, path] of group.paths.entries()) {
    const end = offset + (sizes[i] ?? 0);
    await readInto(join(folder, path), bytes.subarray(offset, end));
    offset = end;
  }
  return new Float32Array(bytes.buffer);
}

async function readInto(path: string, into: Uint8Array): Promise<void> {
  const file = await open(path);
  try {
    let done = 0;
    while (done < into.length) {
      const { bytesRead } = await file.read(into, done, into.length - done);
      if (bytesRead === 0) throw new ModelError(`weights shard ${path} ended early: fetch the package again`);
      done += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** @throws {@link ModelError} when the file is missing or no JSON. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new ModelError(`${path} is missing or is no JSON: fetch the package again`, { cause: error });
  }
}
