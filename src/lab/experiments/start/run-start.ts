/**
 * The main job: a device, a slow link and an edge, each in a process of its own, and real pictures sent in several ways.
 *
 *     this process ──IPC──► device ══TCP══► link proxy ══TCP══► edge
 *
 * One picture is under way at a time; the methods take turns picture by picture, so that whatever else the machine does
 * meets them all alike. Each method answers one or two pictures before anything is timed.
 */

import { type FixedLinkSpec, formatLinkSpec } from '../../../core/link/index.ts';
import type { Manifest } from '../../../core/model/index.ts';
import type { LinkProxyHandlers } from '../link-proxy-process.ts';
import type { Handlers } from '../process-child.ts';
import { type Child, startChild } from '../process-parent.ts';
import type { DeviceHandlers } from './device-process.ts';
import type { EdgeHandlers } from './edge-process.ts';
import { type CodecQualities, type MethodName, methodNames } from './methods.ts';
import { type PreparedModels, readManifest } from './prepare-models.ts';
import { listSamples, type Sample } from './samples.ts';
import { type MarkedAnswer, type MethodSummary, summarize } from './summary.ts';

/** Options of {@link runStart}. */
export interface RunStartOptions {
  readonly models: PreparedModels;
  readonly samplesFolder: string;
  readonly link: FixedLinkSpec;
  readonly qualities: CodecQualities;
  /** Pictures whose raw feature map is sent, since each takes seconds. */
  readonly rawPictures: number;
  /** Threads of one op on each side; all cores when left out. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** Told what happens before the first picture. */
  readonly onPhase?: (what: string) => void;
  /** Told each picture once all methods have answered it. */
  readonly onPicture?: (picture: PictureResult) => void;
}

/** One picture with the answers of all methods. */
export interface PictureResult extends Sample {
  readonly answers: Readonly<Partial<Record<MethodName, MarkedAnswer>>>;
}

/** What the experiment found. */
export interface StartMeasurement {
  readonly manifest: Manifest;
  /** Name and version of what runs the graphs. */
  readonly runtime: string;
  readonly pictures: readonly PictureResult[];
  readonly methods: Readonly<Partial<Record<MethodName, MethodSummary>>>;
}

/**
 * Runs the experiment. The processes are gone when it settles, however it does.
 *
 * @throws {@link AecnnError} what a process found wrong; the signal's reason when it was aborted.
 */
export async function runStart(options: RunStartOptions): Promise<StartMeasurement> {
  const { models, samplesFolder, rawPictures, signal, onPhase, onPicture } = options;
  const manifest = await readManifest(models.splitFolder);
  const samples = await listSamples(samplesFolder, manifest.classes);
  onPhase?.('starting the edge, the link and the device, each a process of its own');

  const stop = { ...(signal && { signal }) };
  const child = <H extends Handlers>(entry: string, name: string): Child<H> =>
    startChild<H>(new URL(entry, import.meta.url), { name, ...stop });
  await using edge = child<EdgeHandlers>('./edge-process', 'the edge process');
  await using proxy = child<LinkProxyHandlers>('../link-proxy-process', 'the link process');
  await using device = child<DeviceHandlers>('./device-process', 'the device process');
  const { runtime } = await connect(edge, proxy, device, options, manifest);

  const measure = async (sample: Sample, method: MethodName): Promise<MarkedAnswer> => {
    const before = await proxy.call('count', null);
    const answer = await device.call('infer', { method, path: sample.path });
    const after = await proxy.call('count', null);
    return { ...answer, right: answer.top[0]?.label === sample.label, linkBytes: after.upBytes - before.upBytes };
  };

  onPhase?.('warming up: every method answers a picture or two untimed');
  for (const sample of samples.slice(0, 2)) {
    for (const method of methodNames) {
      // One raw map is enough, it takes seconds.
      if (method !== 'raw' || (rawPictures > 0 && sample === samples[0])) await measure(sample, method);
    }
  }

  const pictures: PictureResult[] = [];
  for (const [i, sample] of samples.entries()) {
    const inTurn = methodNames.map((_, turn) => methodNames[(turn + i) % methodNames.length] as MethodName);
    const answers: Partial<Record<MethodName, MarkedAnswer>> = {};
    for (const method of inTurn) {
      if (method !== 'raw' || i < rawPictures) answers[method] = await measure(sample, method);
    }
    const picture = { ...sample, answers };
    pictures.push(picture);
    onPicture?.(picture);
  }
  return { manifest, runtime, pictures, methods: summaries(pictures) };
}

async function connect(
  edge: Child<EdgeHandlers>,
  proxy: Child<LinkProxyHandlers>,
  device: Child<DeviceHandlers>,
  { models, link, qualities, threads }: RunStartOptions,
  manifest: Manifest,
): Promise<{ readonly runtime: string }> {
  const threading = { ...(threads !== undefined && { threads }) };
  const { port, baselinePort } = await edge.call('open', { models, ...threading });
  const targets = [port, baselinePort].map((targetPort) => ({ host: '127.0.0.1', port: targetPort }));
  const { ports } = await proxy.call('open', { link: formatLinkSpec(link), targets });
  const [edgePort = 0, baselineProxyPort = 0] = ports;
  const timeoutMs = longestTransferMs(link, manifest.feature.bytes);
  return device.call('open', {
    models,
    edgePort,
    baselinePort: baselineProxyPort,
    qualities,
    timeoutMs,
    ...threading,
  });
}

/** Long enough for the largest message, with room for a busy machine. */
function longestTransferMs({ rateBitsPerSecond, roundTripMs }: FixedLinkSpec, bytes: number): number {
  const sendingMs = (8000 * bytes) / rateBitsPerSecond;
  return Math.ceil(2 * sendingMs + roundTripMs + 20_000);
}

function summaries(pictures: readonly PictureResult[]): Partial<Record<MethodName, MethodSummary>> {
  const found: Partial<Record<MethodName, MethodSummary>> = {};
  for (const method of methodNames) {
    const answers = pictures.flatMap(({ answers: { [method]: answer } }) => answer ?? []);
    if (answers.length > 0) found[method] = summarize(answers);
  }
  return found;
}
