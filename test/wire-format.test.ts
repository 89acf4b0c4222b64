/** docs/wire-format.md against the code: its worked example, the golden frames, and a decoder written from it alone. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  compressLatent,
  type FrequencyTable,
  groupOf,
  knownSymbols,
  parseLatentCoding,
  serializeLatentCoding,
} from '../src/core/codec/index.ts';
import { AecnnError } from '../src/core/errors.ts';
import { createRandom } from '../src/core/tensor/index.ts';
import { decodeFrame, encodeFrame, type FrameModel, serializeFrame } from '../src/core/wire/index.ts';
import { decodeIndependently, type KnownModel } from './independent-decoder.ts';
import { type FrameVector, readFrameVectors } from './vectors/frame-vectors.ts';

const document = readFileSync(new URL('../docs/wire-format.md', import.meta.url), 'utf8');
const example = document.slice(document.indexOf('## 7. A worked example'));
const vectors = readFrameVectors();

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/[0-9a-f]{2}/gi) ?? [], (byte) => Number.parseInt(byte, 16));
}

/** Rows of the worked example's table with these column titles; cells without their backquotes. */
function rowsOf(titles: string): string[][] {
  const table = example.slice(example.indexOf(`| ${titles} |`)).split('\n\n')[0] ?? '';
  const rows = table.split('\n').slice(2);
  expect(rows.length).toBeGreaterThan(0);
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

function modelOf(vector: FrameVector): FrameModel & KnownModel {
  const entropy = fromHex(vector.entropy);
  const { modelId, latentShape } = vector;
  return { modelId, latentShape, entropy, ...parseLatentCoding(entropy) };
}

describe('the worked example of the document', () => {
  const entropy = fromHex(
    rowsOf('bytes | meaning')
      .map(([bytes]) => bytes)
      .join(''),
  );
  const rows = rowsOf('offset | bytes | meaning');
  const frame = fromHex(rows.map(([, bytes]) => bytes).join(''));
  const known = { modelId: '0123456789ab', latentShape: [3, 1, 2] as const, entropy };
  const model: FrameModel = { ...known, ...parseLatentCoding(entropy) };
  const stated = (lead: string): number[] =>
    (new RegExp(`${lead} \`([^\`]*)\``).exec(example)?.[1] ?? '').split(' ').map(Number);
  const picture = Int16Array.from(stated('The symbols of the picture are'));
  const symbols = stated('The decoded symbols are');

  test('explains every byte at its offset', () => {
    let offset = 0;
    for (const [stated, bytes] of rows) {
      expect(Number(stated)).toBe(offset);
      offset += fromHex(bytes ?? '').length;
    }
    expect(example).toContain(`The frame has ${offset} bytes`);
  });

  test('decodes, with both decoders, to the symbols it states', () => {
    expect(symbols.length).toBe(6);
    expect(stated('The symbols as far as they are known are now')).toEqual([...knownSymbols(picture, model.plan, 1)]);
    expect(decodeFrame(frame, model)).toEqual({ symbols: Int16Array.from(symbols), chunksDecoded: 2, chunksOf: 2 });
    expect(decodeIndependently(frame, known)).toEqual({ symbols, chunks: 2, damaged: false });
  });

  test('is what the encoder makes', () => {
    expect(encodeFrame(picture, model)).toEqual(frame);
    expect(serializeLatentCoding(model)).toEqual(entropy);
    expect(vectors[0]?.frame).toBe(Buffer.from(frame).toString('hex'));
  });

  test('shows the steps of the range decoder', () => {
    const steps = example.split('| element | total | range | unit | offset | quantile | group |').slice(1);
    expect(steps.length).toBe(2);
    const payloads = ['04 5E', '32'].map(fromHex);
    for (const [chunk, table] of steps.entries()) {
      const payload = payloads[chunk] ?? new Uint8Array();
      const rows = (table.split('\n\n')[0] ?? '').split('\n').slice(2);
      expect(
        rows.map((row) =>
          row
            .split('|')
            .slice(1, 8)
            .map((cell) => cell.trim()),
        ),
      ).toEqual(traceDecoder(payload, model, picture, chunk));
    }
  });
});

/** The decoder of section 4 once more, writing down what it does: element, total, range, unit, offset, quantile, group. */
function traceDecoder(payload: Uint8Array, model: FrameModel, picture: Int16Array, chunk: number): string[][] {
  const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');
  let read = 0;
  const next = (): number => payload[read++] ?? 0;
  let range = 2 ** 32 - 1;
  let offset = ((next() * 256 + next()) * 256 + next()) * 256 + next();
  const { elements, from, to } = model.plan.refinements[chunk] ?? { elements: [], from: [], to: [] };
  return Array.from(elements, (element, i) => {
    const { minSymbol, frequencies } = model.entropyModel.tables[element] as FrequencyTable;
    const symbol = picture[element] as number;
    /** Sum of the frequencies of the symbols in the same group at a resolution, and of those before that group. */
    const sums = (resolution: number): { start: number; frequency: number } => {
      const sum = (counts: (other: number) => boolean): number =>
        frequencies.reduce((all, frequency, index) => (counts(minSymbol + index) ? all + frequency : all), 0);
      const group = groupOf(symbol, resolution);
      if (resolution === model.plan.resolutions) return { start: 0, frequency: 32_768 };
      return {
        start: sum((other) => groupOf(other, resolution) < group),
        frequency: sum((other) => groupOf(other, resolution) === group),
      };
    };
    const [known, told] = [sums(from[i] as number), sums(to[i] as number)];
    const total = known.frequency;
    const group = `${groupOf(symbol, to[i] as number)}`;
    if (told.frequency === total) return [`${element}`, `${total}`, '', '', '', '', group];
    const unit = Math.floor(range / total);
    const registers = [hex(range, 8), hex(unit, 0), hex(offset, 8), `${Math.floor(offset / unit)}`];
    offset -= unit * (told.start - known.start);
    range = unit * told.frequency;
    for (; range < 2 ** 24; range *= 256) offset = offset * 256 + next();
    return [`${element}`, `${total}`, ...registers, group];
  });
}

describe.each(vectors)('golden frame: $name', (vector) => {
  const model = modelOf(vector);
  const frame = fromHex(vector.frame);
  const symbols = vector.symbols.split(' ').map(Number);

  test('decodes as stored', () => {
    if (vector.chunksDecoded === 0) {
      expect(() => decodeFrame(frame, model)).toThrow(AecnnError);
      return;
    }
    const decoded = decodeFrame(frame, model);
    expect([...decoded.symbols]).toEqual(symbols);
    expect(decoded.chunksDecoded).toBe(vector.chunksDecoded);
    expect(decoded.damage !== undefined).toBe(vector.damaged);
  });

  test('decodes as stored with the independent decoder', () => {
    if (vector.chunksDecoded === 0) {
      expect(() => decodeIndependently(frame, model)).toThrow('refused');
      return;
    }
    expect(decodeIndependently(frame, model)).toEqual({
      symbols,
      chunks: vector.chunksDecoded,
      damaged: vector.damaged,
    });
  });
});

test.each(vectors.filter((vector) => !vector.damaged))('the encoder still makes the golden frame: $name', (vector) => {
  const model = modelOf(vector);
  // Symbols that the frame does not tell in full are in the same groups as what is known of them.
  const payloads = compressLatent(Int16Array.from(vector.symbols.split(' ').map(Number)), model);
  const sent = payloads.slice(0, vector.chunksDecoded);
  expect(Buffer.from(serializeFrame({ modelId: model.modelId, payloads: sent })).toString('hex')).toBe(vector.frame);
});

test('both decoders agree on random frames, whole and damaged', () => {
  const random = createRandom(7);
  for (const vector of vectors) {
    const model = modelOf(vector);
    for (let round = 0; round < 30; round++) {
      const symbols = Int16Array.from(model.entropyModel.tables, ({ minSymbol, frequencies }) => {
        return minSymbol + random.below(frequencies.length);
      });
      const frame = encodeFrame(symbols, model);
      const { chunks } = model.plan;
      const told = [...knownSymbols(symbols, model.plan, chunks)];
      expect(decodeIndependently(frame, model)).toEqual({ symbols: told, chunks, damaged: false });

      const broken = frame.slice(0, frame.length - random.below(2) * random.below(frame.length));
      const place = random.below(broken.length);
      if (broken.length > 0) broken[place] = (broken[place] as number) ^ (random.below(2) << random.below(8));
      expect(outcome(() => decodeIndependently(broken, model))).toEqual(
        outcome(() => {
          const { symbols, chunksDecoded, damage } = decodeFrame(broken, model);
          return { symbols: [...symbols], chunks: chunksDecoded, damaged: damage !== undefined };
        }),
      );
    }
  }
});

function outcome<T>(decode: () => T): T | 'refused' {
  try {
    return decode();
  } catch {
    return 'refused';
  }
}
