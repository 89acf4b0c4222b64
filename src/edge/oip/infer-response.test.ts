import { expect, test } from 'vitest';
import { tinySplitModel } from '../../../test/fixtures/tiny-split-model.ts';
import { serializeInferResponse } from './infer-response.ts';
import { outputNames } from './infer-schema.ts';
import { parseBytesElements } from './tensor-bytes.ts';

const { model } = await tinySplitModel();
const { classes, name, modelId } = model.manifest;
const answer = {
  logits: Float32Array.of(0, Math.log(3), 0),
  chunks: { decoded: 2, of: 3 },
  timeMs: { queue: 1.5, compute: 7, total: 9 },
  warning: 'cut',
};

test('JSON: every output with its shape and type', () => {
  const outputs = outputNames.map((output) => ({ name: output, isBinary: false }));
  const { headers, body } = serializeInferResponse(model, { frame: new Uint8Array(), outputs, id: 'seven' }, answer);
  expect(headers).toEqual({ 'content-type': 'application/json; charset=utf-8' });
  const json = JSON.parse(String(body));
  expect(json).toMatchObject({
    model_name: name,
    model_version: modelId,
    id: 'seven',
    parameters: { chunks_announced: 3, queue_ms: 1.5, compute_ms: 7, warning: 'cut' },
    outputs: [
      { name: 'logits', datatype: 'FP32', shape: [1, 3], data: Array.from(answer.logits) },
      { name: 'labels', datatype: 'BYTES', shape: [1, 3] },
      { name: 'probabilities', datatype: 'FP32', shape: [1, 3] },
      { name: 'chunks_decoded', datatype: 'INT32', shape: [1, 1], data: [2] },
    ],
  });
  expect(json.outputs[1].data[0]).toBe(classes[1]);
  expect(json.outputs[2].data[0]).toBeCloseTo(0.6, 6);
});

test('binary data lies behind the JSON in the order of the outputs, little-endian', () => {
  const outputs = [
    { name: 'logits', isBinary: true },
    { name: 'chunks_decoded', isBinary: false },
    { name: 'labels', isBinary: true },
  ] as const;
  const { headers, body } = serializeInferResponse(model, { frame: new Uint8Array(), outputs }, answer);
  const bytes = body as Uint8Array;
  const jsonBytes = Number(headers['inference-header-content-length']);
  const json = JSON.parse(new TextDecoder().decode(bytes.subarray(0, jsonBytes)));
  expect(json.outputs[0]).toEqual({
    name: 'logits',
    datatype: 'FP32',
    shape: [1, 3],
    parameters: { binary_data_size: 12 },
  });
  expect(json.outputs[1].data).toEqual([2]);
  const view = new DataView(bytes.buffer, bytes.byteOffset + jsonBytes);
  expect([0, 4, 8].map((offset) => view.getFloat32(offset, true))).toEqual(Array.from(answer.logits));
  const labels = parseBytesElements(bytes.subarray(jsonBytes + 12));
  expect(labels.map((label) => new TextDecoder().decode(label))[0]).toBe(classes[1]);
});
