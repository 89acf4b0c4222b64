/** Writes an inference response: JSON, with outputs behind it as binary data where they were asked for like that. */

import type { z } from 'zod';
import { type RankedLabel, type SplitModel, topLabels } from '../../core/model/index.ts';
import type { EdgeLogits } from '../edge-model.ts';
import type { OipRequest } from './infer-request.ts';
import type { inferResponseSchema, OutputName, outputSchema } from './infer-schema.ts';
import { serializeBytesElements } from './tensor-bytes.ts';

type OutputJson = z.infer<typeof outputSchema>;
type ResponseJson = z.infer<typeof inferResponseSchema>;

/** A response, for HTTP. */
export interface OipResponse {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

/** One output before it is written. */
interface Output {
  readonly datatype: OutputJson['datatype'];
  readonly shape: readonly number[];
  readonly values: readonly (number | string)[];
  /** Little-endian, row-major. */
  readonly bytes: () => Uint8Array;
}

/** What an answer looks like as each output. */
const outputOf: { readonly [Name in OutputName]: (answer: EdgeLogits, top: readonly RankedLabel[]) => Output } = {
  logits: ({ logits }) => floats(Array.from(logits)),
  labels: (_, top) => {
    const labels = top.map(({ label }) => label);
    const bytes = () => serializeBytesElements(labels.map((label) => new TextEncoder().encode(label)));
    return { datatype: 'BYTES', shape: [1, labels.length], values: labels, bytes };
  },
  probabilities: (_, top) => floats(top.map(({ probability }) => probability)),
  chunks_decoded: ({ chunks }) => ({
    datatype: 'INT32',
    shape: [1, 1],
    values: [chunks.decoded],
    bytes: () => littleEndian([chunks.decoded], (view, offset, value) => view.setInt32(offset, value, true)),
  }),
};

/** Writes the answer to a request. */
export function serializeInferResponse(model: SplitModel, request: OipRequest, answer: EdgeLogits): OipResponse {
  const { name, modelId, classes } = model.manifest;
  const { chunks, timeMs, warning } = answer;
  const top = topLabels(answer.logits, classes);
  const binary: Uint8Array[] = [];
  const outputs = request.outputs.map(({ name: output, isBinary }): OutputJson => {
    const { datatype, shape, values, bytes } = outputOf[output](answer, top);
    const described = { name: output, datatype, shape: [...shape] };
    if (!isBinary) return { ...described, data: [...values] };
    const data = bytes();
    binary.push(data);
    return { ...described, parameters: { binary_data_size: data.length } };
  });
  const json: ResponseJson = {
    model_name: name,
    model_version: modelId,
    ...(request.id !== undefined && { id: request.id }),
    parameters: {
      chunks_announced: chunks.of,
      queue_ms: timeMs.queue,
      compute_ms: timeMs.compute,
      ...(warning !== undefined && { warning }),
    },
    outputs,
  };
  const text = JSON.stringify(json);
  if (binary.length === 0) return { headers: { 'content-type': 'application/json; charset=utf-8' }, body: text };
  const header = new TextEncoder().encode(text);
  return {
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(header.length),
    },
    body: Buffer.concat([header, ...binary]),
  };
}

const floats = (values: readonly number[]): Output => ({
  datatype: 'FP32',
  shape: [1, values.length],
  values,
  bytes: () => littleEndian(values, (view, offset, value) => view.setFloat32(offset, value, true)),
});

function littleEndian(
  values: readonly number[],
  set: (view: DataView, offset: number, value: number) => void,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [i, value] of values.entries()) set(view, 4 * i, value);
  return new Uint8Array(view.buffer);
}
