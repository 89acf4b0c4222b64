/** Every entropy coder against the contract, and the contract against coders that break it. */

import { expect, test } from 'vitest';
import { createByteSink, type EntropyCoder, rangeCoder } from '../../src/core/codec/index.ts';
import { describeEntropyCoder, entropyCoderContract } from './entropy-coder.ts';

describeEntropyCoder(rangeCoder);

test('the range coder spells a payload as docs/wire-format.md shows, carry included', () => {
  const sink = createByteSink();
  const encoder = rangeCoder.createEncoder(sink);
  for (const [start, frequency] of [
    [8192, 16_384],
    [24_576, 7168],
    [0, 1024],
    [8192, 16_384],
  ] as const) {
    encoder.encode(start, frequency, 32_768);
  }
  encoder.finish();
  expect([...sink.toBytes()]).toEqual([0xa0, 0x38]);
});

/** The range coder with one thing broken, and the line of the contract that must notice. */
const broken: readonly (readonly [string, EntropyCoder, string])[] = [
  [
    'forgets carries',
    { ...rangeCoder, createEncoder: (sink) => rangeCoder.createEncoder({ ...sink, carry: () => {} }) },
    'decodes what it encoded',
  ],
  [
    'writes every byte twice',
    {
      ...rangeCoder,
      createEncoder: (sink) => {
        const push = (byte: number): void => {
          sink.push(byte);
          sink.push(byte);
        };
        return rangeCoder.createEncoder({ ...sink, push });
      },
    },
    'stays within 1 % + 4 bytes of the entropy',
  ],
  [
    'does not look at what is left',
    {
      ...rangeCoder,
      createDecoder: (payload) => {
        const decoder = rangeCoder.createDecoder(payload);
        return {
          quantile: (total) => decoder.quantile(total),
          consume: (start, frequency) => decoder.consume(start, frequency),
          finish: () => {},
        };
      },
    },
    'refuses a payload with something appended',
  ],
];

test.each(broken)('the contract catches a coder that %s', (_, coder, line) => {
  expect(() => entropyCoderContract[line]?.(coder)).toThrow();
});
