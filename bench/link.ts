/**
 * `npm run bench:link -- --model DIR`: the real device and the real edge, each a process in a network namespace of its own,
 * over links that are shaped to each scenario. Needs Linux, root and iproute2.
 *
 * Writes results/bench-link.json. `--help` shows the options.
 */

import { readdir } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../src/cli/run-command.ts';
import { DatasetError, UsageError } from '../src/core/errors.ts';
import { poissonRequests, provenance } from '../src/lab/experiments/index.ts';
import { atomicWriteFile } from '../src/lab/files/index.ts';
import { type RunScenarioOptions, runScenario } from './link/run-scenario.ts';
import { type ScenarioResult, scenarioLine, scenarioResult } from './link/scenario-result.ts';
import { type LinkScenario, linkScenarios } from './link/scenarios.ts';
import { raiseSessionPriority } from './link/session-priority.ts';
import { createScenarioSimulator, type ScenarioSimulator } from './link/simulated.ts';
import { parseOptions, wholeNumber } from './options.ts';

const resultFile = fileURLToPath(new URL('../results/bench-link.json', import.meta.url));

const help = `Measures a real device and a real edge over shaped links, in network namespaces.

  npm run bench:link -- --model DIR [options]

  --model DIR       the split model (out/model)
  --pictures DIR    folders of pictures, each named after its class (samples)
  --only NAME       this scenario alone; may be given again: ${linkScenarios.map(({ name }) => name).join(', ')}
  --requests N      requests of each scenario, instead of its own number
  --threads N       threads of one op on each side (1)
  --json            print the result as JSON
  --no-save         leave results/bench-link.json as it is
  --help            this text

Needs Linux, root and iproute2. Where the kernel has no netem, a process delays the packets.

  npx aecnn build models/caltech101-conv4x --out out/model && npm run bench:link -- --model out/model
  npm run bench:link -- --model out/model --only cut --requests 30 --no-save
`;

/** What can be given, and what holds when it is not. */
const optionTypes = {
  model: { type: 'string', default: 'out/model' },
  pictures: { type: 'string', default: 'samples' },
  only: { type: 'string', multiple: true, default: [] as string[] },
  requests: { type: 'string' },
  threads: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
  'no-save': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

async function main(signal: AbortSignal): Promise<void> {
  const given = parseOptions(optionTypes);
  if (given.help) {
    process.stdout.write(help);
    return;
  }
  const threads = wholeNumber('threads', given.threads);
  const startedAt = performance.now();
  const pictures = await listPictures(given.pictures);
  const scenarios = chosenScenarios(given.only, given.requests);
  const shared = { modelFolder: given.model, pictures, threads, signal };
  process.stderr.write('answering the pictures at every length, for the simulation\n');
  const simulator = await createScenarioSimulator(shared);
  await using _priority = await raiseSessionPriority();
  const results = [];
  for (const scenario of scenarios) {
    const { requests: count, meanGapMs, seed, name } = scenario;
    const requests = poissonRequests({ requests: count, warmUp: 0, meanGapMs, pictures: pictures.length, seed });
    const run = await runScenario(scenario, {
      ...shared,
      requests,
      onPhase: (what) => process.stderr.write(`${name}: ${what}\n`),
    });
    const measured = scenarioResult(scenario, run);
    const result = { ...measured, ...(await simulated(simulator, measured, scenario, requests)) };
    results.push(result);
    process.stderr.write(`${scenarioLine(result)}\n`);
  }

  const options = [
    ...['--model', given.model, '--threads', `${threads}`],
    ...given.only.flatMap((name) => ['--only', name]),
    ...(given.requests === undefined ? [] : ['--requests', given.requests]),
  ];
  const result = {
    provenance: await provenance(`npm run bench:link -- ${options.join(' ')}`),
    seconds: Math.round((performance.now() - startedAt) / 1000),
    threads,
    pictures: pictures.length,
    scenarios: results,
    /** Of the last minute: well above the number of cores means that other processes slowed both ends down. */
    loadAverage: loadavg()[0] ?? null,
  };
  const text = `${JSON.stringify(result, null, 2)}\n`;
  if (!given['no-save']) await atomicWriteFile(resultFile, text);
  process.stdout.write(given.json ? text : `${results.map(scenarioLine).join('\n')}\n`);
}

/** What the simulation says, where nothing goes wrong in the middle and the edge was heard at all. */
async function simulated(
  simulator: ScenarioSimulator,
  { deviceMs, edgeMs, incident }: ScenarioResult,
  scenario: LinkScenario,
  requests: RunScenarioOptions['requests'],
): Promise<Pick<ScenarioResult, 'simulated'>> {
  if (incident !== undefined || deviceMs.p50 === undefined || edgeMs.p50 === undefined) return {};
  return { simulated: await simulator.simulate(scenario, requests, { deviceMs: deviceMs.p50, edgeMs: edgeMs.p50 }) };
}

function chosenScenarios(only: readonly string[], requests: string | undefined): LinkScenario[] {
  const known = linkScenarios.map(({ name }) => name);
  const unknown = only.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no scenario "${unknown}": expected ${known.join(', ')}`);
  return linkScenarios
    .filter(({ name }) => only.length === 0 || only.includes(name))
    .map((scenario) => ({ ...scenario, ...(requests && { requests: wholeNumber('requests', requests) }) }));
}

async function listPictures(folder: string): Promise<{ readonly path: string; readonly label: string }[]> {
  const names = await readdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new DatasetError(`there is no folder of pictures "${folder}": give one with --pictures`, { cause });
  });
  const paths = names.filter((name) => /.\/.+\.(jpe?g|png|webp)$/i.test(name)).sort();
  if (paths.length === 0) throw new DatasetError(`no pictures in ${folder}: expected <class>/<picture>.jpg`);
  return paths.map((name) => ({ path: join(folder, name), label: basename(dirname(name)) }));
}

await runCommand(main);
