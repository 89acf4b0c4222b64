/** A growing array of bytes that an entropy encoder writes to; it knows carries, so that a coder need not delay bytes. */

/** Where an entropy encoder puts its bytes. Made by {@link createByteSink}. */
export interface ByteSink {
  push(byte: number): void;
  /** Adds 1 to the last byte, carrying into those before it. The number in the sink must not be all ones. */
  carry(): void;
  /** Removes zero bytes from the end. */
  trimZeros(): void;
  /** Copy of the bytes so far. */
  toBytes(): Uint8Array;
}

/** Makes an empty sink. */
export function createByteSink(capacityBytes = 256): ByteSink {
  let bytes = new Uint8Array(capacityBytes);
  let length = 0;
  return {
    push(byte) {
      if (length === bytes.length) {
        const larger = new Uint8Array(2 * length);
        larger.set(bytes);
        bytes = larger;
      }
      bytes[length++] = byte;
    },
    carry() {
      let i = length - 1;
      while (bytes[i] === 0xff) bytes[i--] = 0;
      bytes[i] = (bytes[i] as number) + 1;
    },
    trimZeros() {
      while (length > 0 && bytes[length - 1] === 0) length--;
    },
    toBytes: () => bytes.slice(0, length),
  };
}
