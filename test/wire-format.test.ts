/** docs/wire-format.md against the code: its worked example, the golden frames, and a decoder written from it alone. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compressLatent, parseEntropyModel, serializeEntropyModel } from '../src/core/codec/index.ts';
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
  const { modelId, latentShape, chunks } = vector;
  return { modelId, latentShape, chunks, entropy, entropyModel: parseEntropyModel(entropy) };
}

describe('the worked example of the document', () => {
  const entropy = fromHex(
    rowsOf('bytes | meaning')
      .map(([bytes]) => bytes)
      .join(''),
  );
  const rows = rowsOf('offset | bytes | meaning');
  const frame = fromHex(rows.map(([, bytes]) => bytes).join(''));
  const known = { modelId: '0123456789ab', latentShape: [3, 2, 2] as const, chunks: [1, 2], entropy };
  const model: FrameModel = { ...known, entropyModel: parseEntropyModel(entropy) };
  const stated = /The symbols are ([^.]*)\./.exec(example)?.[1] ?? '';
  const symbols = (stated.match(/-?\d+/g) ?? []).map(Number);

  test('explains every byte at its offset', () => {
    let offset = 0;
    for (const [stated, bytes] of rows) {
      expect(Number(stated)).toBe(offset);
      offset += fromHex(bytes ?? '').length;
    }
    expect(example).toContain(`The frame has ${offset} bytes`);
  });

  test('decodes, with both decoders, to the symbols it states', () => {
    expect(symbols.length).toBe(12);
    expect(decodeFrame(frame, model)).toEqual({ symbols: Int16Array.from(symbols), chunksDecoded: 2, chunksOf: 2 });
    expect(decodeIndependently(frame, known)).toEqual({ symbols, chunks: 2, damaged: false });
  });

  test('is what the encoder makes', () => {
    expect(encodeFrame(Int16Array.from(symbols), model)).toEqual(frame);
    expect(serializeEntropyModel(model.entropyModel)).toEqual(entropy);
    expect(vectors[0]?.frame).toBe(Buffer.from(frame).toString('hex'));
  });

  test('shows the steps of the range decoder', () => {
    const steps = example.split('| range | unit | offset | quantile | symbol |').slice(1);
    const payloads = ['A0 38', '3B'].map(fromHex);
    let next = 0;
    for (const [chunk, table] of steps.entries()) {
      const payload = payloads[chunk] ?? new Uint8Array();
      const rows = (table.split('\n\n')[0] ?? '').split('\n').slice(2);
      const trace = traceDecoder(payload, model, symbols.slice(next, next + rows.length), next);
      expect(
        rows.map((row) =>
          row
            .split('|')
            .slice(1, 6)
            .map((cell) => cell.trim()),
        ),
      ).toEqual(trace);
      next += rows.length;
    }
    expect(next).toBe(12);
  });
});

/** The decoder of section 4 once more, writing down its registers: range, unit, offset, quantile, symbol. */
function traceDecoder(payload: Uint8Array, model: FrameModel, symbols: number[], first: number): string[][] {
  const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');
  let read = 0;
  const next = (): number => payload[read++] ?? 0;
  let range = 2 ** 32 - 1;
  let offset = ((next() * 256 + next()) * 256 + next()) * 256 + next();
  return symbols.map((symbol, i) => {
    const table = model.entropyModel.channels[Math.floor((first + i) / 4)];
    if (table === undefined) throw new Error('no such channel');
    const unit = Math.floor(range / 32_768);
    const row = [hex(range, 8), hex(unit, 0), hex(offset, 8), `${Math.floor(offset / unit)}`, `${symbol}`];
    offset -= unit * (table.starts[symbol - table.minSymbol] ?? 0);
    range = unit * (table.frequencies[symbol - table.minSymbol] ?? 0);
    for (; range < 2 ** 24; range *= 256) offset = offset * 256 + next();
    return row;
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
  const payloads = compressLatent(Int16Array.from(vector.symbols.split(' ').map(Number)), model);
  const sent = payloads.slice(0, vector.chunksDecoded);
  expect(Buffer.from(serializeFrame({ modelId: model.modelId, payloads: sent })).toString('hex')).toBe(vector.frame);
});

test('both decoders agree on random frames, whole and damaged', () => {
  const random = createRandom(7);
  for (const vector of vectors) {
    const model = modelOf(vector);
    const [k, height, width] = model.latentShape;
    for (let round = 0; round < 30; round++) {
      const symbols = Int16Array.from({ length: k * height * width }, (_, i) => {
        const table = model.entropyModel.channels[Math.floor(i / (height * width))];
        if (table === undefined) throw new Error('no such channel');
        return table.minSymbol + random.below(table.frequencies.length);
      });
      const frame = encodeFrame(symbols, model);
      const whole = decodeIndependently(frame, model);
      expect(whole).toEqual({ symbols: [...symbols], chunks: model.chunks.length, damaged: false });

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
