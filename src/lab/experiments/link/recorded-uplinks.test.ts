import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DatasetError } from '../../../core/errors.ts';
import { createRandom } from '../../../core/tensor/index.ts';
import { readUplinks } from './recorded-uplinks.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-uplinks-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('every *.up of a folder, by name; what is none is named', async () => {
  await expect(readUplinks(join(folder, 'nowhere'), 40)).rejects.toThrow(/there is no folder .*nowhere/);
  await writeFile(join(folder, 'readme.txt'), 'nothing');
  await expect(readUplinks(folder, 40)).rejects.toThrow(/holds no recorded uplink/);
  await writeFile(join(folder, 'walk, slow.up'), '100\n200\n');
  await writeFile(join(folder, 'drive.up'), '10\n20\n');
  const uplinks = await readUplinks(folder, 60);
  expect(uplinks.map(({ name }) => name)).toEqual(['drive', 'walk, slow']);
  expect(uplinks[0]?.sha256).toMatch(/^[0-9a-f]{64}$/);
  // The second moment at which something can leave, and half of the round trip.
  expect(uplinks[1]?.link.createUplink(createRandom(0)).send(1500, 150)).toBe(230);
  await writeFile(join(folder, 'broken.up'), 'no trace');
  await expect(readUplinks(folder, 40)).rejects.toThrow(DatasetError);
});
