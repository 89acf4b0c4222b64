/**
 * IEEE 754 binary16 to and from float32;
 * encoding rounds to nearest, ties to even. Feature caches and shipped tensors are kept in it.
 */

const floatView = new Float32Array(1);
const bitsView = new Uint32Array(floatView.buffer);

/** Bits of the binary16 nearest to a number; beyond 65,504 the infinity of its sign. */
export function float16Bits(value: number): number {
  floatView[0] = value;
  const bits = bitsView[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const mantissa = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa === 0 ? 0 : 0x200);
  const half = exponent - 112;
  if (half >= 31) return sign | 0x7c00;
  if (half <= 0) {
    if (half < -10) return sign;
    const shift = 14 - half;
    return sign | roundedShift(mantissa | 0x800000, shift);
  }
  // A carry out of the mantissa moves into the exponent, which is what rounding up to the next power of two means.
  return sign | ((half << 10) + roundedShift(mantissa, 13));
}

/** Shifts right, rounding to nearest, ties to even. */
function roundedShift(value: number, shift: number): number {
  const floor = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const halfway = 1 << (shift - 1);
  return rest > halfway || (rest === halfway && (floor & 1) === 1) ? floor + 1 : floor;
}

/** Number that binary16 bits stand for. */
export function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

let valueTable: Float32Array | undefined;

/** Converts float32 values to binary16 bits. */
export function toFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) bits[i] = float16Bits(values[i] as number);
  return bits;
}

/** Converts binary16 bits to float32 values, exactly. Reads a table of all 65,536 values, made at the first call. */
export function fromFloat16(bits: Uint16Array, into: Float32Array = new Float32Array(bits.length)): Float32Array {
  valueTable ??= Float32Array.from({ length: 65_536 }, (_, i) => float16Value(i));
  for (let i = 0; i < bits.length; i++) into[i] = valueTable[bits[i] as number] as number;
  return into;
}
