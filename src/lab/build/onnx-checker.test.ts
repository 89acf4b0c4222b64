/** The graphs of a split model before ONNX's own checker, at each split point. */

import { describe, test } from 'vitest';
import { backboneWeights, fetchTimeoutMs } from '../../../test/fixtures/backbone-weights.ts';
import { expectValidOnnx } from '../../../test/fixtures/onnx-checker.ts';
import { randomBackbone, randomTrainedModel } from '../../../test/fixtures/trained-model.ts';
import { type SplitPoint, splitPoints } from '../../core/model/index.ts';
import { type FoldedConvolutions, foldBatchNorms } from '../networks/index.ts';
import { buildModel } from './build-model.ts';

async function graphsOf(split: SplitPoint, folded: FoldedConvolutions): Promise<Record<string, Uint8Array>> {
  const { files } = await buildModel(randomTrainedModel(split), folded);
  const { 'entropy.bin': _entropy, ...graphs } = files;
  return graphs;
}

describe('device.onnx, edge.onnx and fallback.onnx are ONNX', { timeout: 120_000 }, () => {
  const backbone = randomBackbone();
  for (const split of splitPoints.filter((name) => name !== 'conv4_x')) {
    test(`split after ${split}`, async (context) => {
      await expectValidOnnx(context, await graphsOf(split, backbone));
    });
  }

  test('split after conv4_x, with the real weights', { timeout: 120_000 + fetchTimeoutMs }, async (context) => {
    const folded = foldBatchNorms(await backboneWeights(context));
    await expectValidOnnx(context, await graphsOf('conv4_x', folded));
  });
});
