/** Hashes that bind a split model together: of every file, and the model id made of them (SHA-256, FIPS 180-4). */

import { EnvironmentError } from '../errors.ts';
import type { FileDigest, Manifest } from './manifest.ts';

/**
 * Returns the SHA-256 of bytes as 64 lower-case hexadecimal digits. Rests on the platform's `crypto.subtle`.
 *
 * @throws {@link EnvironmentError} on a page that a browser does not take for secure.
 */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const { subtle } = globalThis.crypto as Partial<typeof globalThis.crypto>;
  if (subtle === undefined) {
    throw new EnvironmentError(
      'this page is not secure, so the browser checks no hashes: open it over https ("aecnn serve --tls self-signed") or on localhost',
    );
  }
  // A copy only of shared memory, which `subtle` refuses.
  const input = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : Uint8Array.from(bytes);
  const digest = new Uint8Array(await subtle.digest('SHA-256', input));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Returns the size and hash of a file's bytes. */
export async function digestFile(bytes: Uint8Array): Promise<FileDigest> {
  return { bytes: bytes.length, sha256: await sha256Hex(bytes) };
}

/**
 * Computes the model id: the first 12 hexadecimal digits of the SHA-256 of
 * `{"files":{"<name>":"<sha256>",...},"latentShape":[...]}`, names sorted, no white space.
 *
 * Two models with one id decode one another's frames.
 */
export async function computeModelId(manifest: Pick<Manifest, 'files' | 'latentShape'>): Promise<string> {
  const { latentShape } = manifest;
  const hashes = Object.entries(manifest.files)
    .map(([name, { sha256 }]) => [name, sha256] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const canonical = JSON.stringify({ files: Object.fromEntries(hashes), latentShape });
  return (await sha256Hex(new TextEncoder().encode(canonical))).slice(0, 12);
}
