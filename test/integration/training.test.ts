/**
 * From pictures to a split model, through the command line: train (killed and resumed, and once more from nothing), evaluate, info,
 * build, encode, decode; with the real weights of ResNet-50 and three classes of drawn pictures.
 */

import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fetchBackbone, fetchTimeoutMs, testCacheFolder } from '../fixtures/backbone-weights.ts';
import { writePictureFolder } from '../fixtures/pictures.ts';
import { type CommandResult, runAecnn, startCommand } from './command-line.ts';

let folder = '';
let missing: string | undefined;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-training-'));
  const found = await fetchBackbone();
  if ('missing' in found) missing = found.missing;
  await writePictureFolder(at('pictures'), { perClass: 8 });
}, 60_000 + fetchTimeoutMs);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A cache of its own whose packages are those of the user's cache. */
async function freshCache(name: string): Promise<string> {
  await mkdir(at(name));
  await symlink(join(testCacheFolder, 'packages'), join(at(name), 'packages'));
  return at(name);
}

const trainArguments = (out: string, cache: string, ...more: string[]) => [
  ...['train', '--data', at('pictures'), '--split', 'conv4_x', '--out', out, '--cache', cache, '--name', 'drawn'],
  ...['--latent-channels', '20', '--selected-channels', '32', '--frame-bytes', '200', '--threads', '2', '--json'],
  ...['--epochs', '2', '--reconstruction-epochs', '2', '--attention-epochs', '2', ...more],
];

function parsed<T>({ exitCode, stdout, stderr }: CommandResult): T {
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout) as T;
}

interface TrainReport {
  readonly modelId: string;
  readonly steps: readonly { readonly step: string; readonly resumed: boolean }[];
  readonly curve: readonly { readonly budgetBytes: number }[];
}

const sha256 = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

describe('a model trained on drawn pictures', { timeout: 240_000 }, () => {
  let trained: TrainReport;
  beforeEach((context) => {
    if (missing) context.skip(missing);
  });

  test('a training that is stopped leaves nothing at --out, and goes on where it was', async () => {
    const cache = await freshCache('cache-a');
    const { child, result } = startCommand(...trainArguments(at('model'), cache));
    // The attention's line says that two steps are done; the compressor is under way.
    await Promise.race([
      new Promise<void>((resolve) => {
        let stderr = '';
        child.stderr?.on('data', (chunk) => {
          stderr += chunk;
          if (stderr.includes('attention: accuracy')) resolve();
        });
      }),
      result.then((ended) => Promise.reject(new Error(`the training ended: ${ended.stderr}`))),
    ]);
    child.kill('SIGINT');
    const stopped = await result;
    expect(stopped).toMatchObject({ exitCode: 130, stdout: '' });
    expect(stopped.stderr).not.toMatch(/error|at .*\.ts/);
    expect((await readdir(folder)).sort()).toEqual(['cache-a', 'pictures']);

    trained = parsed(await runAecnn(...trainArguments(at('model'), cache)));
    expect(trained.steps.map(({ step }) => step)).toEqual([
      ...['features', 'teacher', 'attention', 'reconstruction', 'task', 'entropy', 'fallback'],
    ]);
    expect(trained.steps.filter(({ step }) => ['teacher', 'attention'].includes(step)).map((s) => s.resumed)).toEqual([
      true,
      true,
    ]);
    expect(trained.steps.find(({ step }) => step === 'task')?.resumed).toBe(false);
    expect(trained.curve.map(({ budgetBytes }) => budgetBytes)).toEqual([128, 222, 350, 600, 1200]);
    expect((await readdir(at('model'))).sort()).toEqual([
      ...['device.onnx', 'edge.onnx', 'entropy.bin', 'fallback.onnx', 'manifest.json', 'trained.safetensors'],
    ]);
  });

  test('the same seed from nothing gives the same bytes, resumed or not', async () => {
    const again: TrainReport = parsed(await runAecnn(...trainArguments(at('again'), await freshCache('cache-b'))));
    expect(again.steps.some(({ resumed }) => resumed)).toBe(false);
    expect(again.modelId).toBe(trained.modelId);
    expect(await sha256(join(at('again'), 'trained.safetensors'))).toBe(
      await sha256(join(at('model'), 'trained.safetensors')),
    );
  });

  test('--dry-run estimates and writes nothing', async () => {
    const estimate: Record<string, number> = parsed(
      await runAecnn(...trainArguments(at('never'), at('cache-never'), '--dry-run')),
    );
    const sizes = await Promise.all((await readdir(at('model'))).map((name) => stat(join(at('model'), name))));
    const modelBytes = sizes.reduce((sum, { size }) => sum + size, 0);
    expect(estimate).toMatchObject({ images: 18, threads: 2 });
    expect(estimate.seconds).toBeGreaterThan(0);
    expect(estimate.cacheBytes).toBeGreaterThan(18 * 2 * 1024 * 49);
    expect(Math.abs((estimate.modelBytes ?? 0) / modelBytes - 1)).toBeLessThan(0.1);
    expect((await readdir(folder)).filter((name) => name.includes('never'))).toEqual([]);
  });

  test('info tells what it is', async () => {
    expect(parsed(await runAecnn('info', at('model'), '--json'))).toMatchObject({
      modelId: trained.modelId,
      network: 'resnet50',
      split: 'conv4_x',
      tail: 'stock',
      classes: ['checks', 'discs', 'noise'],
      latentShape: [20, 7, 7],
    });
  });

  test('evaluate measures the test part through frames', async () => {
    const evaluation: Record<string, unknown> = parsed(
      await runAecnn('evaluate', at('model'), '--data', at('pictures'), '--bytes', '60,1200', '--json'),
    );
    const share = expect.toSatisfy((value: number) => value >= 0 && value <= 1, 'from 0 to 1');
    const point = (budgetBytes: number) => ({
      budgetBytes,
      frameBytes: { mean: expect.any(Number), max: expect.toSatisfy((bytes: number) => bytes <= budgetBytes) },
      accuracy: share,
      agreement: share,
      withoutFrame: expect.any(Number),
    });
    expect(evaluation).toEqual({
      modelId: expect.stringMatching(/^[0-9a-f]{12}$/),
      images: 6,
      accuracy: share,
      uncompressedAccuracy: share,
      fallbackAccuracy: share,
      agreement: share,
      featureBytes: 802816,
      readFeatureBytes: 200704,
      frameBytes: {
        mean: expect.any(Number),
        p50: expect.any(Number),
        p95: expect.any(Number),
        max: expect.toSatisfy((bytes: number) => bytes <= 1200, 'one packet'),
      },
      payloadBytes: { mean: expect.any(Number) },
      chunks: { mean: expect.any(Number) },
      entropyBytes: { mean: expect.any(Number) },
      compressionRatio: expect.any(Number),
      curve: [point(60), point(1200)],
    });
    // Drawn classes that a linear classifier tells apart at a glance; a third would be chance.
    expect(evaluation.uncompressedAccuracy).toBeGreaterThan(0.8);
    expect(evaluation.accuracy).toBeGreaterThan(0.6);
  });

  test('evaluate refuses pictures that it cannot tell from those of the training, unless told --all', async () => {
    await writePictureFolder(at('others'), { perClass: 2, seed: 9 });
    const refused = await runAecnn('evaluate', at('model'), '--data', at('others'));
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toMatch(/not the data set that model "drawn" was trained on.*--all/);
    const all = await runAecnn('evaluate', at('model'), '--data', at('others'), '--all', '--json');
    expect(parsed(all)).toMatchObject({ images: 6 });

    // The first class gone: the labels of the others are no longer the model's.
    await rm(join(at('others'), 'checks'), { recursive: true });
    const fewer = await runAecnn('evaluate', at('model'), '--data', at('others'));
    expect(fewer).toMatchObject({ exitCode: 2, stdout: '' });
    expect(fewer.stderr).toContain('missing checks');
    const some: { images: number; uncompressedAccuracy: number } = parsed(
      await runAecnn('evaluate', at('model'), '--data', at('others'), '--all', '--json'),
    );
    expect(some.images).toBe(4);
    expect(some.uncompressedAccuracy).toBeGreaterThanOrEqual(0.75);

    await rename(join(at('others'), 'noise'), join(at('others'), 'unheard of'));
    const unknown = await runAecnn('evaluate', at('model'), '--data', at('others'), '--all');
    expect(unknown).toMatchObject({ exitCode: 2, stdout: '' });
    expect(unknown.stderr).toContain('unknown unheard of');
  });

  test('build makes the same model from the trained tensors', async () => {
    const cache = at('cache-a');
    const built = await runAecnn('build', at('model'), '--out', at('built'), '--cache', cache, '--offline', '--json');
    expect(parsed(built)).toMatchObject({ modelId: trained.modelId });
    for (const name of await readdir(at('model'))) {
      expect(await sha256(join(at('built'), name)), name).toBe(await sha256(join(at('model'), name)));
    }
  });

  test('encode and decode a picture', async () => {
    const picture = join(at('pictures'), 'discs', 'discs-0.png');
    expect((await runAecnn('encode', at('model'), picture, '--out', at('frame.aec'))).exitCode).toBe(0);
    expect((await readFile(at('frame.aec'))).length).toBeLessThanOrEqual(1200);
    const answer: { top: readonly { label: string; probability: number }[] } = parsed(
      await runAecnn('decode', at('model'), at('frame.aec'), '--json'),
    );
    expect(answer.top).toHaveLength(3);
    expect(answer.top.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 4);
  });

  test('a fine-tuned teacher and tail: the model is one of its own', async () => {
    const cache = at('cache-b');
    const options = ['--teacher', 'fine-tuned', '--fine-tune-tail', '--epochs', '1', '--reconstruction-epochs', '1'];
    const report: TrainReport = parsed(await runAecnn(...trainArguments(at('fine'), cache, ...options)));
    expect(report.steps.map(({ step }) => step)).toContain('fine-tune');
    expect(report.modelId).not.toBe(trained.modelId);
    const manifest = JSON.parse(await readFile(join(at('fine'), 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({ tail: 'fine-tuned', teacher: 'fine-tuned' });
    const evaluated = await runAecnn('evaluate', at('fine'), '--data', at('pictures'), '--json');
    expect(parsed(evaluated)).toMatchObject({ images: 6 });
  });
});
