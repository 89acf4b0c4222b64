/**
 * Cyclic redundancy checks of the frame, most significant bit first, by table (Sarwate 1988). Parameters and check values
 * as catalogued by Cook, "Catalogue of parametrised CRC algorithms" (reveng).
 */

/** A CRC of up to 32 bits. */
export interface Crc {
  /** CRC of the parts, read as one run of bytes. */
  of(...parts: readonly Uint8Array[]): number;
}

/** Makes a CRC without reflection and without a final xor. The register is kept left-aligned in 32 bits. */
function createCrc(widthBits: number, polynomial: number, init: number): Crc {
  const shift = 32 - widthBits;
  const aligned = polynomial << shift;
  const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let register = byte << 24;
    for (let bit = 0; bit < 8; bit++) register = (register << 1) ^ (register < 0 ? aligned : 0);
    return register;
  });
  return {
    of(...parts) {
      let register = init << shift;
      for (const part of parts) {
        for (let i = 0; i < part.length; i++) {
          register = (register << 8) ^ (table[(register >>> 24) ^ (part[i] as number)] as number);
        }
      }
      return register >>> shift;
    },
  };
}

/** CRC-16/IBM-3740 of the frame header: polynomial 0x1021, init 0xFFFF; check 0x29B1. */
export const crc16: Crc = createCrc(16, 0x1021, 0xffff);

/** CRC-21/CAN-FD of a chunk: polynomial 0x102899, init 0; check 0x0ED841. */
export const crc21: Crc = createCrc(21, 0x102899, 0);
