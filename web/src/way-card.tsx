/** How one way of answering did: answer, bytes, and a timeline against the deadline. */

import type { Comparison, Way } from './run.ts';

const parts = [
  ['device', 'device'],
  ['link', 'link'],
  ['edge', 'edge'],
] as const;

/** One card; where there is no `way`, `problem` says why. */
export function WayCard({
  title,
  way,
  problem,
  comparison: { aecnn, jpeg, deadlineMs },
}: {
  readonly title: string;
  readonly way: Way | undefined;
  readonly problem?: string | undefined;
  readonly comparison: Comparison;
}) {
  if (way === undefined) {
    return (
      <section class="panel way" aria-label={title}>
        <h2>{title}</h2>
        <p class="problem">No answer: {problem}. Only the edge can answer a JPEG.</p>
      </section>
    );
  }
  const longestMs = 1.05 * Math.max(deadlineMs, aecnn.timeMs.total, jpeg?.timeMs.total ?? 0);
  const percent = (ms: number): string => `${((100 * Math.max(0, ms)) / longestMs).toFixed(2)}%`;
  const [first, ...others] = way.top;
  const times = parts.map(([key, name]) => `${name} ${Math.round(way.timeMs[key])} ms`).join(', ');
  return (
    <section class="panel way" aria-label={title} data-testid={title}>
      <h2>{title}</h2>
      <p class="answer">
        <strong>{first?.label}</strong> {((first?.probability ?? 0) * 100).toFixed(0)} %
        <span class={way.isInTime ? 'badge good' : 'badge bad'}>{way.isInTime ? 'in time' : 'late'}</span>
      </p>
      <p class="note">
        {others.map(({ label, probability }) => `${label} ${(probability * 100).toFixed(0)} %`).join(', ')}
      </p>
      <p>
        <strong>{way.bytes.toLocaleString('en')}</strong> bytes, <strong>{Math.round(way.timeMs.total)}</strong> ms
      </p>
      <div class="timeline" role="img" aria-label={`${times}; deadline ${deadlineMs} ms`}>
        {parts.map(([key]) => (
          <span key={key} class={`part ${key}`} style={{ width: percent(way.timeMs[key]) }} />
        ))}
        <span class="deadline" style={{ left: percent(deadlineMs) }} />
      </div>
      <ul class="legend">
        {parts.map(([key, name]) => (
          <li key={key}>
            <span class={`swatch ${key}`} /> {name} {Math.round(way.timeMs[key])} ms
          </li>
        ))}
        <li>
          <span class="swatch deadline-swatch" /> deadline {deadlineMs} ms
        </li>
      </ul>
      <p class="note">{way.note}</p>
    </section>
  );
}
