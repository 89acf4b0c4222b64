import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DatasetError, ImageError } from '../../core/errors.ts';
import { encodePicture } from '../../runtime/picture.ts';
import { openImageFolder } from './index.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-dataset-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Makes files with some content, and empty folders for paths that end in a slash. */
async function make(...paths: string[]): Promise<void> {
  for (const path of paths) {
    if (path.endsWith('/')) await mkdir(join(folder, path), { recursive: true });
    else {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), 'no picture');
    }
  }
}

const pictures = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}/${i}.jpg`);

test('classes are the folders in code-unit order, split one after the other with one generator', async () => {
  await make(...pictures('zebra', 10), ...pictures('Ant', 5), ...pictures('ant', 2));
  const dataset = await openImageFolder(folder, { seed: 7 });
  expect(dataset).toMatchObject({ protocol: 'folder', classes: ['Ant', 'ant', 'zebra'], seed: 7 });
  expect(dataset.test.map(({ label }) => label)).toEqual([0, 1, 2, 2]);
  expect(dataset.train).toHaveLength(13);
  expect(dataset.train.every(({ id, label }) => id.startsWith(`${dataset.classes[label]}/`))).toBe(true);
  expect(dataset.hash).toMatch(/^[0-9a-f]{64}$/);
  expect((await openImageFolder(folder, { seed: 7 })).hash).toBe(dataset.hash);
  expect((await openImageFolder(folder, { seed: 8 })).hash).not.toBe(dataset.hash);
});

test('a limit bounds both parts and leaves the hash as it is', async () => {
  await make(...pictures('a', 20), ...pictures('b', 20));
  const all = await openImageFolder(folder);
  const few = await openImageFolder(folder, { limitPerClass: 3 });
  expect(few.train.map(({ id }) => id)).toEqual(
    [0, 1].flatMap((label) =>
      all.train
        .filter((s) => s.label === label)
        .slice(0, 3)
        .map(({ id }) => id),
    ),
  );
  expect(few.test).toHaveLength(6);
  expect(few.limitPerClass).toBe(3);
  expect(few.hash).toBe(all.hash);
});

test('clutter, hidden and other files are left out, and said', async () => {
  await make(
    'BACKGROUND_Google/tmp',
    ...pictures('a', 2),
    ...pictures('b', 2),
    'a/notes.txt',
    'b/._0.jpg',
    'b/UP.JPEG',
  );
  await make('.git/x.jpg', 'readme.md', 'b/deeper/');
  const said: string[] = [];
  const dataset = await openImageFolder(folder, { onSkip: (message) => said.push(message) });
  expect(dataset.classes).toEqual(['a', 'b']);
  expect(dataset.train.length + dataset.test.length).toBe(5);
  expect(said).toEqual([
    'the folder BACKGROUND_Google is clutter and no class: skipped',
    '3 files are no picture by the extension and left out',
  ]);
});

test.each([
  ['no folder', [], 'missing', /there is no folder/],
  ['a file', ['data.tar'], 'data.tar', /is a file/],
  ['no class folders', ['1.jpg', '2.jpg'], '.', /holds no class folder/],
  ['one class folder', pictures('only', 5), '.', /one class folder \(only\)/],
  ['a class with one picture', [...pictures('a', 5), ...pictures('b', 1)], '.', /class "b" .* one picture/],
  ['a class without pictures', [...pictures('a', 5), 'b/x.txt'], '.', /class "b" .* no picture/],
] as const)('%s is a DatasetError of one sentence with the remedy', async (_name, paths, opened, expected) => {
  await make(...paths);
  const error: unknown = await openImageFolder(join(folder, opened)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DatasetError);
  expect(String(error)).toMatch(expected);
  expect(String(error)).toMatch(/: (give|add|unpack)/);
  expect(String(error)).not.toContain('\n');
});

test('a sample decodes its own file', async () => {
  await make(...pictures('a', 2), ...pictures('b', 2));
  const red = {
    rgb: Uint8Array.from({ length: 300 * 300 * 3 }, (_, i) => (i % 3 === 0 ? 255 : 0)),
    width: 300,
    height: 300,
  };
  const png = await encodePicture(red, { format: 'png' });
  await writeFile(join(folder, 'a', '0.jpg'), png);
  const { train, test: held } = await openImageFolder(folder);
  const sample = [...train, ...held].find(({ id }) => id === 'a/0.jpg');
  expect((await sample?.load())?.subarray(0, 6)).toEqual(Uint8Array.of(255, 0, 0, 255, 0, 0));
  const broken = [...train, ...held].find(({ id }) => id === 'a/1.jpg');
  await expect(broken?.load()).rejects.toThrow(ImageError);
});
