/** All runs of this visit as a chart: how long each way took. */

import { useEffect, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Comparison } from './run.ts';

const height = 220;

/** The section. */
export function History({ runs }: { readonly runs: readonly Comparison[] }) {
  const holder = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const style = getComputedStyle(element);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const axis = { stroke: colour('--text'), grid: { stroke: colour('--line') }, ticks: { stroke: colour('--line') } };
    const points = { show: true, size: 6 };
    const chart = new UPlot(
      {
        width: element.clientWidth,
        height,
        legend: { live: false },
        scales: { x: { time: false, range: [0.5, runs.length + 0.5] }, y: { range: (_, __, most) => [0, 1.1 * most] } },
        axes: [
          { ...axis, label: 'run', incrs: [1, 2, 5, 10, 20, 50] },
          { ...axis, label: 'ms', size: 60 },
        ],
        series: [
          { label: 'run' },
          { label: 'AECNN', stroke: colour('--edge'), width: 2, points },
          { label: 'JPEG', stroke: colour('--link'), width: 2, points },
          { label: 'deadline', stroke: colour('--bad'), width: 1, dash: [4, 4], points: { show: false } },
        ],
      },
      [
        runs.map((_, i) => i + 1),
        runs.map(({ aecnn }) => Math.round(aecnn.timeMs.total)),
        runs.map(({ jpeg }) => (jpeg === undefined ? null : Math.round(jpeg.timeMs.total))),
        runs.map(({ deadlineMs }) => deadlineMs),
      ],
      element,
    );
    const resize = (): void => chart.setSize({ width: element.clientWidth, height });
    addEventListener('resize', resize);
    return () => {
      removeEventListener('resize', resize);
      chart.destroy();
    };
  }, [runs]);
  const inTime = (ways: readonly Comparison['jpeg'][]): number => ways.filter((way) => way?.isInTime).length;
  return (
    <section class="panel" aria-labelledby="history-heading">
      <h2 id="history-heading">Runs</h2>
      <p>
        {runs.length} {runs.length === 1 ? 'run' : 'runs'}; in time: AECNN {inTime(runs.map(({ aecnn }) => aecnn))},
        JPEG {inTime(runs.map(({ jpeg }) => jpeg))}
      </p>
      <div ref={holder} class="chart" aria-hidden="true" />
      <RunTable runs={runs} />
    </section>
  );
}

/** What the chart shows, for those who do not see it. */
function RunTable({ runs }: { readonly runs: readonly Comparison[] }) {
  return (
    <div class="visually-hidden">
      <table>
        <caption>How long each run took</caption>
        <thead>
          <tr>
            <th scope="col">run</th>
            <th scope="col">AECNN, ms</th>
            <th scope="col">JPEG, ms</th>
            <th scope="col">deadline, ms</th>
          </tr>
        </thead>
        <tbody>
          {runs.map(({ aecnn, jpeg, deadlineMs }, i) => (
            <tr key={i}>
              <th scope="row">{i + 1}</th>
              <td>{Math.round(aecnn.timeMs.total)}</td>
              <td>{jpeg === undefined ? 'no answer' : Math.round(jpeg.timeMs.total)}</td>
              <td>{deadlineMs}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
