/** `aecnn experiment link` as a user gives it, up to where it would begin to train. */

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { linkPartNames } from '../../src/lab/experiments/index.ts';
import { writeTinySplitModel } from '../fixtures/tiny-split-model.ts';
import { runAecnn } from './command-line.ts';
import { expectAllRefused, solid } from './refusals.ts';

let folder = '';
const at = (...names: string[]): string => join(folder, ...names);
const link = (...more: string[]) => ['experiment', 'link', '--data', at('data'), '--out', at('out'), ...more];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-experiment-link-'));
  for (const name of ['red', 'green']) {
    await mkdir(at('data', name), { recursive: true });
    for (const i of [0, 1, 2])
      await solid(name)
        .png()
        .toFile(at('data', name, `${i}.png`));
  }
  await mkdir(at('uplinks'));
  await writeFile(at('uplinks', 'drive.up'), '10\n20\n');
  await mkdir(at('empty'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('what cannot be run is refused in a sentence, before anything is computed', async () => {
  await expectAllRefused([
    [['experiment', 'link'], /required option '--data/],
    [link('--only', 'models,speed'), /there is no part "speed"; there are models, completion/],
    [link('--only', 'traces'), /give --traces <folder/],
    [link('--traces', at('nowhere')), /there is no folder .*nowhere/],
    [link('--traces', at('empty')), /holds no recorded uplink/],
    [link('--splits', 'conv4_x,conv6_x'), /there is no split point "conv6_x"; there are conv2_x/],
    [link('--models', at('empty')), /manifest\.json of the split model cannot be read/],
    [link('--limit', '0'), /at least 1, got "0"/],
  ]);
  expect(await readdir(folder)).not.toContain('out');
});

test('given models that learned from different pictures are not compared', async () => {
  for (const split of ['conv2_x', 'conv3_x']) await writeTinySplitModel({}, at('models', split));
  const manifest = at('models', 'conv3_x', 'manifest.json');
  await writeFile(manifest, (await readFile(manifest, 'utf8')).replace(/"trainImages": ?3/, '"trainImages": 4'));
  await expectAllRefused([
    [
      link('--models', at('models'), '--splits', 'conv2_x,conv3_x'),
      /learned from different numbers of pictures \(3, 4\)/,
    ],
  ]);
});

test('--help shows the parts and examples; --dry-run runs nothing', async () => {
  const { stdout: help } = await runAecnn('experiment', 'link', '--help');
  for (const part of linkPartNames) expect(help).toContain(`\n  ${part} `);
  expect(help).toContain('Examples:');
  const { exitCode, stdout } = await runAecnn(...link('--traces', at('uplinks'), '--dry-run', '--json'));
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toEqual(linkPartNames.map((part) => ({ part, done: false })));
  expect(await readdir(folder)).not.toContain('out');
});
