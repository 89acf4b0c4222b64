/** The report of the main job: one HTML file that needs nothing else, in light and dark. */

import { accuracyAgainstBytes, answeredInTime, latencyParts, methodColours } from './charts.ts';
import { type MethodName, methodNames } from './methods.ts';
import { reportStyle } from './report-style.ts';
import { describeLink, methodLabels, type StartResult } from './start-result.ts';
import { deadlinesMs, type MarkedAnswer } from './summary.ts';

/** Small pictures for the report: data URIs by the name of the picture. */
export type Thumbnails = ReadonlyMap<string, string>;

const percent = (share: number) => `${(100 * share).toFixed(share === 1 || share === 0 ? 0 : 1)} %`;
const integer = (value: number) => Math.round(value).toLocaleString('en');
const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (character) => escapes[character] ?? character);

/** Renders the report. */
export async function renderReport(result: StartResult, thumbnails: Thumbnails): Promise<string> {
  const { model, pictures } = result;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>AECNN over a slow link</title>
<style>${reportStyle}</style>
</head>
<body>
<main>
<h1>ResNet-50 on the far side of a slow link</h1>
<p class="lead">${pictures.length} pictures, a device and an edge in separate processes, and between them a link of
${escaped(describeLink(result.link))}. Model <code>${escaped(model.name)}</code> (${escaped(model.modelId)}), split after ${model.split},
${model.classes} classes.</p>
${highlights(result)}
<h2>The same pictures, sent in different ways</h2>
<div class="scroll">${methodTable(result)}</div>
<h2>Right answers against bytes</h2>
<figure>${await accuracyAgainstBytes(result)}</figure>
<h2>Where the time goes</h2>
<figure>${await latencyParts(result)}</figure>
<p class="note">${rawNote(result)}Link time is the device's wait minus what the edge reports as its own: each clock is only compared with itself.</p>
<h2>Answers by a deadline</h2>
<figure>${await answeredInTime(result)}</figure>
<h2>The pictures</h2>
<p class="note">Answer by AECNN; the marks below are ${legend(result)}.</p>
<div class="grid">${pictures.map((picture) => card(result, picture, thumbnails)).join('\n')}</div>
<h2>How it was measured</h2>
${method(result)}
${provenanceTable(result)}
</main>
</body>
</html>
`;
}

function highlights({ methods: { aecnn, jpeg }, model }: StartResult): string {
  if (aecnn === undefined) return '';
  const facts = [
    [`${integer(aecnn.sentBytes.mean)} bytes`, `a picture on average, at most ${integer(aecnn.sentBytes.max)}`],
    [
      `${integer(model.compressionRatio)}x`,
      `smaller than the float32 feature map of ${integer(model.featureBytes)} bytes, of which the network reads ${integer(model.readFeatureBytes)}`,
    ],
    [
      `${aecnn.right} of ${aecnn.n}`,
      `right${jpeg ? `; the whole network on JPEG pictures: ${jpeg.right} of ${jpeg.n}` : ''}`,
    ],
    [
      `${integer(aecnn.latencyMs.p50)} ms`,
      `to the answer (median)${jpeg ? `; with JPEG ${integer(jpeg.latencyMs.p50)} ms` : ''}`,
    ],
  ];
  return `<div class="facts">${facts.map(([value, what]) => `<div><b>${value}</b><span>${what}</span></div>`).join('')}</div>`;
}

function methodTable(result: StartResult): string {
  const labels = methodLabels(result.qualities);
  const rows = methodNames.flatMap((name) => {
    const summary = result.methods[name];
    if (summary === undefined) return [];
    const { n, right, accuracy, sentBytes, latencyMs, answeredWithin } = summary;
    const cells = [
      `${percent(accuracy)} <small>${right}/${n}</small>`,
      integer(sentBytes.mean),
      integer(latencyMs.p50),
      integer(latencyMs.p95),
      ...deadlinesMs.map((ms) => percent(answeredWithin[ms] ?? 0)),
    ];
    const few = n < result.pictures.length ? ` <small>n = ${n}</small>` : '';
    return [
      `<tr><th scope="row">${dot(name)}${labels[name]}${few}</th>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`,
    ];
  });
  const heads = ['accuracy', 'mean bytes', 'p50 ms', 'p95 ms', ...deadlinesMs.map((ms) => `within ${ms} ms`)];
  return `<table><thead><tr><th></th>${heads.map((head) => `<th scope="col">${head}</th>`).join('')}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

const dot = (name: MethodName) => `<i class="dot" style="background:${methodColours[name]}"></i>`;

function rawNote({ methods: { raw } }: StartResult): string {
  return raw === undefined
    ? ''
    : `The raw feature map takes ${(raw.latencyMs.p50 / 1000).toFixed(1)} s and is left out of this plot and the next. `;
}

function legend(result: StartResult): string {
  const labels = methodLabels(result.qualities);
  return methodNames
    .filter((name) => result.methods[name] !== undefined)
    .map((name) => `${dot(name)}${labels[name]}`)
    .join(', ');
}

function card(result: StartResult, picture: StartResult['pictures'][number], thumbnails: Thumbnails): string {
  const { image, label, answers } = picture;
  const { aecnn } = answers;
  const labels = methodLabels(result.qualities);
  const marks = methodNames.flatMap((name) => {
    const answer = answers[name];
    if (answer === undefined) return [];
    const title = `${labels[name]}: ${answer.top[0]?.label ?? 'nothing'}, ${integer(answer.sentBytes)} bytes, ${integer(answer.timeMs.total)} ms`;
    return [`<span title="${escaped(title)}" style="color:${methodColours[name]}">${answer.right ? '✓' : '✗'}</span>`];
  });
  const source = thumbnails.get(image);
  return `<div class="card">
${source === undefined ? '' : `<img src="${source}" alt="${escaped(label)}" width="112" height="112">`}
<b class="${aecnn?.right ? 'right' : 'wrong'}">${escaped(answerText(aecnn, label))}</b>
<small>${aecnn === undefined ? '' : `${integer(aecnn.sentBytes)} bytes, ${integer(aecnn.timeMs.total)} ms`}</small>
<div class="verdicts">${marks.join('')}</div>
</div>`;
}

function answerText(answer: MarkedAnswer | undefined, label: string): string {
  const said = (answer?.top[0]?.label ?? 'no answer').replaceAll('_', ' ');
  return answer?.right ? said : `${said} (is ${label.replaceAll('_', ' ')})`;
}

function method({ qualities, methods, link, model }: StartResult): string {
  const points = [
    `The link is a proxy in a process of its own that holds real bytes back: ${describeLink(link)}. Packets of at most 1,500 bytes; TCP's slow start, losses and header bytes are not part of it, which favours the large messages.`,
    `Device and edge run on the processor named below, one picture at a time, so each has all of it while it computes. A weaker device adds to every bar's device part but JPEG's and WebP's, which only encode.`,
    `All methods start from the same decoded and resized 224 x 224 pixels; reading and resizing the file is common to all and left out. Each keeps one warm connection, answers two pictures (the raw map one) before anything is timed, and uses the same message envelope; the methods take turns picture by picture.`,
    `AECNN: the frame, all of it counted. JPEG and WebP: those pixels encoded by sharp at quality ${qualities.jpeg} and ${qualities.webp} with its default settings; the edge decodes them and runs the whole uncompressed network with the same classifier. A lower quality sends fewer bytes and costs accuracy (--jpeg-quality, --webp-quality).`,
    `No sending: the device's own small classifier on the features that it has computed anyway. Raw float32 map: the whole feature map of ${integer(model.featureBytes)} bytes at the split point, of which the rest of the network reads only ${integer(model.readFeatureBytes)}${methods.raw === undefined ? '' : `; n = ${methods.raw.n}, as each takes seconds`}.`,
    `p50 and p95 interpolate linearly between the order statistics of n pictures. ${methods.aecnn?.n ?? 0} pictures show that the chain works; they are too few to compare accuracies that are close.`,
  ];
  return `<ul>${points.map((point) => `<li>${point}</li>`).join('\n')}</ul>`;
}

function provenanceTable({ provenance, runtime, seconds }: StartResult): string {
  const { date, command, commit, sourceTree, versions, machine } = provenance;
  const rows: readonly (readonly [string, string])[] = [
    ['command', command],
    ['date', date],
    ['commit', commit ?? 'unknown'],
    ['tree of src/', sourceTree ?? 'unknown'],
    ['versions', [...Object.entries(versions).map(([name, version]) => `${name} ${version}`)].join(', ')],
    ['graphs run by', runtime],
    ['machine', `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GiB, ${machine.os}`],
    ['whole job', `${seconds.toFixed(0)} s`],
  ];
  return `<table class="provenance"><tbody>${rows.map(([name, value]) => `<tr><th scope="row">${name}</th><td>${escaped(value)}</td></tr>`).join('')}</tbody></table>`;
}
