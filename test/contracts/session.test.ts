import { describe, expect, test } from 'vitest';
import { scalar } from '../../src/core/tensor/index.ts';
import { createNodeRuntime } from '../../src/runtime/node.ts';
import { heavyGraph } from '../fixtures/onnx-graph.ts';
import { sessionContract } from './session.ts';

sessionContract('onnxruntime-node in a worker thread', () => createNodeRuntime({ threads: 1 }));
sessionContract('onnxruntime-node in the calling thread', () => createNodeRuntime({ threads: 1, worker: false }));

describe('worker threads', () => {
  test('leave the event loop free while they compute', { retry: 2 }, async () => {
    await using session = await (await createNodeRuntime({ threads: 1 })).createSession(heavyGraph(150));
    let longestGapMs = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longestGapMs = Math.max(longestGapMs, performance.now() - last);
      last = performance.now();
    }, 5);
    const startMs = performance.now();
    await session.run({ x: scalar(1) });
    clearInterval(timer);
    const runMs = performance.now() - startMs;
    expect(runMs).toBeGreaterThan(200);
    expect(longestGapMs).toBeLessThan(runMs / 2);
  });
});
