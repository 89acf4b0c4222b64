/** The answer as it gets better: what the edge says to each prefix of the frame. */

import type { PrefixAnswer } from './run.ts';

/** The section; empty when the edge could not be asked. */
export function ChunkTable({
  prefixes,
  deadlineMs,
}: {
  readonly prefixes: readonly PrefixAnswer[];
  readonly deadlineMs: number;
}) {
  if (prefixes.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="chunks-heading">
      <h2 id="chunks-heading">Chunk by chunk</h2>
      <p class="note">
        What the edge answers to the first chunks of the frame alone, and when the link had delivered the last of them;
        asked again after the run, without the slow link.
      </p>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">chunks</th>
              <th scope="col">bytes</th>
              <th scope="col">there after</th>
              <th scope="col">answer</th>
              <th scope="col">probability</th>
            </tr>
          </thead>
          <tbody>
            {prefixes.map(({ chunks, bytes, top: [first], arrivedMs }) => (
              <tr key={chunks}>
                <td>{chunks}</td>
                <td>{bytes}</td>
                <Arrival ms={arrivedMs} deadlineMs={deadlineMs} />
                <td>{first?.label}</td>
                <td>
                  <meter min={0} max={1} value={first?.probability ?? 0} aria-hidden="true" />{' '}
                  {((first?.probability ?? 0) * 100).toFixed(0)} %
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Arrival({ ms, deadlineMs }: { readonly ms: number | undefined; readonly deadlineMs: number }) {
  if (ms === undefined) return <td>not sent</td>;
  const time = `${Math.round(ms)} ms`;
  return ms > deadlineMs ? <td class="bad">{time}, late</td> : <td>{time}</td>;
}
