/** `aecnn serve`: an edge that answers frames until it is stopped. */

import { once } from 'node:events';
import { type Command, Option } from 'commander';
import { pino } from 'pino';
import { UsageError } from '../core/errors.ts';
import type { SplitModel } from '../core/model/index.ts';
import { createEdgeServer, defaultEdgeServerOptions } from '../edge/index.ts';
import { createNodeRuntime } from '../runtime/node.ts';
import { openModelFolder } from './model-folder.ts';
import { type GlobalOptions, portNumber } from './options.ts';
import { logLine, runCommand } from './output.ts';

interface ServeOptions extends GlobalOptions {
  readonly host: string;
  readonly port: number;
  readonly logLevel: string;
}

/** Adds `aecnn serve` to the program. */
export function registerServe(program: Command): void {
  const { host, port } = defaultEdgeServerOptions;
  program
    .command('serve')
    .description('start an edge: it answers frames at /v2/stream (WebSocket), health and metadata below /v2 (HTTP)')
    .argument('<models...>', 'folders of split models')
    .option('--host <address>', 'address to listen on; 0.0.0.0 for every network', host)
    .option('--port <number>', 'port to listen on; 0 takes any free one', portNumber, port)
    .addOption(
      new Option('--log-level <level>', 'what to log on stderr, as JSON lines')
        .choices(['silent', 'error', 'warn', 'info', 'debug'])
        .default('warn'),
    )
    .addHelpText(
      'after',
      `
Stops on Ctrl-C or SIGTERM, after it has answered what it accepted. With --json one line on stdout says where it listens.

Examples:
  $ aecnn serve my-model
  $ aecnn serve my-model --host 0.0.0.0 --port 9000 --threads 2`,
    )
    .action((folders: string[], options: ServeOptions) =>
      runCommand((signal) => serve(folders, options, signal), { stoppedExitCode: 0 }),
    );
}

async function serve(folders: readonly string[], options: ServeOptions, signal: AbortSignal): Promise<void> {
  const { host, port, threads, logLevel, json } = options;
  // Node would take the empty address for every network.
  if (host.trim() === '') throw new UsageError('--host is empty: give an address of this machine, e.g. 127.0.0.1');
  const models = await Promise.all(folders.map(openModelFolder));
  requireDifferent(folders, models);
  const runtime = await createNodeRuntime(threads === undefined ? {} : { threads });
  const logger = pino({ level: logLevel }, pino.destination({ dest: 2, sync: true }));
  await using server = await createEdgeServer({ models, runtime, host, port, logger });
  const served = models.map(({ manifest: { name, modelId } }) => ({ name, modelId }));
  if (json) process.stdout.write(`${JSON.stringify({ url: server.url, models: served })}\n`);
  else logLine(`${served.map(({ name, modelId }) => `${name} (${modelId})`).join(', ')} at ${server.url}`);
  if (!signal.aborted) await once(signal, 'abort');
}

/** Frames name a model by its id, HTTP by its name: two models must differ in both. */
function requireDifferent(folders: readonly string[], models: readonly SplitModel[]): void {
  for (const key of ['modelId', 'name'] as const) {
    const seen = new Map<string, string | undefined>();
    for (const [i, { manifest }] of models.entries()) {
      const value = manifest[key];
      if (seen.has(value)) {
        const what = key === 'name' ? `have the same name, ${value}` : `are the same model, ${value}`;
        throw new UsageError(`${seen.get(value)} and ${folders[i]} ${what}: give one of them only`);
      }
      seen.set(value, folders[i]);
    }
  }
}
