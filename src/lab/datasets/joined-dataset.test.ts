import { expect, test } from 'vitest';
import type { Dataset } from './dataset.ts';
import { joinDatasets } from './joined-dataset.ts';

const load = async (): Promise<Uint8Array> => new Uint8Array(1);
const dataset = (name: string, classes: readonly string[]): Dataset => ({
  name,
  protocol: 'folder',
  classes,
  train: classes.map((label, i) => ({ id: `${label}/1`, label: i, load })),
  test: classes.map((label, i) => ({ id: `${label}/2`, label: i, load })),
  hash: `hash of ${name}`,
  fingerprint: `fingerprint of ${name}`,
  seed: 3,
});

test('keeps the parts of each data set and tells their classes apart', () => {
  const joined = joinDatasets([dataset('pets', ['cat', 'dog']), dataset('zoo', ['cat'])]);
  expect(joined.classes).toEqual(['pets/cat', 'pets/dog', 'zoo/cat']);
  expect(joined.train.map(({ id, label }) => [id, label])).toEqual([
    ['pets/cat/1', 0],
    ['pets/dog/1', 1],
    ['zoo/cat/1', 2],
  ]);
  expect(joined.test.map(({ id }) => id)).toEqual(['pets/cat/2', 'pets/dog/2', 'zoo/cat/2']);
  expect(joined).toMatchObject({ name: 'pets + zoo', protocol: 'joined', seed: 3 });
});

test('the hash follows those of the data sets and their order; a single one stays what it is', () => {
  const [pets, zoo] = [dataset('pets', ['cat']), dataset('zoo', ['cat'])];
  const hashes = [joinDatasets([pets, zoo]), joinDatasets([zoo, pets]), joinDatasets([pets, pets])].map((d) => d.hash);
  expect(new Set(hashes).size).toBe(3);
  expect(joinDatasets([pets])).toBe(pets);
});
