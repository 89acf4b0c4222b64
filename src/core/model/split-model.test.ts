import { expect, test } from 'vitest';
import { channelPlan, createSymbolHistogram, fitEntropyModel, serializeLatentCoding } from '../codec/index.ts';
import { ModelError } from '../errors.ts';
import { computeModelId, digestFile } from './digest.ts';
import { describeModel, type Manifest, parseManifest, serializeManifest } from './manifest.ts';
import { readSplitModel } from './split-model.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A whole model in memory; the graphs are any bytes. */
async function makeModel(): Promise<{ files: Map<string, Uint8Array>; manifest: Manifest }> {
  const files = new Map([
    ['device.onnx', bytesOf('device')],
    ['edge.onnx', bytesOf('edge')],
    ['fallback.onnx', bytesOf('fallback')],
    [
      'entropy.bin',
      serializeLatentCoding({
        entropyModel: fitEntropyModel(createSymbolHistogram([3, 2, 2])),
        plan: channelPlan([3, 2, 2], [1, 2]),
      }),
    ],
  ]);
  const digest = (name: string) => digestFile(files.get(name) ?? new Uint8Array());
  const bound = {
    latentShape: [3, 2, 2] as const,
    files: {
      'device.onnx': await digest('device.onnx'),
      'edge.onnx': await digest('edge.onnx'),
      'fallback.onnx': await digest('fallback.onnx'),
      'entropy.bin': await digest('entropy.bin'),
    },
  };
  const manifest: Manifest = {
    formatVersion: 2,
    modelId: await computeModelId(bound),
    name: 'test',
    network: 'resnet50',
    split: 'conv4_x',
    tail: 'stock',
    teacher: 'linear',
    classes: ['ant', 'bee'],
    preprocessing: { shorterSide: 256, crop: 224, colour: 'rgb' },
    quantizer: { kind: 'uniform', bits: 4 },
    chunks: 2,
    parameterSets: 1,
    feature: { shape: [1024, 14, 14], bytes: 802_816, readBytes: 200_704 },
    curve: [{ budgetBytes: 1000, frameBytes: { mean: 400.5, max: 900 }, accuracy: 0.9, agreement: 0.95 }],
    fallback: { temperature: 1.2, accuracy: 0.7, expectedCalibrationError: 0.02 },
    dataSplit: { protocol: 'folder', seed: 0, hash: 'abc', trainImages: 8, testImages: 2 },
    licence: 'Apache-2.0',
    sources: [{ name: 'Caltech-101', licence: 'CC BY 4.0', url: 'https://example.org', what: 'training images' }],
    ...bound,
  };
  files.set('manifest.json', bytesOf(serializeManifest(manifest)));
  return { files, manifest };
}

const readerOf = (files: ReadonlyMap<string, Uint8Array>) => async (name: string) => {
  const bytes = files.get(name);
  if (bytes === undefined) throw new Error(`no such file, open '${name}'`);
  return bytes;
};

async function rejection(files: ReadonlyMap<string, Uint8Array>): Promise<unknown> {
  return readSplitModel(readerOf(files)).then(
    () => expect.unreachable('the model was accepted'),
    (error: unknown) => error,
  );
}

test('reads what was written', async () => {
  const { files, manifest } = await makeModel();
  const model = await readSplitModel(readerOf(files));
  expect(model.manifest).toEqual(manifest);
  expect(model.layout.plan).toEqual(channelPlan([3, 2, 2], [1, 2]));
  expect(await model.readGraph('edge')).toEqual(bytesOf('edge'));
});

test('the model id follows from files and latent shape, in any order of files', async () => {
  const { manifest } = await makeModel();
  const { modelId, files, latentShape } = manifest;
  const reversed = Object.fromEntries(Object.entries(files).reverse()) as unknown as Manifest['files'];
  expect(await computeModelId({ files: reversed, latentShape })).toBe(modelId);
  expect(await computeModelId({ files: { ...files, 'edge.onnx': files['device.onnx'] }, latentShape })).not.toBe(
    modelId,
  );
  expect(await computeModelId({ files, latentShape: [3, 4, 1] })).not.toBe(modelId);
});

test.each(['manifest.json', 'entropy.bin'])('a missing %s is named, with the remedy', async (name) => {
  const { files } = await makeModel();
  files.delete(name);
  const error = await rejection(files);
  expect(error).toBeInstanceOf(ModelError);
  expect(String(error)).toContain(`${name} of the split model cannot be read`);
  expect(String(error)).toContain('aecnn build');
});

test('a damaged graph is refused when it is read', async () => {
  const { files } = await makeModel();
  const model = await readSplitModel(readerOf(files));
  files.set('device.onnx', bytesOf('devicE'));
  await expect(model.readGraph('device')).rejects.toThrow(/device\.onnx is damaged: its sha256/);
  files.set('device.onnx', bytesOf('dev'));
  await expect(model.readGraph('device')).rejects.toThrow('device.onnx has 3 bytes, manifest.json says 6');
});

test('a manifest that does not fit its files is refused: frames would decode to nonsense', async () => {
  const { files, manifest } = await makeModel();
  files.set('manifest.json', bytesOf(JSON.stringify({ ...manifest, latentShape: [3, 4, 1] })));
  expect(String(await rejection(files))).toContain('manifest.json was changed');
  files.set('manifest.json', bytesOf(JSON.stringify({ ...manifest, chunks: 3 })));
  expect(String(await rejection(files))).toContain('12 latent elements in 2 chunks, manifest.json says 12 in 3');
});

test.each([
  ['{', 'not JSON'],
  ['{}', 'no formatVersion'],
  ['null', 'no formatVersion'],
  ['{"formatVersion": 1}', 'format version 1, this aecnn reads 2'],
  ['{"formatVersion": 2}', 'is wrong at modelId'],
])('the manifest %s is refused: %s', (json, sentence) => {
  expect(() => parseManifest(json)).toThrow(ModelError);
  expect(() => parseManifest(json)).toThrow(sentence);
});

test('a wrong field is named', async () => {
  const { manifest } = await makeModel();
  const wrong = (change: object) => () => parseManifest(JSON.stringify({ ...manifest, ...change }));
  expect(wrong({ split: 'conv9_x' })).toThrow('is wrong at split');
  expect(wrong({ chunks: 256 })).toThrow('is wrong at chunks');
  expect(wrong({ curve: [] })).toThrow('is wrong at curve');
  expect(wrong({ files: { ...manifest.files, 'edge.onnx': { bytes: 4, sha256: 'x' } } })).toThrow(
    'files.edge.onnx.sha256',
  );
});

test('fields of a later writer are left out', async () => {
  const { manifest } = await makeModel();
  expect(parseManifest(JSON.stringify({ ...manifest, later: 1 }))).toEqual(manifest);
});

test('describes what a user wants to know', async () => {
  const { manifest } = await makeModel();
  expect(Object.keys(describeModel(manifest))).toEqual([
    'modelId',
    'network',
    'split',
    'tail',
    'classes',
    'latentShape',
    'licence',
    'sources',
    'curve',
  ]);
});
