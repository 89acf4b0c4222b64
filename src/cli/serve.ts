/** `aecnn serve`: an edge that answers frames until it is stopped. */

import { once } from 'node:events';
import { availableParallelism, networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import { pino } from 'pino';
import { UsageError } from '../core/errors.ts';
import {
  createEdgeServer,
  defaultEdgeServerOptions,
  readCertificate,
  selfSignedCertificate,
  type TlsCertificate,
} from '../edge/index.ts';
import { createNodeRuntime } from '../runtime/node.ts';
import { openModelFolder } from './model-folder.ts';
import { type GlobalOptions, portNumber, positiveInteger } from './options.ts';
import { logLine, runCommand } from './output.ts';

interface ServeOptions extends GlobalOptions {
  readonly host: string;
  readonly port: number;
  readonly logLevel: string;
  readonly tls?: 'self-signed';
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly token?: string;
  readonly web?: boolean;
  readonly sessions: number;
  readonly maxBatch: number;
  readonly maxWaiting: number;
  readonly maxConnections: number;
}

/** In the package, beside `dist/`. */
const webFolders = {
  page: fileURLToPath(new URL('../../web/dist', import.meta.url)),
  samples: fileURLToPath(new URL('../../samples', import.meta.url)),
};

/** Adds `aecnn serve` to the program. */
export function registerServe(program: Command): void {
  const { host, port, sessions, maxBatch, maxWaiting, maxConnections } = defaultEdgeServerOptions;
  program
    .command('serve')
    .description('start an edge: frames over a WebSocket at /v2/stream, and the Open Inference Protocol v2 over HTTP')
    .argument('<models...>', 'folders of split models')
    .option('--host <address>', 'address to listen on; 0.0.0.0 for every network', host)
    .option('--port <number>', 'port to listen on; 0 takes any free one', portNumber, port)
    .addOption(
      new Option(
        '--tls <how>',
        'serve over TLS; self-signed: with a certificate made at each start, which browsers ask about',
      ).choices(['self-signed']),
    )
    .option('--tls-cert <file>', 'certificate for TLS, PEM; with --tls-key')
    .option('--tls-key <file>', 'its private key, PEM')
    .addOption(
      new Option('--token <text>', 'whoever has it may load and unload models; without one nobody may').env(
        'AECNN_TOKEN',
      ),
    )
    .option('--web', 'also serve a page that is a device: pictures, camera, and a link that it slows down itself')
    .option(
      '--sessions <number>',
      'batches of a model that are computed at once, which share the threads: 1 answers a single frame soonest, one for each core answers most frames',
      positiveInteger,
      sessions,
    )
    .option('--max-batch <number>', 'most frames that are computed together', positiveInteger, maxBatch)
    .option(
      '--max-waiting <number>',
      'most frames that wait for a model; more are refused',
      positiveInteger,
      maxWaiting,
    )
    .option('--max-connections <number>', 'most devices that are connected', positiveInteger, maxConnections)
    .addOption(
      new Option('--log-level <level>', 'what to log on stderr, as JSON lines')
        .choices(['silent', 'error', 'warn', 'info', 'debug'])
        .default('warn'),
    )
    .addHelpText(
      'after',
      `
Stops on Ctrl-C or SIGTERM, after it has answered what it accepted. With --json one line on stdout says where it listens.
Its routes are described at /docs, its metrics for Prometheus are at /metrics. Several models, also several versions of one
name, are served at once; a frame names its own, and an HTTP request that names no version means the one given last.

Examples:
  $ aecnn serve my-model
  $ aecnn serve my-model --host 0.0.0.0 --port 9000 --threads 2
  $ aecnn serve my-model --web
  $ aecnn serve my-model --web --host 0.0.0.0 --tls self-signed     (for a phone: its camera asks for a secure page)
  $ AECNN_TOKEN=secret aecnn serve my-model
  $ curl -X POST -H "Authorization: Bearer secret" http://127.0.0.1:8080/v2/repository/models/my-model/load
  $ curl --data-binary @picture.frame -H "Inference-Header-Content-Length: 0" http://127.0.0.1:8080/v2/models/my-model/infer`,
    )
    .action((folders: string[], options: ServeOptions) =>
      runCommand((signal) => serve(folders, options, signal), { stoppedExitCode: 0 }),
    );
}

async function serve(folders: readonly string[], options: ServeOptions, signal: AbortSignal): Promise<void> {
  const { host, port, logLevel, json, token, sessions, maxBatch, maxWaiting, maxConnections } = options;
  const { threads = availableParallelism() } = options;
  // Node would take the empty address for every network.
  if (host.trim() === '') throw new UsageError('--host is empty: give an address of this machine, e.g. 127.0.0.1');
  if (token?.trim() === '') throw new UsageError('--token is empty: give a secret, or leave it out');
  const tls = await certificateOf(options);
  const runtime = await createNodeRuntime({ threads: Math.max(1, Math.floor(threads / sessions)) });
  const logger = pino({ level: logLevel }, pino.destination({ dest: 2, sync: true }));
  await using server = await createEdgeServer({
    models: folders.map((folder) => () => openModelFolder(folder)),
    runtime,
    host,
    port,
    logger,
    ...(tls && { tls }),
    ...(token !== undefined && { token: token.trim() }),
    ...(options.web && { web: webFolders }),
    sessions,
    maxBatch,
    maxWaiting,
    maxConnections,
  });
  const served = server.repository.states().map(({ name, version }) => ({ name, modelId: version }));
  if (json) process.stdout.write(`${JSON.stringify({ url: server.url, models: served })}\n`);
  else {
    logLine(`${served.map(({ name, modelId }) => `${name} (${modelId})`).join(', ')} at ${server.url}`);
    if (options.web) logLine(`a device in the browser: ${pageAddresses(server.url, host).join(' ')}`);
  }
  if (!signal.aborted) await once(signal, 'abort');
}

/** Where browsers find the page: at every address of this machine, when the edge listens on all. */
function pageAddresses(url: string, host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [`${url}/`];
  const { protocol, port } = new URL(url);
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  return addresses.filter(({ family }) => family === 'IPv4').map(({ address }) => `${protocol}//${address}:${port}/`);
}

/** The certificate that the options ask for, if any. */
async function certificateOf({ tls, tlsCert, tlsKey }: ServeOptions): Promise<TlsCertificate | undefined> {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new UsageError('--tls-cert and --tls-key belong together: give both, or --tls self-signed');
  }
  if (tlsCert !== undefined && tlsKey !== undefined) {
    if (tls !== undefined)
      throw new UsageError('--tls self-signed makes a certificate: leave --tls-cert and --tls-key out');
    return readCertificate(tlsCert, tlsKey);
  }
  return tls === undefined ? undefined : selfSignedCertificate();
}
