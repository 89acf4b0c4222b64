/**
 * The plots of the report, as SVG text through vega-lite.
 *
 * The twist: text, axes and grid are `currentColor`, so that a plot inside a page follows its light or dark scheme; the
 * colours of the methods stand out on both.
 */

import type { TopLevelSpec } from 'vega-lite';
import { chartFont, chartToSvg } from '../chart-style.ts';
import type { MethodName } from './methods.ts';
import type { StartResult } from './start-result.ts';
import { methodLabels } from './start-result.ts';

/** Colour of each method, after Okabe and Ito's palette (readable with any colour vision). */
export const methodColours: Readonly<Record<MethodName, string>> = {
  aecnn: '#0f9d76',
  jpeg: '#d9731a',
  webp: '#b65fcf',
  alone: '#8a8f98',
  raw: '#3b82d0',
};

/** Inside a page: nothing behind, and the page's own colour of text. */
const toSvg = (spec: TopLevelSpec): Promise<string> =>
  chartToSvg(spec, { background: 'transparent', ink: 'currentColor' });

function methodsOf(result: StartResult) {
  const labels = methodLabels(result.qualities);
  return (Object.keys(labels) as MethodName[]).flatMap((method) => {
    const summary = result.methods[method];
    return summary === undefined ? [] : [{ method, label: labels[method], summary }];
  });
}

function colourScale(result: StartResult) {
  const shown = methodsOf(result);
  return { domain: shown.map(({ label }) => label), range: shown.map(({ method }) => methodColours[method]) };
}

/** Accuracy against bytes; a method that sends nothing is a dashed line. */
export async function accuracyAgainstBytes(result: StartResult): Promise<string> {
  const points = methodsOf(result).map(({ method, label, summary }) => ({
    // JPEG and WebP lie close together: one label goes above its point, the other below.
    dy: method === 'jpeg' ? -14 : 20,
    label: summary.n === result.pictures.length ? label : `${label} (n = ${summary.n})`,
    method: label,
    bytes: summary.sentBytes.mean,
    accuracy: 100 * summary.accuracy,
  }));
  const sending = points.filter(({ bytes }) => bytes > 0);
  const y = { type: 'quantitative' as const, scale: { domain: [0, 112], nice: false } };
  const title = 'right answers, %';
  const color = { field: 'method', type: 'nominal', scale: colourScale(result), legend: null } as const;
  return toSvg({
    width: 760,
    height: 280,
    layer: [
      {
        data: { values: points.filter(({ bytes }) => bytes === 0) },
        layer: [
          { mark: { type: 'rule', strokeDash: [5, 4], strokeWidth: 1.5 } },
          { mark: { type: 'text', align: 'right', dy: 11, x: 'width' }, encoding: { text: { field: 'label' } } },
        ],
        encoding: { y: { ...y, field: 'accuracy', title }, color },
      },
      {
        data: { values: sending },
        layer: [
          { mark: { type: 'point', filled: true, size: 130, opacity: 1 } },
          ...([20, -14] as const).map((dy) => ({
            mark: { type: 'text' as const, dy },
            encoding: { text: { field: 'label' } },
            transform: [{ filter: `datum.dy === ${dy}` }],
          })),
        ],
        encoding: {
          x: {
            field: 'bytes',
            type: 'quantitative',
            scale: { type: 'log', domain: [100, 2_000_000] },
            axis: { format: '~s', values: [100, 1000, 10_000, 100_000, 1_000_000] },
            title: 'mean bytes sent for a picture',
          },
          y: { ...y, field: 'accuracy', title, axis: { values: [0, 20, 40, 60, 80, 100] } },
          color,
        },
      },
    ],
  });
}

/** Mean milliseconds on device, link and edge, stacked; the raw feature map is off the scale and left to the table. */
export async function latencyParts(result: StartResult): Promise<string> {
  const parts = ['device', 'link', 'edge'] as const;
  const shown = methodsOf(result).filter(({ method }) => method !== 'raw');
  const values = shown.flatMap(({ label, summary }) =>
    parts.map((part, order) => ({ label, part, order, ms: summary.partsMs[part] })),
  );
  const totals = shown.map(({ label, summary: { partsMs } }) => {
    const ms = partsMs.device + partsMs.link + partsMs.edge;
    return { label, ms, text: `${Math.round(ms)} ms` };
  });
  const y = {
    field: 'label',
    type: 'nominal',
    sort: shown.map(({ label }) => label),
    title: null,
    axis: { labelFontSize: 12, ticks: false, domain: false, labelLimit: 240, minExtent: 110 },
  } as const;
  return toSvg({
    width: 620,
    height: { step: 40 },
    layer: [
      {
        data: { values },
        mark: { type: 'bar', height: 24 },
        encoding: {
          x: { field: 'ms', type: 'quantitative', title: 'milliseconds (means)' },
          y,
          color: {
            field: 'part',
            type: 'nominal',
            scale: { domain: [...parts], range: ['#7aa6d8', '#d9a441', '#6bb38f'] },
            legend: { orient: 'top', title: null },
          },
          order: { field: 'order' },
        },
      },
      {
        data: { values: totals },
        mark: { type: 'text', align: 'left', dx: 6 },
        encoding: { x: { field: 'ms', type: 'quantitative' }, y, text: { field: 'text' } },
      },
    ],
  });
}

/** Share of pictures answered, and answered right, against the deadline. */
export async function answeredInTime(result: StartResult): Promise<string> {
  const slowest = methodsOf(result).map(({ method, summary }) => (method === 'raw' ? 0 : summary.latencyMs.p95));
  const longestMs = Math.max(600, 200 * Math.ceil(Math.max(...slowest) / 200));
  const kinds = { answered: 'answered in time', right: 'answered right in time' } as const;
  const values = methodsOf(result)
    .filter(({ method }) => method !== 'raw')
    .flatMap(({ method, label }) => {
      const answers = result.pictures.flatMap(({ answers: { [method]: answer } }) => answer ?? []);
      return (['answered', 'right'] as const).flatMap((kind) => {
        const timesMs = answers
          .filter((answer) => kind === 'answered' || answer.right)
          .map(({ timeMs }) => timeMs.total)
          .filter((ms) => ms <= longestMs)
          .sort((a, b) => a - b);
        const share = (count: number) => (100 * count) / answers.length;
        return [
          { label, kind: kinds[kind], ms: 0, share: 0 },
          ...timesMs.map((ms, i) => ({ label, kind: kinds[kind], ms, share: share(i + 1) })),
          { label, kind: kinds[kind], ms: longestMs, share: share(timesMs.length) },
        ];
      });
    });
  const shown = colourScale(result);
  const isShown = shown.domain.map((label) => label !== methodLabels(result.qualities).raw);
  return toSvg({
    data: { values },
    facet: {
      column: {
        field: 'kind',
        title: null,
        sort: Object.values(kinds),
        header: { labelColor: 'currentColor', labelFontSize: 13, labelFont: chartFont },
      },
    },
    spec: {
      width: 370,
      height: 230,
      mark: { type: 'line', interpolate: 'step-after', strokeWidth: 2.5 },
      encoding: {
        x: {
          field: 'ms',
          type: 'quantitative',
          title: 'deadline, ms',
          scale: { domain: [0, longestMs], nice: false },
        },
        y: { field: 'share', type: 'quantitative', title: 'pictures, %', scale: { domain: [0, 100] } },
        color: {
          field: 'label',
          type: 'nominal',
          scale: { domain: shown.domain.filter((_, i) => isShown[i]), range: shown.range.filter((_, i) => isShown[i]) },
          legend: { orient: 'top', title: null, symbolType: 'stroke', symbolStrokeWidth: 3 },
        },
      },
    },
  });
}
