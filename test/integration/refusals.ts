/** What the tests of bad input share: something good to spoil, and what a refusal looks like. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect } from 'vitest';
import { writeTinySplitModel } from '../fixtures/tiny-split-model.ts';
import { type CommandResult, runAecnn } from './command-line.ts';

/** A picture of one colour. */
export const solid = (background: string, width = 60, height = 50) =>
  sharp({ create: { width, height, channels: 3, background } });

/** A new folder with a tiny split model, a red picture and its frame: their paths. */
export async function encodedPicture() {
  const folder = await mkdtemp(join(tmpdir(), 'aecnn-bad-input-'));
  const model = await writeTinySplitModel({}, join(folder, 'model'));
  const [red, frame] = [join(folder, 'red.jpg'), join(folder, 'red.aec')];
  await solid('red').jpeg().toFile(red);
  const encoded = await runAecnn('encode', model, red, '--out', frame);
  expect(encoded).toMatchObject({ exitCode: 0, stderr: '' });
  return { folder, model, red, frame };
}

/** A refusal for the user: one sentence on stderr (after the progress, if there was any), nothing on stdout, exit code 2. */
export function expectRefused(result: CommandResult, sentence: string | RegExp): void {
  expect(result).toMatchObject({ exitCode: 2, stdout: '' });
  const lines = result.stderr
    .split('\n')
    .filter((line) => line !== '' && line !== '(add --help for the options and examples)');
  expect(lines.at(-1)).toMatch(/^error: /);
  expect(lines.at(-1)).toMatch(sentence);
  expect(result.stderr).not.toContain('    at ');
}

/** Runs commands, each with the sentence that must refuse it, two at a time. */
export async function expectAllRefused(
  cases: readonly (readonly [args: readonly string[], sentence: string | RegExp])[],
) {
  const waiting = cases.values();
  const runSome = async () => {
    for (const [args, sentence] of waiting) expectRefused(await runAecnn(...args), sentence);
  };
  await Promise.all([runSome(), runSome()]);
}
