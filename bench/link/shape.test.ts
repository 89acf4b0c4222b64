import { expect, test } from 'vitest';
import { UsageError } from '../../src/core/errors.ts';
import { parseLinkSpec } from '../../src/core/link/index.ts';
import { awayShapes, netemArguments, shapesOf } from './shape.ts';

const argumentsOf = (spec: string): string[] => {
  const { up, down } = shapesOf(parseLinkSpec(spec));
  return [up, down].map((shape) => netemArguments(shape).join(' '));
};

test('a fixed rate holds back the uplink alone; both ends delay by half the round trip', () => {
  expect(argumentsOf('fixed:250kbit,rtt=50ms')).toEqual([
    'limit 10000 delay 25ms rate 250000bit -14',
    'limit 10000 delay 25ms',
  ]);
});

test('bursts are the chain of the link model', () => {
  // 20 % lost, 4 in a row: a burst ends with 1/4; with 1/16 it starts, so that 1 packet in 5 is in one.
  expect(argumentsOf('bursty:1mbit,loss=20%,burst=4')[0]).toBe(
    'limit 10000 delay 20ms loss gemodel 6.25% 25% rate 1000000bit -14',
  );
});

test('tiny chances are written as tc reads them', () => {
  expect(argumentsOf('bursty:1mbit,loss=0.0001%,burst=10')[0]).toContain('loss gemodel 0.00001% 10%');
});

test('a link that is away loses all, in both directions', () => {
  const { up, down } = awayShapes(shapesOf(parseLinkSpec('bursty:1mbit,loss=2%,burst=3')));
  expect(netemArguments(up).join(' ')).toContain('loss 100% rate 1000000bit');
  expect(netemArguments(down).join(' ')).toContain('loss 100%');
});

test.each(['rayleigh:bandwidth=1MHz,power=20dBm,distance=200m', 'trace:drive.up'])(
  '%s is for the simulation',
  (spec) => {
    expect(() => shapesOf(parseLinkSpec(spec))).toThrow(UsageError);
  },
);
