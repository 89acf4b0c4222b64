import { expect, test } from 'vitest';
import { TransportError } from '../../core/errors.ts';
import { edgeStreamUrl } from './edge-url.ts';

test.each([
  ['http://127.0.0.1:8080', 'ws://127.0.0.1:8080/v2/stream'],
  ['https://edge.example/', 'wss://edge.example/v2/stream'],
  ['ws://[::1]:9/v2/stream', 'ws://[::1]:9/v2/stream'],
  ['https://edge.example/behind/a-proxy/', 'wss://edge.example/behind/a-proxy/v2/stream'],
])('%s is reached at %s', (edge, stream) => {
  expect(edgeStreamUrl(edge)).toBe(stream);
});

test.each(['', 'localhost', 'localhost:8080', 'ftp://edge.example', 'file:///etc'])('%j is refused', (edge) => {
  expect(() => edgeStreamUrl(edge)).toThrow(TransportError);
});
