/**
 * An ONNX model with its large constants in fewer bytes: as float16, or as int8 with a scale for each
 * of the first axis (the output channels of a convolution). They are
 * turned back into float32 by nodes in front, which ONNX Runtime computes once when it loads the graph, so that the graph
 * computes as fast as before and only its weights are rounded.
 */

import onnxProto from 'onnx-proto';
import { GraphError } from '../../core/errors.ts';
import { float16Bits } from '../../core/tensor/index.ts';

const { onnx } = onnxProto;
const { DataType } = onnx.TensorProto;
type Graph = NonNullable<InstanceType<typeof onnx.ModelProto>['graph']>;
type TensorProto = NonNullable<Graph['initializer']>[number];

/** How constants can be kept. */
export type ConstantPrecision = 'float16' | 'int8';

/** Smaller constants stay as they are: biases and scales are few, and matter most. */
const leastElements = 4096;
const mostInt8 = 127;

/**
 * Shrinks the constants of a model.
 *
 * @param bytes - An ONNX model such as `serializeGraph` writes.
 * @throws {@link GraphError} when it has no graph.
 */
export function shrinkConstants(bytes: Uint8Array, precision: ConstantPrecision): Uint8Array {
  const model = onnx.ModelProto.decode(bytes);
  const { graph } = model;
  if (!graph) throw new GraphError('the ONNX model has no graph');
  const initializer: TensorProto[] = [];
  const restoring: InstanceType<typeof onnx.NodeProto>[] = [];
  for (const constant of graph.initializer ?? []) {
    const dims = (constant.dims ?? []).map(Number);
    const values = floats(constant);
    if (values === undefined || dims.length < 2 || values.length < leastElements) {
      initializer.push(constant);
      continue;
    }
    const { name = '' } = constant;
    const kept = `${name}_${precision}`;
    const toFloat = (output: string) =>
      onnx.NodeProto.create({
        opType: 'Cast',
        name: `restore_${name}`,
        input: [kept],
        output: [output],
        attribute: [
          onnx.AttributeProto.create({ name: 'to', type: onnx.AttributeProto.AttributeType.INT, i: DataType.FLOAT }),
        ],
      });
    if (precision === 'float16') {
      initializer.push(raw(kept, dims, DataType.FLOAT16, Uint16Array.from(values, float16Bits)));
      restoring.push(toFloat(name ?? ''));
      continue;
    }
    const { integers, scales } = scaled(values, dims[0] as number);
    const scaleDims = dims.map((extent, axis) => (axis === 0 ? extent : 1));
    initializer.push(raw(kept, dims, DataType.INT8, integers));
    initializer.push(raw(`${kept}_scale`, scaleDims, DataType.FLOAT, scales));
    restoring.push(
      toFloat(`${kept}_steps`),
      onnx.NodeProto.create({
        opType: 'Mul',
        name: `scale_${name}`,
        input: [`${kept}_steps`, `${kept}_scale`],
        output: [name ?? ''],
      }),
    );
  }
  const shrunk = onnx.ModelProto.create({
    ...model,
    graph: { ...graph, initializer, node: [...restoring, ...(graph.node ?? [])] },
  });
  return onnx.ModelProto.encode(shrunk).finish();
}

/** Values of a float32 constant; `undefined` for one of another type. */
function floats({ dataType, rawData }: TensorProto): Float32Array | undefined {
  if (dataType !== DataType.FLOAT || !rawData || rawData.length === 0) return undefined;
  // A copy: what was decoded does not lie on a multiple of four bytes.
  return new Float32Array(Uint8Array.from(rawData).buffer);
}

function raw(
  name: string,
  dims: readonly number[],
  dataType: number,
  values: Uint16Array | Int8Array | Float32Array,
): TensorProto {
  const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return onnx.TensorProto.create({ name, dims: [...dims], dataType, rawData });
}

/** Symmetric int8, one scale for each of the first axis: the largest value of a channel is 127 steps. */
function scaled(values: Float32Array, channels: number): { integers: Int8Array; scales: Float32Array } {
  const perChannel = values.length / channels;
  const integers = new Int8Array(values.length);
  const scales = new Float32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    const own = values.subarray(channel * perChannel, (channel + 1) * perChannel);
    const most = own.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    const scale = most === 0 ? 1 : most / mostInt8;
    scales[channel] = scale;
    for (let i = 0; i < perChannel; i++) integers[channel * perChannel + i] = Math.round((own[i] as number) / scale);
  }
  return { integers, scales };
}
