export { float16Bits, float16Value, fromFloat16, toFloat16 } from './float16.ts';
export { createRandom, type RandomSource, shuffled } from './random.ts';
export {
  bytesPerElement,
  type DType,
  elementCount,
  hasDType,
  pickTensor,
  type Shape,
  scalar,
  type Tensor,
  type TensorMap,
  type TypedArrayOf,
  tensor,
  zeros,
} from './tensor.ts';
