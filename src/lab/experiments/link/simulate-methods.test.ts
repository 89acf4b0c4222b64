import { expect, test } from 'vitest';
import { madeLab } from '../../../../test/fixtures/link-tables.ts';
import { createLinkModel, parseLinkSpec } from '../../../core/link/index.ts';
import { machineTimes, thisMachine } from './machine-times.ts';
import { mainTable } from './parts/part.ts';
import { simulateMethods } from './simulate-methods.ts';
import { poissonRequests } from './simulation/scenario.ts';

test('it can be stopped between methods', async () => {
  const { tables, pictures: source } = await madeLab(['conv4_x'], 20);
  const { model, pictures, timesMs } = mainTable(tables);
  const requests = { requests: 30, warmUp: 2, meanGapMs: 250, pictures: pictures.length, seed: 0 };
  const stop = new AbortController();
  const done: string[] = [];
  const simulating = simulateMethods({
    scenario: {
      link: createLinkModel(parseLinkSpec('fixed:1mbit'), () => expect.unreachable('a trace was read')),
      deadlineMs: 100,
      clockStarts: 'network',
      times: machineTimes(timesMs, thisMachine),
      requests: poissonRequests(requests),
      warmUp: requests.warmUp,
      seed: requests.seed,
    },
    model,
    pictures,
    source,
    methods: ['aecnn', 'device', 'oracle'],
    signal: stop.signal,
    onResult({ method }) {
      done.push(method);
      if (method === 'device') stop.abort(new Error('stopped'));
    },
  });
  await expect(simulating).rejects.toThrow('stopped');
  expect(done).toEqual(['aecnn', 'device']);
});
