/**
 * Inference requests and responses of the Open Inference Protocol v2, as JSON, and what this edge takes and gives.
 *
 * @see KServe, "Open Inference Protocol (V2)", Inference Request JSON Object; Triton, "Binary Tensor Data Extension".
 */

import { z } from 'zod';

/** Outputs of every split model. */
export const outputNames = ['logits', 'labels', 'probabilities', 'chunks_decoded'] as const;

/** Name of an output. */
export type OutputName = (typeof outputNames)[number];

/** Name of the one input. */
export const inputName = 'frame';

const size = z.int().nonnegative();
const binarySize = z.object({ binary_data_size: size.optional() });

/** Numbers, in as many nested arrays as the shape has dimensions, or all in one. */
const numbers = z.array(z.union([z.number(), z.array(z.number())]));

/** The JSON of a request. */
export const inferRequestSchema = z.object({
  id: z.string().optional().describe('comes back in the response'),
  parameters: z
    .object({
      timeout: z.int().positive().optional().describe('microseconds in which the answer must leave the edge'),
      binary_data_output: z.boolean().optional().describe('all outputs as binary data'),
    })
    .optional(),
  inputs: z
    .array(
      z.object({
        name: z.literal(inputName),
        datatype: z.enum(['UINT8', 'BYTES']),
        shape: z.array(size).min(1).max(2).describe('[bytes] or [1, bytes] of UINT8, [1] or [1, 1] of BYTES'),
        parameters: binarySize.optional(),
        data: numbers.optional().describe('the frame, a number for each byte; absent where it is binary data'),
      }),
    )
    .length(1),
  outputs: z
    .array(
      z.object({
        name: z.enum(outputNames),
        parameters: z.object({ binary_data: z.boolean().optional() }).optional(),
      }),
    )
    .optional()
    .describe('all when left out'),
});

/** One output in the JSON of a response. */
export const outputSchema = z.object({
  name: z.enum(outputNames),
  datatype: z.enum(['FP32', 'BYTES', 'INT32']),
  shape: z.array(size),
  parameters: binarySize.optional(),
  data: z.array(z.union([z.number(), z.string()])).optional(),
});

/** The JSON of a response. */
export const inferResponseSchema = z.object({
  model_name: z.string(),
  model_version: z.string(),
  id: z.string().optional(),
  parameters: z.object({
    chunks_announced: size,
    queue_ms: z.number(),
    compute_ms: z.number(),
    warning: z.string().optional(),
  }),
  outputs: z.array(outputSchema),
});

/** The JSON of every error, over HTTP. */
export const errorSchema = z.object({ error: z.string(), code: z.string() });
