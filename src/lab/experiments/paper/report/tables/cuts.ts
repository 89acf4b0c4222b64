/** What was cut from the experiment so that one machine can run it, and why. */

import { splitPoints } from '../../../../../core/model/index.ts';
import { listed, percent, thousands } from '../../../markdown.ts';
import { adaptedBudgets, paperGrid, type TunedAt, type TunedMethod, tunedAt } from '../../grid.ts';
import { methodTrials } from '../../learning-rate-trials.ts';
import { largerSides } from '../../pictures/choose-adapted-codec.ts';
import { triedFormats } from '../../pictures/codecs-to-adapt.ts';
import { defaultPictureGrid, filledShare } from '../../pictures/picture-choice.ts';
import { encoderSettings } from '../../pictures/picture-codecs.ts';
import { paperProtocol } from '../../protocol.ts';
import { expectedIds, type PaperResults, protocolOf, seeds, sizeText } from '../report-data.ts';
import { tunedNames } from './learning-rates.ts';

/** Hours that the whole grid was meant to take, on two cores. */
const meantHours = 15;

/** One item for each cut; figures come from the result files, or from the tables that the runs read. */
export function cutsText(results: PaperResults): string {
  const cuts = [
    trainingCut(results),
    epochCut(results),
    learningRateCut(results),
    codecCut(),
    adaptedCut(),
    gridCut(),
    timeCut(results),
    wholeCut(results),
  ];
  return cuts.map((cut) => `- ${cut}`).join('\n');
}

function trainingCut(results: PaperResults): string {
  const protocol = protocolOf(results);
  const lead = '**Training pictures.**';
  if (protocol === undefined) return `${lead} Not known before the first run.`;
  const { trainPerClass, trainImages, compressorImages, validationImages } = protocol;
  const held = `${thousands(validationImages)} more are the validation part`;
  if (trainPerClass === undefined) return `${lead} None cut: all ${thousands(trainImages)} are used; ${held}.`;
  return (
    `${lead} The teacher learns from all ${thousands(trainImages)}, compressors and tails from ${trainPerClass} of each ` +
    `class, ${thousands(compressorImages)} in all; ${held}. 15 and 30 of each class are the classic ` +
    'sizes for Caltech-101; with all of them the grid would take days on this machine (an estimate).'
  );
}

/** Whether a training of BottleNet++ was cut before validation stopped rising. */
function epochCut(results: PaperResults): string {
  const { mostUntilPlateau, decay } = (protocolOf(results) ?? paperProtocol).epochs;
  const rows = [...results.values()].filter(({ method }) => method === 'bottlenet');
  const cut = rows.filter(({ history }) => {
    return history.filter(({ step }) => step === 'compressor').length >= mostUntilPlateau + decay;
  });
  const most = `**Epochs of BottleNet++.** At most ${mostUntilPlateau} before its learning rate falls;`;
  if (cut.length === 0) {
    if (rows.length === 0) return `${most} none was trained yet.`;
    const epochs = rows.map(({ history }) => history.filter(({ step }) => step === 'compressor').length);
    const fewest = Math.min(...epochs);
    const first = epochs.filter((count) => count === fewest).length;
    return (
      `${most} validation stopped rising before that in all ${rows.length} rows that were run. The shortest, ` +
      `${first} of them, took ${fewest} epochs with those of the falling rate.`
    );
  }
  return `${most} so many were needed, and more may have helped, in ${listed(cut.map(({ id }) => `\`${id}\``))}.`;
}

function learningRateCut(results: PaperResults): string {
  const protocol = protocolOf(results);
  const { learningRateShare } = protocol ?? paperProtocol;
  const share = protocol && protocol.compressorImages / (protocol.trainImages + protocol.validationImages);
  const methods = Object.keys(methodTrials) as TunedMethod[];
  const tried = methods.map((of) => {
    const { rates, at = [] } = methodTrials[of];
    const other = at.map(({ split, size, ...trials }) => {
      const parts = [
        ...(trials.rates ? [listed(trials.rates.map(String))] : []),
        ...(trials.onShare ? [`on ${percent(learningRateShare, 0)} of those pictures`] : []),
        ...(trials.epochs === undefined ? [] : [`compared after ${trials.epochs} epochs`]),
      ];
      return `; at ${size ? placeText({ split, size }) : split} ${parts.join(', ')}`;
    });
    return `${listed(rates.map(String))} for ${tunedNames[of]} (at ${listed(tunedAt[of].map(placeText))}${other.join('')})`;
  });
  return (
    '**Learning rates.** All with seed 0, on the pictures that compressors learn from' +
    `${share === undefined ? '' : `, ${percent(share, 0)} of the training part`}, and, where nothing else is said, to the end of ` +
    `a training: ${tried.join('; ')}. The best one is used for all seeds; where a split point or size has none of ` +
    'its own, it takes the nearest: conv3_x that of conv2_x, 256x that of the packet. With erasures, with distillation in ' +
    'front of conv4_x, and in the ablations, nothing is searched again, but what starts from random values has its own.'
  );
}

const placeText = ({ split, size }: TunedAt): string => `${split} ${sizeText(size)}`;

function codecCut(): string {
  const grid = defaultPictureGrid;
  const counted = `${grid.sides.length} sides x ${grid.qualities.length} qualities`;
  return (
    `**Codec qualities.** ${counted} of each format are sampled on ${grid.sampledPictures} validation pictures, up to ` +
    `the first quality that exceeds ${thousands(Math.max(...grid.budgets))} bytes. Of each format at most ` +
    `${grid.mostCandidates} of these are answered on ${grid.validationPictures} validation pictures, and at each budget the ` +
    `${grid.filledSides} best sides at the highest quality that fits. The best one of each budget ` +
    `(${listed(grid.budgets.map(thousands))} bytes) is read on the test part; all ${grid.formats.length} formats only ` +
    `at ${listed(grid.comparedBudgets.map(thousands))} bytes. JPEG is mozjpeg's, WebP is encoded at effort ` +
    `${encoderSettings.webp.effort} of 6, AVIF at effort ${encoderSettings.avif.effort} of 9: more is many times slower.`
  );
}

function adaptedCut(): string {
  return (
    `**Adapted tails.** At ${listed(adaptedBudgets.map(thousands))} bytes. At each, tails are adapted to the codecs of the ` +
    `${triedFormats} best formats that the unchanged network answers best among those that fill at least ` +
    `${percent(filledShare, 0)} of the budget, and, in the best format, to the ${largerSides} next larger sides, all with seed ` +
    '0 and to the end; the best on the validation part is read on the test part.'
  );
}

/** Whether the grid was run in one go, and how much of it at all. */
function wholeCut(results: PaperResults): string {
  const run = expectedIds.flatMap((id) => results.get(id) ?? []);
  if (run.length < expectedIds.length) {
    return '**The grid.** It has not been run as a whole yet. What is missing is listed below.';
  }
  const parts = run.filter(({ provenance }) => provenance.command.includes(' --only ')).length;
  if (parts === 0) return `**The grid.** All ${run.length} configurations were run by a command for the whole.`;
  const days = new Set(run.map(({ provenance }) => provenance.date.slice(0, 10)));
  return (
    `**The grid.** All ${run.length} configurations were run, ${parts === run.length ? 'all' : parts} of them by commands for ` +
    `a part of the grid (\`--only\`), on ${days.size} days and with several versions of the code.`
  );
}

/** Hours that all trainings took, beside what was meant. */
function timeCut(results: PaperResults): string {
  const hours = [...results.values()].reduce((sum, { trainingSeconds }) => sum + trainingSeconds, 0) / 3600;
  const run = expectedIds.filter((id) => results.has(id)).length;
  return (
    `**Time.** Meant were ${meantHours} hours on two cores. The trainings of the ${run} of ${expectedIds.length} ` +
    `configurations that have files took ${hours.toFixed(1)} hours, most of them on one thread: two at a time, ` +
    `${(hours / 2).toFixed(1)} hours. Steps that several share are counted each time; features, validation and codecs are not.`
  );
}

function gridCut(): string {
  const fineTuned = new Set(
    paperGrid().flatMap((one) => (one.method === 'aecnn' && one.fineTune && !one.variation ? [one.split] : [])),
  );
  const erasure = paperGrid().flatMap((one) =>
    one.method === 'bottlenet' && one.erasureProbability !== undefined ? [`${one.split}, ${one.size}`] : [],
  );
  const lastSeed = Math.max(...seeds);
  const ofAllSeeds = expectedIds
    .filter((id) => id.endsWith(`-seed${lastSeed}`))
    .map((id) => id.slice(0, -'-seed0'.length));
  return (
    `**Rows.** The tail is fine-tuned at ${listed(splitPoints.filter((split) => fineTuned.has(split)))} only. ` +
    `BottleNet++ is trained with erasures at ${listed(erasure)} only. ${seeds.length} seeds have ` +
    `${listed(ofAllSeeds.map((id) => `\`${id}\``))}; all others have one.`
  );
}
