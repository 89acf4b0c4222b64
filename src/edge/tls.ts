/**
 * Certificates for an edge. A page may use camera and threads only over TLS; on a network of one's own, where no authority
 * signs, a certificate that the edge signs itself will do, which the browser asks about once.
 */

import { readFile } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { createSecureContext } from 'node:tls';
import { generate } from 'selfsigned';
import { EnvironmentError } from '../core/errors.ts';

/** A certificate and its private key, both as PEM. */
export interface TlsCertificate {
  readonly cert: string;
  readonly key: string;
}

const lifetimeDays = 30;

/** Makes a certificate for this machine's names and addresses, which nobody else vouches for. */
export async function selfSignedCertificate(): Promise<TlsCertificate> {
  const names = ['localhost', hostname()];
  const addresses = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
  const { cert, private: key } = await generate([{ name: 'commonName', value: hostname() }], {
    algorithm: 'sha256',
    keyType: 'ec',
    notAfterDate: new Date(Date.now() + lifetimeDays * 24 * 3_600_000),
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [
          ...names.map((value) => ({ type: 2 as const, value })),
          // A link-local address with its zone is no address in a certificate.
          ...addresses.filter((ip) => !ip.includes('%')).map((ip) => ({ type: 7 as const, ip })),
        ],
      },
    ],
  });
  return { cert, key };
}

/**
 * Reads a certificate and its key.
 *
 * @throws {@link EnvironmentError} when a file cannot be read, is no PEM, or the key is another certificate's.
 */
export async function readCertificate(certFile: string, keyFile: string): Promise<TlsCertificate> {
  const read = async (file: string, what: string): Promise<string> =>
    readFile(file, 'utf8').catch((cause: Error) => {
      throw new EnvironmentError(`the ${what} ${file} cannot be read (${cause.message}): give the path of a PEM file`, {
        cause,
      });
    });
  const certificate = { cert: await read(certFile, 'certificate'), key: await read(keyFile, 'private key') };
  try {
    createSecureContext(certificate);
  } catch (cause) {
    throw new EnvironmentError(
      `${certFile} and ${keyFile} are no certificate with its key (${(cause as Error).message}): give a pair of PEM files`,
      { cause },
    );
  }
  return certificate;
}
