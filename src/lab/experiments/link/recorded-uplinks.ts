/** Recorded uplinks of a folder: every file that ends in `.up`, by the name before it. */

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DatasetError } from '../../../core/errors.ts';
import { createLinkModel, type LinkModel } from '../../../core/link/index.ts';

/** A recorded uplink. */
export interface RecordedUplink {
  /** That of its file, without the ending. */
  readonly name: string;
  /** Of its file, hexadecimal. */
  readonly sha256: string;
  readonly link: LinkModel;
}

const ending = '.up';

/**
 * Reads all recorded uplinks of a folder, by name.
 *
 * @throws {@link DatasetError} when there is no such folder, it holds none, or a file is no recorded uplink.
 */
export async function readUplinks(folder: string, roundTripMs: number): Promise<RecordedUplink[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new DatasetError(`there is no folder ${folder}: give one that holds recorded uplinks (*${ending})`, {
      cause,
    });
  });
  const files = names.filter((name) => name.endsWith(ending)).sort();
  if (files.length === 0)
    throw new DatasetError(`${folder} holds no recorded uplink: give a folder with files *${ending}`);
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(folder, file), 'utf8');
      return {
        name: basename(file, ending),
        sha256: createHash('sha256').update(text).digest('hex'),
        // A spelling of a link has no comma in the name of its file.
        link: createLinkModel({ kind: 'trace', file: file.replaceAll(',', ' '), roundTripMs }, () => text),
      };
    }),
  );
}
