/** Link, deadline and quality of the JPEG. */

import { useId, useState } from 'preact/hooks';
import type { LinkSettings } from './shaped-link.ts';

/** What can be set. */
export interface Settings {
  readonly link: LinkSettings;
  readonly deadlineMs: number;
  readonly jpegQuality: number;
}

/** A poor mobile uplink. */
export const startSettings: Settings = {
  link: { rateBitsPerSecond: 100_000, roundTripMs: 60 },
  deadlineMs: 1000,
  jpegQuality: 75,
};

const rates: readonly (readonly [bitsPerSecond: number, name: string])[] = [
  [20_000, '20 kbit/s'],
  [50_000, '50 kbit/s'],
  [100_000, '100 kbit/s'],
  [250_000, '250 kbit/s'],
  [1_000_000, '1 Mbit/s'],
  [10_000_000, '10 Mbit/s'],
];

/** The section. */
export function LinkForm({
  settings,
  onChange,
}: {
  readonly settings: Settings;
  readonly onChange: (change: Partial<Settings>) => void;
}) {
  const { link, deadlineMs, jpegQuality } = settings;
  return (
    <section aria-labelledby="link-heading" class="panel">
      <h2 id="link-heading">Link and deadline</h2>
      <div class="row">
        <label>
          Uplink{' '}
          <select
            value={String(link.rateBitsPerSecond)}
            onChange={(event) => onChange({ link: { ...link, rateBitsPerSecond: Number(event.currentTarget.value) } })}
          >
            {rates.map(([rate, name]) => (
              <option key={rate} value={String(rate)}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <NumberField
          label="Round trip, ms"
          value={link.roundTripMs}
          min={0}
          max={2000}
          onChange={(roundTripMs) => onChange({ link: { ...link, roundTripMs } })}
        />
        <NumberField
          label="Deadline, ms"
          value={deadlineMs}
          min={1}
          max={60_000}
          onChange={(value) => onChange({ deadlineMs: value })}
        />
        <NumberField
          label="JPEG quality"
          value={jpegQuality}
          min={1}
          max={100}
          onChange={(value) => onChange({ jpegQuality: value })}
        />
      </div>
      <p class="note">
        The page holds its own messages back as such a link would; what really lies between you and the edge comes on
        top.
      </p>
    </section>
  );
}

/** A number; what is out of its range is not taken, and said so. */
function NumberField({
  label,
  value,
  min,
  max,
  onChange,
}: {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly onChange: (value: number) => void;
}) {
  const [text, setText] = useState(String(value));
  const id = useId();
  const isWithin = (number: number): boolean => number >= min && number <= max;
  const isTaken = text !== '' && isWithin(Number(text));
  return (
    <div class="field">
      <label>
        {label}{' '}
        <input
          type="number"
          value={text}
          min={min}
          max={max}
          aria-invalid={!isTaken}
          aria-describedby={id}
          onInput={(event) => {
            const { value: typed, valueAsNumber } = event.currentTarget;
            setText(typed);
            if (isWithin(valueAsNumber)) onChange(valueAsNumber);
          }}
        />
      </label>
      <span id={id} class="problem" aria-live="polite">
        {!isTaken && `${min} to ${max.toLocaleString('en')}; ${value} stays`}
      </span>
    </div>
  );
}
