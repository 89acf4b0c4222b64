/**
 * Tensors of type BYTES as binary data: each element is its length, a 32-bit little-endian number, and then its bytes.
 *
 * @see Triton Inference Server, "Binary Tensor Data Extension".
 */

import { UsageError } from '../../core/errors.ts';

const lengthBytes = 4;

/** @throws {@link UsageError} when the bytes end within an element. */
export function parseBytesElements(data: Uint8Array): Uint8Array[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const elements: Uint8Array[] = [];
  for (let offset = 0; offset < data.length; ) {
    const left = data.length - offset - lengthBytes;
    const length = left >= 0 ? view.getUint32(offset, true) : 0;
    if (left < length || left < 0) {
      throw new UsageError(
        `BYTES are elements of 4 bytes of length and that many bytes: element ${elements.length} is cut off`,
      );
    }
    elements.push(data.subarray(offset + lengthBytes, offset + lengthBytes + length));
    offset += lengthBytes + length;
  }
  return elements;
}

/** Puts elements into one tensor. */
export function serializeBytesElements(elements: readonly Uint8Array[]): Uint8Array {
  const data = new Uint8Array(elements.reduce((sum, element) => sum + lengthBytes + element.length, 0));
  const view = new DataView(data.buffer);
  let offset = 0;
  for (const element of elements) {
    view.setUint32(offset, element.length, true);
    data.set(element, offset + lengthBytes);
    offset += lengthBytes + element.length;
  }
  return data;
}
