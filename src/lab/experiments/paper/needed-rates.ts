/** Which learning rates a configuration is run with, and which other configurations choose them. */

import type { SplitPoint } from '../../../core/model/index.ts';
import {
  type Configuration,
  learningRatesId,
  learningRatesOf,
  type TunedMethod,
  tunedAt,
  tunedVariations,
} from './grid.ts';
import type { PaperProtocol } from './protocol.ts';

/** A learning rate that a configuration is run with, and the choice that it comes from. */
export interface NeededRate {
  /** Of the configuration that chooses it. */
  readonly id: string;
  readonly of: TunedMethod;
  /** What it is called in the settings of a result. */
  readonly setting: 'learningRate' | 'fineTuneLearningRate';
}

/** Choices of learning rates that must be finished before a configuration can be run. */
export function neededBy(
  configuration: Configuration,
  { learningRates }: Pick<PaperProtocol, 'learningRates'>,
): readonly NeededRate[] {
  return learningRates === undefined ? ratesOf(configuration) : [];
}

/** All learning rates of a configuration, chosen or given. */
export function ratesOf(configuration: Configuration): readonly NeededRate[] {
  const rates = (of: TunedMethod, fineTuneOf?: TunedMethod): NeededRate[] => {
    if (!('split' in configuration)) return [];
    const idOf = (method: TunedMethod): string => learningRatesId(method, learningRatesOf(method, configuration));
    return [
      { id: idOf(of), of, setting: 'learningRate' },
      ...(fineTuneOf === undefined
        ? []
        : [{ id: idOf(fineTuneOf), of: fineTuneOf, setting: 'fineTuneLearningRate' } as const]),
    ];
  };
  switch (configuration.method) {
    case 'aecnn':
      return rates(
        tunedVariations.find((name) => name === configuration.variation) ?? 'aecnn',
        configuration.fineTune ? 'aecnn-fine-tune' : undefined,
      );
    case 'bottlenet':
      return rates(isTunedDistilled(configuration) ? 'bottlenet-distilled' : 'bottlenet', 'bottlenet-fine-tune');
    case 'adapted-codec':
    case 'adapted-pictures':
      return tunedAt['adapted-pictures'].map((place) => ({
        id: learningRatesId('adapted-pictures', place),
        of: 'adapted-pictures',
        setting: 'learningRate',
      }));
    case 'learning-rates':
      if (configuration.of === 'aecnn-fine-tune') return rates('aecnn');
      return configuration.of === 'bottlenet-fine-tune' ? rates('bottlenet') : [];
    default:
      return [];
  }
}

/** With distillation BottleNet++ has learning rates of its own where those are chosen, elsewhere those without distillation. */
const isTunedDistilled = ({ distillation, split }: { readonly distillation: boolean; readonly split: SplitPoint }) =>
  distillation && tunedAt['bottlenet-distilled'].some((place) => place.split === split);
