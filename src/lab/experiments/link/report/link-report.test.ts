/** Tables and plots from result files, complete ones and not. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { madeOptions } from '../../../../../test/fixtures/link-experiment.ts';
import { type LinkPartName, type LinkResult, linkPartNames, type UplinkOutcome } from '../link-result.ts';
import { runLink } from '../run-link.ts';
import { linkPlots } from './link-plots.ts';
import { linkResults } from './link-report-data.ts';
import { linkTables } from './link-tables.ts';
import { linkTargets } from './link-targets.ts';

let folder = '';
let all: readonly LinkResult[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-link-report-'));
  all = await runLink(madeOptions(folder));
});
afterAll(() => rm(folder, { recursive: true }));

const without = (...parts: readonly LinkPartName[]) => linkResults(all.filter(({ part }) => !parts.includes(part)));

const rowOf = (text: string, start: string): string[] =>
  text
    .split('\n')
    .find((line) => line.startsWith(`| ${start} |`))
    ?.split('|')
    .map((cell) => cell.trim())
    .slice(1, -1) ?? [];

/** The results with every uplink changed. */
const withUplinks = (change: (uplink: UplinkOutcome) => UplinkOutcome) =>
  linkResults(
    all.map((result) => {
      if (result.part !== 'traces') return result;
      const { outcome, ...others } = result as LinkResult<'traces'>;
      return { ...others, outcome: { ...outcome, uplinks: outcome.uplinks.map(change) } };
    }),
  );

describe('the tables', () => {
  test.each(Object.keys(linkTables))('%s copes with whatever is missing', (name) => {
    const render = linkTables[name];
    for (const results of [without(), ...linkPartNames.map((part) => without(part)), without(...linkPartNames)]) {
      expect(render?.(results)).not.toMatch(/NaN|undefined|Infinity|\[object/);
    }
  });

  test('say that nothing was run', () => {
    const nothing = without(...linkPartNames);
    for (const name of [
      'link-short',
      'link-models',
      'link-completion',
      'link-accuracy',
      'link-heat-map-text',
      'link-uplinks',
    ]) {
      expect(linkTables[name]?.(nothing), name).toBe('not run yet');
    }
    expect(linkTables['link-missing']?.(nothing)).toBe('None of the 5 parts has been run yet.');
    expect(linkTables['link-missing']?.(without('traces', 'heat-map'))).toBe('Not run yet: `heat-map` and `traces`.');
    expect(linkTables['link-missing']?.(without())).toBe('All 5 parts were run.');
  });

  test('the README has an uplink a row, with either edge', () => {
    const table = linkTables['link-short']?.(without()) ?? '';
    expect(rowOf(table, 'right in time').slice(1, 4)).toEqual(['AECNN', 'AECNN, always one full packet', 'JPEG']);
    expect(
      rowOf(table, 'driving')
        .slice(1)
        .every((cell) => /^(\*\*)?\d+\.\d %/.test(cell)),
    ).toBe(true);
    expect(rowOf(table, 'walking, edge 8 times faster').length).toBe(8);
  });

  test('completion: early split points pay on slow devices, none pays on fast ones', () => {
    const text = linkTables['link-completion-text']?.(without()) ?? '';
    expect(text).toContain('- **device as fast, edge as fast**: nowhere; the whole network takes the device 75 ms.');
    expect(text).toMatch(/device 8 times slower, edge as fast\*\*: at conv2_x \(\d+ kbit\/s to [\d.]+ Mbit\/s\)/);
    expect(linkTables['link-completion']?.(without())).toMatch(/JPEG of equal accuracy \(jpeg \d+px q50: [\d,]+ bytes/);
  });

  test('the command of a part stands for the whole one', () => {
    const text = linkTables['link-protocol']?.(without()) ?? '';
    expect(text).toContain('`npx aecnn experiment link --data made-up --out out/link`');
  });
});

describe('the targets', () => {
  const verdictOf = (start: string, results = without()): string | undefined =>
    linkTargets(results).find(({ name }) => name.startsWith(start))?.verdict;

  test('are undecided without their files', () => {
    const verdicts = linkTargets(without(...linkPartNames)).map(({ verdict }) => verdict);
    expect(new Set(verdicts)).toEqual(new Set(['undecided']));
  });

  test('fail with a single uplink, and only those of the edge that was measured', () => {
    expect(verdictOf('1. answered')).toBe('met');
    const late = (edgeSpeedup: number) =>
      withUplinks((uplink) => ({
        ...uplink,
        splits: uplink.splits.map(({ split, methods }) => ({
          split,
          methods: methods.map((method) =>
            uplink.edgeSpeedup === edgeSpeedup && uplink.name === 'walking'
              ? { ...method, answeredInTime: 0.998 }
              : method,
          ),
        })),
      }));
    expect(verdictOf('1. answered', late(8))).toBe('met');
    expect(verdictOf('1. answered', late(1))).toBe('missed');
    expect(verdictOf('2. at least 12', late(1))).toBe(verdictOf('2. at least 12'));
  });
});

describe('the plots', () => {
  test.each(Object.keys(linkPlots))(
    '%s is the same every time, and says when there is nothing to show',
    async (name) => {
      const render = linkPlots[name];
      const svg = (await render?.(without())) ?? '';
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
      expect(await render?.(without())).toBe(svg);
      expect(await render?.(without(...linkPartNames))).toContain('not run yet');
    },
  );

  test('name what they compare', async () => {
    const completion = await linkPlots['link-completion']?.(without());
    for (const label of [
      'AECNN, conv2_x',
      'AECNN, conv4_x',
      'JPEG, quality 75',
      'AECNN first',
      'device 8 times slower, edge as fast',
    ]) {
      expect(completion).toContain(`>${label}</text>`);
    }
    expect(completion).not.toContain('conv5_x');
    const accuracy = await linkPlots['link-accuracy']?.(without());
    for (const label of ['JPEG or WebP', 'device alone', '1,000 ms end to end'])
      expect(accuracy).toContain(`>${label}<`);
    expect(await linkPlots['link-heat-map']?.(without())).toContain('all on the device');
  });
});

test('results of other pictures or models are refused by the names of their files', () => {
  const [models, ...others] = all;
  const { settings } = models as LinkResult;
  const fewer = {
    ...(models as LinkResult),
    settings: { ...settings, protocol: { ...settings.protocol, testImages: 3 } },
  };
  expect(() => linkResults([fewer, ...others])).toThrow(
    'models.json and completion.json were run with different pictures',
  );
  const otherModels = { ...(models as LinkResult), models: [] };
  expect(() => linkResults([otherModels, ...others])).toThrow(RangeError);
});
