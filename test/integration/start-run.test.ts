/** The main job with a tiny model: real processes, a real link, the report. */

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ModelError } from '../../src/core/errors.ts';
import type { FixedLinkSpec } from '../../src/core/link/index.ts';
import {
  defaultQualities,
  prepareModels,
  provenance,
  type RunStartOptions,
  runStart,
  type StartMeasurement,
  startResult,
  writeReport,
} from '../../src/lab/experiments/index.ts';
import { onnxModel } from '../fixtures/onnx-graph.ts';
import { writeTinySplitModel } from '../fixtures/tiny-split-model.ts';

let folder = '';
let options: RunStartOptions;
let measurement: StartMeasurement;
const seen: string[] = [];
/** Three processes start for each run; on a machine that is busy otherwise that takes its time. */
const busyMachineMs = 180_000;
vi.setConfig({ testTimeout: busyMachineMs });

const link: FixedLinkSpec = { kind: 'fixed', rateBitsPerSecond: 1e6, roundTripMs: 40 };
const colours = { red: [210, 20, 20], green: [20, 200, 20], blue: [20, 20, 210] } as const;

const image = { name: 'image', dtype: 'uint8', shape: ['N', 224, 224, 3] } as const;
const featureMap = { name: 'feature_map', dtype: 'float32', shape: ['N', 3, 7, 7] } as const;
const logits = { name: 'logits', dtype: 'float32', shape: ['N', 3] } as const;
const frontNodes = [
  { op: 'Cast', inputs: ['image'], outputs: ['float_image'], attributes: { to: 1 } },
  { op: 'Transpose', inputs: ['float_image'], outputs: ['planes'], attributes: { perm: [0, 3, 1, 2] } },
  {
    op: 'AveragePool',
    inputs: ['planes'],
    outputs: ['feature_map'],
    attributes: { kernel_shape: [32, 32], strides: [32, 32] },
  },
];
const tailNodes = [
  { op: 'ReduceMean', inputs: ['feature_map'], outputs: ['logits'], attributes: { axes: [2, 3], keepdims: 0 } },
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-start-'));
  const models = {
    splitFolder: await writeTinySplitModel({}, join(folder, 'split')),
    networkGraph: join(folder, 'network.onnx'),
    featureMapGraph: join(folder, 'feature-map.onnx'),
    tailGraph: join(folder, 'tail.onnx'),
  };
  await writeFile(
    models.networkGraph,
    onnxModel({ inputs: [image], outputs: [logits], nodes: [...frontNodes, ...tailNodes] }),
  );
  await writeFile(models.featureMapGraph, onnxModel({ inputs: [image], outputs: [featureMap], nodes: frontNodes }));
  await writeFile(models.tailGraph, onnxModel({ inputs: [featureMap], outputs: [logits], nodes: tailNodes }));

  const samplesFolder = join(folder, 'samples');
  for (const [label, [r, g, b]] of Object.entries(colours)) {
    await mkdir(join(samplesFolder, label), { recursive: true });
    const picture = sharp({ create: { width: 300, height: 260, channels: 3, background: { r, g, b } } });
    await picture.jpeg().toFile(join(samplesFolder, label, 'one.jpg'));
  }
  options = {
    models,
    samplesFolder,
    link,
    qualities: defaultQualities,
    rawPictures: 2,
    threads: 1,
    onPicture: ({ name }) => seen.push(name),
  };
  measurement = await runStart(options);
}, busyMachineMs);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the measurement', () => {
  test('every method answers every picture, the raw map two', () => {
    expect(seen).toEqual(['blue/one.jpg', 'green/one.jpg', 'red/one.jpg']);
    const { aecnn, jpeg, webp, alone, raw } = measurement.methods;
    for (const method of [aecnn, jpeg, webp, alone]) expect(method).toMatchObject({ n: 3, accuracy: 1 });
    expect(raw).toMatchObject({ n: 2, accuracy: 1, sentBytes: { mean: 588, max: 588 } });
  });

  test('the bytes are those that crossed the link', () => {
    for (const { answers } of measurement.pictures) {
      for (const answer of [answers.aecnn, answers.jpeg, answers.webp]) {
        // The envelope is 12 bytes, the WebSocket header of a masked message 6 or 8.
        const around = (answer?.linkBytes ?? 0) - (answer?.sentBytes ?? 0);
        expect(around).toBeGreaterThanOrEqual(18);
        expect(around).toBeLessThanOrEqual(20);
      }
      expect(answers.alone).toMatchObject({ sentBytes: 0, linkBytes: 0, via: 'device' });
      expect(answers.aecnn).toMatchObject({ via: 'edge' });
    }
  });

  test('the link takes its time, and the parts sum to the total', () => {
    for (const { answers } of measurement.pictures) {
      for (const answer of Object.values(answers)) {
        const { device, link: linkMs, edge, total } = answer.timeMs;
        expect(device + linkMs + edge).toBeCloseTo(total, 6);
        if (answer.via === 'device') continue;
        expect(linkMs).toBeGreaterThanOrEqual(40 + (8000 * answer.linkBytes) / 1e6 - 0.01);
      }
    }
  });
});

describe('the report', () => {
  test('is whole in itself and holds the plots, the table and the pictures', async () => {
    const circumstances = {
      provenance: await provenance('aecnn start'),
      seconds: 3,
      link,
      qualities: defaultQualities,
    };
    const result = startResult(measurement, circumstances);
    const written = await writeReport(join(folder, 'out'), result, measurement.pictures);
    expect((await readdir(join(folder, 'out'))).sort()).toEqual(['report.html', 'result.json']);
    const html = await readFile(written.report, 'utf8');
    expect(html.match(/<svg/g)).toHaveLength(3);
    expect(html.match(/data:image\/jpeg;base64/g)).toHaveLength(3);
    expect(html).toContain('1 Mbit/s up, downlink not limited, 40 ms round trip');
    expect(html).not.toMatch(/(src|href)="http|undefined|NaN/);
    const json = JSON.parse(await readFile(written.result, 'utf8'));
    expect(json).toMatchObject({
      formatVersion: 2,
      provenance: {
        command: 'aecnn start',
        versions: { node: process.versions.node, sharp: expect.stringMatching(/^\d/) },
      },
      link: { kind: 'fixed', rateBitsPerSecond: 1_000_000, roundTripMs: 40 },
      methods: { aecnn: { n: 3, answeredWithin: { 100: expect.any(Number), 200: expect.any(Number) } } },
    });
    expect(json.pictures).toHaveLength(3);
  });
});

describe('trouble', () => {
  test('a stop ends the processes and gives its reason', async () => {
    const stop = new AbortController();
    const reason = new Error('stopped');
    const run = runStart({ ...options, signal: stop.signal, onPicture: () => stop.abort(reason) });
    await expect(run).rejects.toBe(reason);
  });

  test('a stop while the processes start', async () => {
    const stop = new AbortController();
    const run = runStart({ ...options, signal: stop.signal, onPhase: () => stop.abort(new Error('at once')) });
    await expect(run).rejects.toThrow('at once');
  });

  test('a graph that is missing is the fault of the process that needs it', async () => {
    const models = { ...options.models, tailGraph: join(folder, 'nowhere.onnx') };
    await expect(runStart({ ...options, models })).rejects.toThrow(/the edge process failed: .*ENOENT/);
  });

  test('samples that are missing, empty or of an unknown class', async () => {
    const at = (samplesFolder: string) => runStart({ ...options, samplesFolder });
    await expect(at(join(folder, 'nowhere'))).rejects.toThrow('give one with --samples');
    await mkdir(join(folder, 'empty'));
    await expect(at(join(folder, 'empty'))).rejects.toThrow('holds no pictures');
    await mkdir(join(folder, 'odd', 'purple'), { recursive: true });
    await writeFile(join(folder, 'odd', 'purple', 'one.jpg'), '');
    await expect(at(join(folder, 'odd'))).rejects.toThrow('the model has no class "purple"');
  });

  test('trained tensors that are missing or none', async () => {
    const prepare = (model: string) =>
      prepareModels({ model, cacheFolder: folder, weightsFolder: () => Promise.reject(new Error('not asked')) });
    await expect(prepare(join(folder, 'nowhere'))).rejects.toThrow(/there are no trained tensors at .*nowhere/);
    await expect(prepare(options.models.splitFolder)).rejects.toThrow(/no trained tensors at .*trained\.safetensors/);
    await expect(prepare(options.models.networkGraph)).rejects.toThrow(ModelError);
  });
});
