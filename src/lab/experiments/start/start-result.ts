/** The result of the main job as it is written to `result.json` and printed by `--json`. */

import type { FixedLinkSpec } from '../../../core/link/index.ts';
import type { Manifest } from '../../../core/model/index.ts';
import type { Provenance } from '../provenance.ts';
import type { CodecQualities, MethodName } from './methods.ts';
import type { StartMeasurement } from './run-start.ts';
import type { MarkedAnswer, MethodSummary } from './summary.ts';

/** All numbers of one run. Times in ms, shares from 0 to 1. */
export interface StartResult {
  readonly formatVersion: 2;
  readonly provenance: Provenance;
  readonly runtime: string;
  /** Wall-clock time of the whole job, downloads left out. */
  readonly seconds: number;
  readonly link: FixedLinkSpec;
  readonly qualities: CodecQualities;
  readonly model: Pick<Manifest, 'name' | 'modelId' | 'network' | 'split' | 'tail' | 'teacher'> & {
    readonly classes: number;
    readonly featureBytes: number;
    /** The part of the feature map that the tail reads. */
    readonly readFeatureBytes: number;
    /** `featureBytes` / mean bytes of a frame. */
    readonly compressionRatio: number;
  };
  readonly methods: Readonly<Partial<Record<MethodName, MethodSummary>>>;
  readonly pictures: readonly {
    /** `<class>/<file>`. */
    readonly image: string;
    readonly label: string;
    readonly answers: Readonly<Partial<Record<MethodName, MarkedAnswer>>>;
  }[];
}

/** What else goes into a result. */
export interface StartResultOptions {
  readonly provenance: Provenance;
  readonly seconds: number;
  readonly link: FixedLinkSpec;
  readonly qualities: CodecQualities;
}

/** Puts a measurement and its circumstances together. */
export function startResult(measurement: StartMeasurement, options: StartResultOptions): StartResult {
  const { manifest, runtime, pictures, methods } = measurement;
  const { name, modelId, network, split, tail, teacher, classes, feature } = manifest;
  return {
    formatVersion: 2,
    provenance: options.provenance,
    runtime,
    seconds: Math.round(options.seconds * 10) / 10,
    link: options.link,
    qualities: options.qualities,
    model: {
      name,
      modelId,
      network,
      split,
      tail,
      teacher,
      classes: classes.length,
      featureBytes: feature.bytes,
      readFeatureBytes: feature.readBytes,
      compressionRatio: feature.bytes / (methods.aecnn?.sentBytes.mean ?? Number.NaN),
    },
    methods,
    pictures: pictures.map(({ name: image, label, answers }) => ({ image, label, answers })),
  };
}

/** Names of the methods as a reader meets them. */
export function methodLabels({ jpeg, webp }: CodecQualities): Readonly<Record<MethodName, string>> {
  return {
    aecnn: 'AECNN',
    jpeg: `JPEG, quality ${jpeg}`,
    webp: `WebP, quality ${webp}`,
    alone: 'no sending',
    raw: 'raw float32 map',
  };
}

/** Says what a link does, e.g. `1 Mbit/s up, downlink not limited, 40 ms round trip`. */
export function describeLink({ rateBitsPerSecond, roundTripMs }: FixedLinkSpec): string {
  return `${formatRate(rateBitsPerSecond)} up, downlink not limited, ${roundTripMs} ms round trip`;
}

function formatRate(bits: number): string {
  if (bits >= 1e6) return `${Number((bits / 1e6).toFixed(3))} Mbit/s`;
  return bits >= 1e3 ? `${Number((bits / 1e3).toFixed(3))} kbit/s` : `${bits} bit/s`;
}
