/** Frames in Chromium: its engine must give the symbols and the bytes that Node's gives, bit for bit. */

import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openBrowserPage } from '../fixtures/chromium.ts';
import { type FrameVector, readFrameVectors } from '../vectors/frame-vectors.ts';
import { type CodedInBrowser, codeVector } from './frames-page.ts';

const entry = fileURLToPath(new URL('frames-page.ts', import.meta.url));

test('golden frames decode, and their symbols encode, as they do in Node', async (context) => {
  await using browser = await openBrowserPage(context, entry);
  const vectors = readFrameVectors();
  const coded = await browser.page.evaluate((all) => {
    const { codeVector: code } = globalThis as unknown as { codeVector: (one: FrameVector) => CodedInBrowser };
    return all.map(code);
  }, vectors);
  expect(coded).toHaveLength(vectors.length);
  expect(coded.filter(({ encoded }) => encoded !== '').length).toBeGreaterThan(5);
  for (const [i, vector] of vectors.entries()) {
    expect(coded[i], vector.name).toMatchObject({ symbols: vector.symbols, chunksDecoded: vector.chunksDecoded });
    expect(coded[i], vector.name).toEqual(codeVector(vector));
  }
});
