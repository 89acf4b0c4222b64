/**
 * Part `completion`: how long one request takes, from the decoded picture to the answer, on fixed links of every rate. No
 * deadline, and one request at a time: every picture once.
 *
 * What stands in for full offloading is the picture itself, as the smallest JPEG that is answered as well as the float map and
 * as a JPEG of quality 75 at the network's own size, and the float32 feature map, which nobody would send.
 */

import { cropSide } from '../../../../core/image/index.ts';
import { codecName, type PictureCodec } from '../../paper/pictures/picture-codecs.ts';
import type { PictureAnswers } from '../answers/prefix-answers.ts';
import type { CompletionLine, CompletionWay } from '../link-result.ts';
import { type MachineScale, machineTimes } from '../machine-times.ts';
import { smallestLosslessCodec } from '../picture-codec-choice.ts';
import { methodResult } from '../simulation/outcome.ts';
import { simulateSending } from '../simulation/simulate-sending.ts';
import { answerTo, meanBytesOf, shareRight } from './models.ts';
import { fixedLink, type LinkPart, type LinkTable, mainTable, type PartContext, pairs } from './part.ts';

/** What everybody takes for a JPEG of good quality. */
const usualJpeg: PictureCodec = { format: 'jpeg', side: cropSide, quality: 75 };

/** Between two requests: longer than any of them takes. */
const apartMs = 1e7;

/** A way with all that its time depends on but link and machines. */
interface Way extends Pick<CompletionLine, 'split' | 'codec' | 'meanBytes' | 'accuracy'> {
  readonly way: CompletionWay;
  /** Bytes to send for each picture; empty where nothing is sent. */
  readonly bytes: readonly number[];
  /** Computing before and after the link, in ms. */
  times(machine: MachineScale): { readonly deviceMs: number; readonly edgeMs: number };
}

/** The part. */
export const completionPart: LinkPart<'completion'> = {
  reads: ['ratesBitsPerSecond', 'roundTripMs', 'machines', 'seed'],
  async run(context) {
    const { grid, inTurn } = context;
    const ways = [...context.tables.flatMap(splitWays), ...(await pictureWays(context))];
    const lines = await inTurn(pairs(grid.machines, ways), async ([machine, way]): Promise<CompletionLine> => {
      const { bytes: _bytes, times: _times, ...described } = way;
      const p50Ms = grid.ratesBitsPerSecond.map((rate) => medianMs(way, machine, rate, context));
      return { ...described, ...machine, p50Ms };
    });
    return { ratesBitsPerSecond: grid.ratesBitsPerSecond, lines };
  },
};

/** What a split point brings with it: the whole frame, the whole map, and the device's own answer. */
function splitWays({ split, model, pictures, timesMs }: LinkTable): Way[] {
  const scaled = (machine: MachineScale) => machineTimes(timesMs, machine);
  const { bytes: mapBytes } = model.manifest.feature;
  const sent = (machine: MachineScale) => ({ deviceMs: scaled(machine).device, edgeMs: scaled(machine).edge });
  return [
    {
      way: 'aecnn',
      split,
      // A picture without a frame sends nothing and is left out of the median.
      bytes: pictures.flatMap(({ chunkBytes }) => chunkBytes.at(-1) ?? []),
      meanBytes: meanBytesOf(pictures),
      accuracy: shareRight(pictures, (picture) => answerTo(picture)),
      times: sent,
    },
    {
      // With AECNN's own times, compressing and restoring included: a small part of them.
      way: 'raw-map',
      split,
      bytes: [mapBytes],
      meanBytes: mapBytes,
      accuracy: uncompressedAccuracy(pictures),
      times: sent,
    },
    {
      way: 'device',
      split,
      bytes: [],
      meanBytes: 0,
      accuracy: shareRight(pictures, ({ device }) => device),
      times: (machine) => ({ deviceMs: scaled(machine).device + scaled(machine).fallback, edgeMs: 0 }),
    },
  ];
}

/** What needs no split point: pictures, and the whole network on the device. */
async function pictureWays({ tables, pictures: source }: PartContext): Promise<Way[]> {
  const { pictures, timesMs } = mainTable(tables);
  const uncompressed = uncompressedAccuracy(pictures);
  const picture = async (way: CompletionWay, codec: PictureCodec): Promise<Way> => {
    const { bytes, answers } = await source.answers(codec);
    const encodeMs = await source.encodeMs(codec);
    return {
      way,
      codec: codecName(codec),
      bytes,
      meanBytes: bytes.reduce((a, b) => a + b, 0) / bytes.length,
      accuracy: answers.filter(({ label }, i) => label === pictures[i]?.label).length / answers.length,
      times: (machine) => ({
        deviceMs: machine.deviceSlowdown * encodeMs,
        edgeMs: machineTimes(timesMs, machine).wholeOnEdge,
      }),
    };
  };
  return [
    await picture('jpeg-equal', smallestLosslessCodec(await source.selection(), 'jpeg')),
    await picture('jpeg-75', usualJpeg),
    {
      way: 'whole-device',
      bytes: [],
      meanBytes: 0,
      accuracy: uncompressed,
      times: (machine) => ({ deviceMs: machineTimes(timesMs, machine).wholeOnDevice, edgeMs: 0 }),
    },
  ];
}

/** Median time of a way at one rate. */
function medianMs({ bytes, times }: Way, machine: MachineScale, rate: number, { grid, tables }: PartContext): number {
  const { deviceMs, edgeMs } = times(machine);
  if (bytes.length === 0) return deviceMs;
  const scenario = {
    link: fixedLink(rate, grid),
    deadlineMs: Number.POSITIVE_INFINITY,
    clockStarts: 'end-to-end',
    times: machineTimes(mainTable(tables).timesMs, machine),
    requests: bytes.map((_, i) => ({ atMs: i * apartMs, picture: i })),
    warmUp: 0,
    seed: grid.seed,
  } as const;
  const outcomes = simulateSending(scenario, {
    sendables: (i) => [{ bytes: bytes[i] as number, isRight: true }],
    choose: 'blindly',
    deviceMs,
    edgeMs,
  });
  return methodResult('', outcomes).latencyMs.p50 as number;
}

const uncompressedAccuracy = (pictures: readonly PictureAnswers[]): number =>
  shareRight(pictures, ({ uncompressed }) => uncompressed);
