/**
 * The command `aecnn`. One file per command beside this one; adding a command is one line in the table below.
 *
 * The twist: the global options work before and after the command's name, and every action finds them among its own
 * options (a hook copies them there).
 */

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { explainError, inputErrorExitCode } from './explain-error.ts';
import { globalOptionDeclarations } from './options.ts';
import { stdoutErrorExitCode } from './run-command.ts';

/**
 * Adds a command to the program, by its name and in the order of the help. A command's modules are loaded when they are
 * needed: all of them together take a second.
 */
const commands: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  start: async () => (await import('./start.ts')).registerStart,
  fetch: async () => (await import('./fetch.ts')).registerFetch,
  build: async () => (await import('./build.ts')).registerBuild,
  compact: async () => (await import('./compact.ts')).registerCompact,
  evaluate: async () => (await import('./evaluate.ts')).registerEvaluate,
  simulate: async () => (await import('./simulate.ts')).registerSimulate,
  train: async () => (await import('./train.ts')).registerTrain,
  experiment: async () => (await import('./experiment.ts')).registerExperiment,
  info: async () => (await import('./info.ts')).registerInfo,
  encode: async () => (await import('./encode.ts')).registerEncode,
  decode: async () => (await import('./decode.ts')).registerDecode,
  serve: async () => (await import('./serve.ts')).registerServe,
  infer: async () => (await import('./infer.ts')).registerInfer,
};

/**
 * Builds the program; parses and runs nothing.
 *
 * @param first - The first argument. When it names a command that one alone is added, else all are (help, suggestions).
 */
async function createProgram(first: string | undefined): Promise<Command> {
  const program = new Command('aecnn')
    .description('ResNet-50 on the far side of a bad link: compressed features in one packet, always answered.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .showHelpAfterError('(add --help for the options and examples)')
    .configureHelp({ showGlobalOptions: true })
    // Inherited by every command declared below: usage errors are thrown, so that they exit with 2 and not with 1.
    .exitOverride()
    .hook('preAction', (_program, action) => {
      for (const [name, value] of Object.entries(program.opts())) {
        const source = action.getOptionValueSource(name);
        if (source === undefined || source === 'default') action.setOptionValueWithSource(name, value, 'implied');
      }
    })
    .addHelpText(
      'after',
      `
Examples:
  $ aecnn start                                           the whole chain on sample pictures, over a slow link
  $ aecnn fetch resnet50                                  weights into the cache, once
  $ aecnn build models/caltech101-conv4x --out my-model   the shipped model, ready to use
  $ aecnn infer my-model cat.jpg --json                   an answer

Exit codes: 0 done, 2 something to mend in the input or on the machine, 1 a bug in aecnn, 130 stopped by Ctrl-C.`,
    );
  for (const option of globalOptionDeclarations()) program.addOption(option);
  const names = first !== undefined && Object.hasOwn(commands, first) ? [first] : Object.keys(commands);
  for (const name of names) (await commands[name]?.())?.(program);
  return program;
}

/** Version from package.json, which is two folders up both in `src/cli` and in `dist/cli`. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed === 'object' && parsed !== null && 'version' in parsed) return String(parsed.version);
  return 'unknown';
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exitCode = stdoutErrorExitCode(error);
  if (process.exitCode !== 0) process.stderr.write(`${explainError(error).message}\n`);
});
try {
  await (await createProgram(process.argv[2])).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has already printed its message; help and version come here too, with exit code 0.
    process.exitCode = error.exitCode === 0 ? 0 : inputErrorExitCode;
  } else {
    const explanation = explainError(error);
    process.stderr.write(`${explanation.message}\n`);
    process.exitCode = explanation.exitCode;
  }
}
