/** The parts over made-up answers: what is run, kept, and run again. */

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  madeGrid,
  madeOptions,
  madePictures,
  madeProtocol,
  madeSplits,
} from '../../../../test/fixtures/link-experiment.ts';
import { madeLab } from '../../../../test/fixtures/link-tables.ts';
import type { LinkOutcomes, LinkPartName, LinkResult } from './link-result.ts';
import { linkStates, type RunLinkOptions, runLink, selectLinkParts } from './run-link.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-link-'));
});
afterEach(() => rm(folder, { recursive: true }));

const readPart = async (part: LinkPartName): Promise<LinkResult> =>
  JSON.parse(await readFile(join(folder, `${part}.json`), 'utf8')) as LinkResult;

/** Runs, and returns which parts had to be. */
async function started(changed: Partial<RunLinkOptions> = {}): Promise<LinkPartName[]> {
  const parts: LinkPartName[] = [];
  await runLink(madeOptions(folder, { ...changed, onStart: (part) => parts.push(part) }));
  return parts;
}

async function outcomeOf<Name extends LinkPartName>(part: Name): Promise<LinkOutcomes[Name]> {
  const [result] = await runLink(madeOptions(folder, { parts: [part] }));
  return result?.outcome as LinkOutcomes[Name];
}

describe('a run', () => {
  test('leaves a file for each part, says what it was made with, and is not repeated', async () => {
    expect(await started()).toEqual(['models', 'completion', 'accuracy-in-time', 'heat-map', 'traces']);
    const written = await readPart('completion');
    expect(written.provenance.command).toContain('npx aecnn experiment link');
    expect(written.settings.protocol).toEqual(madeProtocol);
    expect(written.models.map(({ split, timesMs }) => [split, timesMs.wholeNetwork])).toEqual([
      ['conv2_x', 75],
      ['conv4_x', 75],
    ]);
    const open = () => Promise.reject(new Error('opened although all is there'));
    expect(await started({ open })).toEqual([]);
    expect((await readdir(folder)).length).toBe(5);
  });

  test('of one part runs the models before it, and nothing else', async () => {
    expect(await started({ parts: ['heat-map'] })).toEqual(['models', 'heat-map']);
  });

  test('repeats a damaged file, and parts that read a choice that was changed', async () => {
    const parts: LinkPartName[] = ['models', 'completion', 'heat-map'];
    await started({ parts });
    await writeFile(join(folder, 'completion.json'), '{"cut');
    expect(await started({ parts })).toEqual(['completion']);
    expect(await started({ parts, grid: { ...madeGrid, heatDeadlinesMs: [80] } })).toEqual(['heat-map']);
    expect(await started({ parts, protocol: { ...madeProtocol, testImages: 39 } })).toEqual(parts);
    expect(await linkStates(madeOptions(folder, { parts }))).toEqual(parts.map((part) => ({ part })));
  });

  test('goes on with the times that it began with; other models begin anew', async () => {
    await started({ parts: ['models'] });
    const slower = async () => {
      const lab = await madeLab(madeSplits, madePictures);
      const tables = lab.tables.map((table) => ({ ...table, timesMs: { ...table.timesMs, device: 1000 } }));
      return { ...lab, tables };
    };
    const asked: unknown[] = [];
    const open: RunLinkOptions['open'] = (times) => {
      asked.push(times.measureAnew);
      return slower();
    };
    expect(await started({ parts: ['completion'], open })).toEqual(['completion']);
    expect(asked).toEqual([false]);
    expect((await readPart('completion')).models).toEqual((await readPart('models')).models);

    const others = async () => {
      const lab = await slower();
      const tables = lab.tables.map((table) => {
        const manifest = { ...table.model.manifest, modelId: '000000000000' };
        return { ...table, model: { ...table.model, manifest } };
      });
      return { ...lab, tables };
    };
    expect(await started({ parts: ['completion', 'heat-map'], open: others })).toEqual([
      'models',
      'completion',
      'heat-map',
    ]);
    expect((await readPart('completion')).models[0]?.timesMs.device).toBe(1000);
  });

  test('stops where it is told to, keeps what it has, and closes what it opened', async () => {
    const stop = new AbortController();
    let closed = 0;
    const open = async () => ({
      ...(await madeLab(madeSplits, madePictures)),
      close: async () => {
        closed++;
      },
    });
    const run = started({
      open,
      signal: stop.signal,
      onProgress: (label) => label === 'accuracy-in-time' && stop.abort(new Error('stopped by SIGINT')),
    });
    await expect(run).rejects.toThrow('stopped by SIGINT');
    expect(closed).toBe(1);
    expect((await readdir(folder)).sort()).toEqual(['completion.json', 'models.json']);
    expect(await started()).toEqual(['accuracy-in-time', 'heat-map', 'traces']);
  });
});

test('--only picks parts, in their order; recorded uplinks must be given', () => {
  expect(selectLinkParts(undefined, true)).toContain('traces');
  expect(selectLinkParts(undefined, false)).not.toContain('traces');
  expect(selectLinkParts('heat-map, models', false)).toEqual(['models', 'heat-map']);
  expect(() => selectLinkParts('models,speed', true)).toThrow('there is no part "speed"; there are models, completion');
  expect(() => selectLinkParts('traces', false)).toThrow('give --traces');
});

describe('what parts find', () => {
  test('models: right answers and bytes grow with the chunks', async () => {
    const { models } = await outcomeOf('models');
    expect(models.map(({ split }) => split)).toEqual(madeSplits);
    for (const { lengths } of models) {
      expect(lengths.length).toBe(9);
      const [first, last] = [lengths[0], lengths.at(-1)];
      expect(last?.meanBytes).toBeGreaterThan(first?.meanBytes ?? 0);
      expect(last?.accuracy).toBeGreaterThan(first?.accuracy ?? 1);
    }
  });

  test('completion: computing, waiting for the link, and half a round trip each way', async () => {
    const { lines } = await outcomeOf('completion');
    const timesOf = (way: string, deviceSlowdown: number, split?: string): readonly number[] =>
      lines.find((line) => line.way === way && line.split === split && line.deviceSlowdown === deviceSlowdown)?.p50Ms ??
      [];
    const [slowest = 0, , fastest = 0] = timesOf('aecnn', 1, 'conv4_x');
    // 60 ms on the device, 19 ms on the edge, 40 ms of round trip; 1,189 bytes with their headers take 0.5 s at 20 kbit/s.
    expect(fastest).toBeGreaterThan(119);
    expect(fastest).toBeLessThan(122);
    expect(slowest - fastest).toBeGreaterThan(475);
    expect(slowest - fastest).toBeLessThan(520);
    expect(timesOf('aecnn', 8, 'conv4_x')[2]).toBeCloseTo(fastest + 7 * 60, 2);
    expect(timesOf('whole-device', 8)).toEqual([600, 600, 600]);
    expect(timesOf('device', 1, 'conv2_x')).toEqual([18, 18, 18]);
    // The float map of conv4_x alone is 321 s at 20 kbit/s.
    expect(timesOf('raw-map', 1, 'conv4_x')[0]).toBeGreaterThan(321_000);
    const encoding = 1 + 224 / 100;
    expect((timesOf('jpeg-75', 8)[2] ?? 0) - (timesOf('jpeg-75', 1)[2] ?? 0)).toBeCloseTo(7 * encoding, 2);
  });

  test('accuracy in time: a line for each method, of split points where it has one; slow devices get more time', async () => {
    const { deadlines } = await outcomeOf('accuracy-in-time');
    expect(deadlines.map(({ meanGapMs }) => meanGapMs)).toEqual([250, 250, 250, 960]);
    for (const { lines } of deadlines) {
      expect(lines.map(({ method, split }) => `${method} ${split}`)).toEqual([
        ...madeSplits.flatMap((split) =>
          ['aecnn', 'aecnn-fixed', 'device', 'oracle'].map((method) => `${method} ${split}`),
        ),
        ...['jpeg', 'webp', 'whole-device'].map((method) => `${method} undefined`),
      ]);
      for (const { accuracyInTime, answeredInTime } of lines) {
        expect(accuracyInTime.length).toBe(3);
        for (const [i, share] of accuracyInTime.entries()) expect(share).toBeLessThanOrEqual(answeredInTime[i] ?? 0);
      }
    }
  });

  test('heat map: a row for each deadline, and the slow device too late for the short one', async () => {
    const { maps, split } = await outcomeOf('heat-map');
    expect(split).toBe('conv4_x');
    expect(maps.map(({ method, deviceSlowdown }) => `${method} ${deviceSlowdown}`)).toEqual([
      'aecnn 1',
      'device 1',
      'jpeg 1',
      'webp 1',
      'whole-device 1',
      'whole-device 8',
    ]);
    for (const { accuracyInTime } of maps) expect(accuracyInTime.map((row) => row.length)).toEqual([3, 3]);
    // The rest of the network takes the slow device 8 * (75 - 60) ms.
    expect(maps[5]?.accuracyInTime[0]).toEqual([0, 0, 0]);
    expect(maps[5]?.accuracyInTime[1]?.[0]).toBeGreaterThan(0.8);
  });

  test('traces: every uplink with both edges, pictures once', async () => {
    const { uplinks } = await outcomeOf('traces');
    expect(uplinks.map(({ name, edgeSpeedup }) => [name, edgeSpeedup])).toEqual([
      ['driving', 1],
      ['driving', 8],
      ['walking', 1],
      ['walking', 8],
    ]);
    for (const { splits, pictures } of uplinks) {
      expect(splits.map(({ split }) => split)).toEqual(madeSplits);
      expect(splits[0]?.methods.map(({ method }) => method)).toContain('aecnn-fixed-no-fallback');
      expect(pictures.map(({ method }) => method)).toEqual(['jpeg', 'webp', 'jpeg-equal']);
      expect(pictures[0]?.requests).toBe(60);
    }
  });
});
