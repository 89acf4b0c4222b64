import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { ModelError } from '../core/errors.ts';
import { explainError } from './explain-error.ts';

async function thrownBy(action: () => Promise<unknown>): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  throw new Error('expected a failure');
}

test('an error of ours is its message in one line, exit code 2', () => {
  expect(explainError(new ModelError('No manifest.json in /m.\n  Run "aecnn build".'))).toEqual({
    message: 'error: No manifest.json in /m. Run "aecnn build".',
    exitCode: 2,
  });
});

test('an error of ours under another one still decides', () => {
  const wrapped = new Error('worker failed', { cause: new ModelError('wrong hash') });
  expect(explainError(wrapped)).toEqual({ message: 'error: wrong hash', exitCode: 2 });
});

test('a missing file names the path', async () => {
  const error = await thrownBy(() => readFile('/nowhere/at/all'));
  expect(explainError(error)).toEqual({
    message: 'error: No such file or folder (/nowhere/at/all). Check the path.',
    exitCode: 2,
  });
});

test('a port in use names host and port', async () => {
  const first = createServer();
  await new Promise<void>((resolve) => first.listen(0, '127.0.0.1', resolve));
  const address = first.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const second = createServer();
  const error = await new Promise((resolve) => second.once('error', resolve).listen(port, '127.0.0.1'));
  first.close();
  expect(explainError(error)).toEqual({
    message: `error: 127.0.0.1:${port} is in use. Stop the program that listens there, or choose another --port.`,
    exitCode: 2,
  });
});

test.each([
  ['ENOSPC', /disk is full \(\/out\)/],
  ['EDQUOT', /quota/],
  ['EROFS', /read-only/],
  ['EACCES', /No permission \(\/out\)/],
])('%s is the machine, exit code 2, no stack', (code, expected) => {
  const { message, exitCode } = explainError(Object.assign(new Error('write'), { code, path: '/out' }));
  expect(message).toMatch(expected);
  expect(message).not.toContain('\n');
  expect(exitCode).toBe(2);
});

test('a refused connection inside an aggregate inside a fetch error is found', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED', address: '127.0.0.1', port: 9 });
  const fetchFailed = new TypeError('fetch failed', { cause: new AggregateError([refused]) });
  expect(explainError(fetchFailed).message).toContain('Nothing listens at 127.0.0.1:9.');
});

test('anything else is our bug: stack, where to report, exit code 1', () => {
  const { message, exitCode } = explainError(new TypeError('x is undefined'));
  expect(message).toMatch(/^internal error: TypeError: x is undefined\n {4}at /);
  expect(message).toContain('Please report it');
  expect(exitCode).toBe(1);
});

test('an error that is its own cause ends', () => {
  const error = new Error('round');
  error.cause = error;
  expect(explainError(error).exitCode).toBe(1);
});

test('something thrown that is no error', () => {
  expect(explainError('text').message).toContain('internal error: text');
});
