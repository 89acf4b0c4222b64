/** Which of a model's device graphs to fetch: the full one, or one of fewer bytes, with what it costs. */

import type { DevicePrecision, Manifest } from 'aecnn/core';
import { megabytes } from './format.ts';

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Most that a smaller graph may lose to be fetched unasked: half a point. */
const mostLoss = 0.005;

/** The smallest device graph that loses next to nothing; `undefined` for the full one. */
export function leanPrecision({ compactDevices = [] }: Manifest): DevicePrecision | undefined {
  return compactDevices
    .filter(({ accuracy, fullAccuracy }) => fullAccuracy - accuracy <= mostLoss)
    .sort((one, other) => one.bytes - other.bytes)[0]?.precision;
}

/** The choice; nothing for a model with the full graph alone. */
export function PrecisionChooser({
  manifest: { files, compactDevices = [] },
  precision,
  onChoose,
}: {
  readonly manifest: Manifest;
  readonly precision: DevicePrecision | undefined;
  readonly onChoose: (precision: DevicePrecision | undefined) => void;
}) {
  const [measured] = compactDevices;
  if (measured === undefined) return null;
  const choices = [
    {
      precision: undefined,
      text: `float32: ${megabytes(files['device.onnx'].bytes)}, right for ${percent(measured.fullAccuracy)}`,
    },
    ...compactDevices.map(({ precision: kept, bytes, accuracy }) => ({
      precision: kept,
      text: `${kept}: ${megabytes(bytes)}, right for ${percent(accuracy)}`,
    })),
  ];
  return (
    <fieldset class="choices">
      <legend>Weights (accuracy on {measured.images} test pictures)</legend>
      {choices.map((choice) => (
        <label key={choice.text}>
          <input
            type="radio"
            name="precision"
            checked={choice.precision === precision}
            onChange={() => onChoose(choice.precision)}
          />{' '}
          {choice.text}
        </label>
      ))}
    </fieldset>
  );
}
