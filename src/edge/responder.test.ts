import { expect, test } from 'vitest';
import { tinySplitModel } from '../../test/fixtures/tiny-split-model.ts';
import { GraphError, ModelError } from '../core/errors.ts';
import { encodeFrame, type InferAnswer, serializeRequest } from '../core/wire/index.ts';
import type { FrameAnswerer } from './edge-model.ts';
import { createResponder } from './responder.ts';

const tiny = await tinySplitModel();
const request = serializeRequest({ requestId: 9, frame: encodeFrame(new Int16Array(6 * 49), tiny.model.layout) });

function responderFor(infer: () => Promise<InferAnswer>) {
  const faults: unknown[] = [];
  const edgeModel: FrameAnswerer = { model: tiny.model, infer, expectedComputeMs: () => 0 };
  return {
    ...createResponder(
      () => [edgeModel],
      (error) => faults.push(error),
    ),
    faults,
  };
}

test("a bug of the edge's own is reported to its log and not to the sender", async () => {
  const { respond, faults } = responderFor(() => Promise.reject(new TypeError('secret detail')));
  expect(await respond(request)).toEqual({
    requestId: 9,
    ok: false,
    error: { code: 'INTERNAL', message: 'the edge failed; see its log' },
  });
  expect(faults).toEqual([new TypeError('secret detail')]);
});

test('a failing graph is told and reported, a malformed message only told', async () => {
  const { respond, faults } = responderFor(() => Promise.reject(new GraphError('no memory')));
  expect(await respond(request)).toMatchObject({ error: { code: 'GRAPH', message: 'no memory' } });
  expect(faults).toHaveLength(1);
  expect(await respond(Uint8Array.of(1))).toMatchObject({ requestId: 0, error: { code: 'WIRE_FORMAT' } });
  expect(faults).toHaveLength(1);
});

test('the model of a frame, or a refusal that names the models there are', async () => {
  const { modelOf } = responderFor(() => expect.unreachable());
  const { modelId } = tiny.manifest;
  expect(modelOf(modelId).model).toBe(tiny.model);
  expect(() => modelOf('000000000000')).toThrow(
    new ModelError(`the frame was made for model 000000000000, this edge serves ${modelId} (tiny)`),
  );
});
