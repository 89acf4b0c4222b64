/**
 * Reads an inference request: JSON alone, JSON with the frame behind it as binary data, or nothing but the frame.
 *
 *     Inference-Header-Content-Length   body
 *     absent                            JSON
 *     n                                 n bytes of JSON, then the frame
 *     0                                 the frame
 */

import { z } from 'zod';
import { UsageError } from '../../core/errors.ts';
import { inferRequestSchema, type OutputName, outputNames } from './infer-schema.ts';
import { parseBytesElements } from './tensor-bytes.ts';

/** An output that is asked for. */
export interface WantedOutput {
  readonly name: OutputName;
  readonly isBinary: boolean;
}

/** A request, understood. */
export interface OipRequest {
  readonly id?: string;
  readonly frame: Uint8Array;
  /** Time in which the answer must leave. */
  readonly remainingMs?: number;
  readonly outputs: readonly WantedOutput[];
}

type RequestJson = z.infer<typeof inferRequestSchema>;
type InputJson = RequestJson['inputs'][number];

/**
 * Reads a request.
 *
 * @param jsonBytes - Value of the header `Inference-Header-Content-Length`; `undefined` when there is none.
 * @throws {@link UsageError} for anything but a request for one frame.
 */
export function parseInferRequest(body: Uint8Array, jsonBytes: number | undefined): OipRequest {
  if (jsonBytes === 0) return { frame: body, outputs: outputNames.map((name) => ({ name, isBinary: false })) };
  const end = jsonBytes ?? body.length;
  if (end > body.length) {
    throw new UsageError(`Inference-Header-Content-Length is ${end}, but the body has ${body.length} bytes`);
  }
  const { id, parameters, inputs, outputs } = parseJson(body.subarray(0, end));
  const [input] = inputs;
  const isBinary = parameters?.binary_data_output ?? false;
  const wanted = outputs ?? outputNames.map((name): NonNullable<RequestJson['outputs']>[number] => ({ name }));
  return {
    ...(id !== undefined && { id }),
    ...(parameters?.timeout !== undefined && { remainingMs: parameters.timeout / 1000 }),
    frame: input === undefined ? new Uint8Array() : frameOf(input, body.subarray(end)),
    outputs: wanted.map(({ name, parameters: own }) => ({ name, isBinary: own?.binary_data ?? isBinary })),
  };
}

function parseJson(bytes: Uint8Array): RequestJson {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new UsageError(
      'the request is no JSON. A bare frame is sent with the header "Inference-Header-Content-Length: 0"',
      { cause },
    );
  }
  const parsed = inferRequestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new UsageError(`the request is none for a frame: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`, {
    cause: parsed.error,
  });
}

/** The frame of the only input: from the JSON, or from the bytes behind it. */
function frameOf({ datatype, shape, parameters, data }: InputJson, binary: Uint8Array): Uint8Array {
  const elements = shape.reduce((product, extent) => product * extent, 1);
  const binaryBytes = parameters?.binary_data_size;
  if (binaryBytes === undefined) return frameOfNumbers(datatype, data, elements);
  if (binaryBytes !== binary.length) {
    throw new UsageError(`binary_data_size is ${binaryBytes}, but ${binary.length} bytes follow the JSON`);
  }
  if (datatype === 'UINT8') {
    requireElements('bytes', elements, binary.length);
    return binary;
  }
  const frames = parseBytesElements(binary);
  const [frame] = frames;
  requireElements('elements of BYTES', elements, frames.length);
  if (frame === undefined || frames.length > 1) {
    throw new UsageError(`a request is for one frame, got ${frames.length} elements of BYTES`);
  }
  return frame;
}

function frameOfNumbers(datatype: InputJson['datatype'], data: InputJson['data'], elements: number): Uint8Array {
  if (datatype === 'BYTES') {
    throw new UsageError(
      'a frame as BYTES is binary data, which JSON cannot hold: send it as UINT8, or behind the JSON',
    );
  }
  if (data === undefined) {
    throw new UsageError('the input has neither "data" nor the parameter "binary_data_size"');
  }
  const values = data.flat();
  requireElements('numbers in "data"', elements, values.length);
  const wrong = values.find((value) => !Number.isInteger(value) || value < 0 || value > 255);
  if (wrong !== undefined) throw new UsageError(`UINT8 is whole numbers from 0 to 255, got ${wrong}`);
  return Uint8Array.from(values);
}

function requireElements(what: string, expected: number, got: number): void {
  if (expected !== got) throw new UsageError(`the shape says ${expected} ${what}, got ${got}`);
}
