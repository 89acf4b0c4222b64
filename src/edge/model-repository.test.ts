import { expect, test } from 'vitest';
import { tinySplitModel } from '../../test/fixtures/tiny-split-model.ts';
import { ModelError } from '../core/errors.ts';
import type { SplitModel } from '../core/model/index.ts';
import type { EdgeModel } from './edge-model.ts';
import { createModelRepository } from './model-repository.ts';

const { model } = await tinySplitModel();
const versionOf = (modelId: string, name = 'tiny'): SplitModel => ({
  ...model,
  manifest: { ...model.manifest, modelId, name },
});

/** Edge models that say when they are closed, which they may put off. */
function opener() {
  const closed: string[] = [];
  let holdClose = Promise.resolve();
  async function open(opened: SplitModel): Promise<EdgeModel> {
    const close = async () => {
      await holdClose;
      closed.push(opened.manifest.modelId);
    };
    return {
      model: opened,
      infer: () => expect.unreachable(),
      inferLogits: () => expect.unreachable(),
      expectedComputeMs: () => 0,
      close,
      [Symbol.asyncDispose]: close,
    };
  }
  return {
    open,
    closed,
    hold(until: Promise<void>) {
      holdClose = until;
    },
  };
}

test('several models, and several versions of one: the last one is meant where none is named', async () => {
  const { open, closed } = opener();
  const repository = await createModelRepository({
    sources: [versionOf('a'), versionOf('b'), versionOf('c', 'other')],
    open,
  });
  expect(repository.ready().map((ready) => ready.model.manifest.modelId)).toEqual(['a', 'b', 'c']);
  expect(repository.named('tiny').model.manifest.modelId).toBe('b');
  expect(repository.named('tiny', 'a').model.manifest.modelId).toBe('a');
  expect(() => repository.named('huge')).toThrow(
    new ModelError('there is no model "huge", this edge serves tiny, other'),
  );
  expect(() => repository.named('tiny', 'z')).toThrow('has no z that answers; there are a (READY), b (READY)');
  await repository.close();
  expect(closed.sort()).toEqual(['a', 'b', 'c']);
});

test('the same model twice, or a damaged one, is refused and leaves nothing open', async () => {
  const { open, closed } = opener();
  const twice = createModelRepository({ sources: [versionOf('a'), versionOf('a', 'again')], open });
  await expect(twice).rejects.toThrow('tiny and again are the same model, a: give one of them only');
  const damaged = createModelRepository({
    sources: [versionOf('b'), () => Promise.reject(new ModelError('edge.onnx is damaged'))],
    open,
  });
  await expect(damaged).rejects.toThrow('edge.onnx is damaged');
  expect(closed).toEqual(['a', 'b']);
});

test('loading reads the model anew; the old one answers until the new one does', async () => {
  const { open, closed } = opener();
  let onDisk = versionOf('a');
  const repository = await createModelRepository({ sources: [async () => onDisk], open });
  onDisk = versionOf('b');
  const loading = repository.load('tiny');
  expect(repository.named('tiny').model.manifest.modelId).toBe('a');
  await loading;
  expect(repository.named('tiny').model.manifest.modelId).toBe('b');
  expect(closed).toEqual(['a']);
});

test('a model that is damaged by now leaves the old one in service, and says why', async () => {
  const { open, closed } = opener();
  let read: () => Promise<SplitModel> = async () => versionOf('a');
  const repository = await createModelRepository({ sources: [() => read()], open });
  read = () => Promise.reject(new ModelError('edge.onnx is damaged'));
  await expect(repository.load('tiny')).rejects.toThrow('edge.onnx is damaged');
  expect(repository.states()).toEqual([{ name: 'tiny', version: 'a', state: 'READY', reason: 'edge.onnx is damaged' }]);
  expect(repository.named('tiny').model.manifest.modelId).toBe('a');
  expect(closed).toEqual([]);
});

test('an unloaded model is not found, answers what it accepted, and can be loaded again', async () => {
  const { open, closed, hold } = opener();
  const repository = await createModelRepository({ sources: [versionOf('a')], open });
  let answered = (): void => undefined;
  hold(
    new Promise((resolve) => {
      answered = resolve;
    }),
  );
  const unloading = repository.unload('tiny');
  await new Promise((resolve) => setImmediate(resolve));
  expect(repository.states()).toEqual([{ name: 'tiny', version: 'a', state: 'UNLOADING' }]);
  expect(() => repository.named('tiny')).toThrow('has no version that answers; there are a (UNLOADING)');
  answered();
  await unloading;
  expect(closed).toEqual(['a']);
  expect(repository.states()).toEqual([{ name: 'tiny', version: 'a', state: 'UNAVAILABLE', reason: 'unloaded' }]);
  await repository.load('tiny');
  expect(repository.states()).toEqual([{ name: 'tiny', version: 'a', state: 'READY' }]);
});
