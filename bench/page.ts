/**
 * `npm run bench:page -- --model DIR`: the page of `aecnn serve --web` in Chromium: what it weighs, and how long a first and a
 * second visit take until there is an answer. Also takes the pictures of it in docs/.
 *
 * Writes results/bench-page.json. `--help` shows the options.
 */

import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import { quantile } from 'simple-statistics';
import { build } from 'vite';
import { runCommand } from '../src/cli/run-command.ts';
import { readSplitModel, type SplitModel } from '../src/core/model/index.ts';
import { createEdgeServer } from '../src/edge/index.ts';
import { provenance } from '../src/lab/experiments/index.ts';
import { atomicWriteFile } from '../src/lab/files/index.ts';
import { createNodeRuntime } from '../src/runtime/node.ts';
import { commandLine, parseOptions, wholeNumber } from './options.ts';

const inRepository = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const help = `Measures the page of "aecnn serve --web" in Chromium, and takes its pictures.

  npm run bench:page -- --model DIR [options]

  --model DIR     the split model (out/model)
  --chromium FILE (/usr/bin/chromium)
  --visits N      first visits, and second ones, with and without threads (5)
  --json          print the result as JSON
  --no-save       leave results/bench-page.json and the pictures in docs/ as they are
  --help          this text
`;

/** How often the page is looked at. */
const pollMs = 20;

/** One visit, in ms from the moment at which the address was entered. */
interface Visit {
  readonly readyMs: number;
  readonly answerMs: number;
  /** Of which the device took for the picture. */
  readonly deviceMs: number;
}

/** What can be given, and what holds when it is not. */
const optionTypes = {
  model: { type: 'string', default: 'out/model' },
  chromium: { type: 'string', default: '/usr/bin/chromium' },
  visits: { type: 'string', default: '5' },
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
  const visits = wholeNumber('visits', given.visits);
  const startedAt = performance.now();
  const model = await readSplitModel((name) => readFile(join(given.model, name)));
  const folder = await mkdtemp(join(tmpdir(), 'aecnn-page-'));
  const browser = await chromium.launch({
    executablePath: given.chromium,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
  });
  try {
    await build({ configFile: inRepository('web/vite.config.ts'), logLevel: 'error', build: { outDir: folder } });
    const web = { page: folder, samples: inRepository('samples') };
    await using server = await createEdgeServer({ models: [model], runtime: await createNodeRuntime(), port: 0, web });
    const measured: Record<string, { readonly first: readonly Visit[]; readonly second: readonly Visit[] }> = {};
    for (const threads of [true, false]) {
      const first: Visit[] = [];
      const second: Visit[] = [];
      while (first.length < visits) {
        signal.throwIfAborted();
        const context = await browser.newContext();
        if (!threads) await withoutThreads(context);
        first.push(await visit(context, server.url));
        second.push(await visit(context, server.url));
        await context.close();
        process.stderr.write(`${threads ? 'threads' : 'one thread'}: visit ${first.length} of ${given.visits}\n`);
      }
      measured[threads ? 'threads' : 'oneThread'] = { first, second };
    }
    if (!given['no-save']) {
      for (const look of looks) await takePicture(await browser.newContext(look.context), server.url, look.file);
    }
    const result = {
      provenance: await provenance(commandLine('bench:page')),
      seconds: Math.round((performance.now() - startedAt) / 1000),
      modelId: model.manifest.modelId,
      chromium: browser.version(),
      bytes: { ...(await gzipBytes(folder)), model: modelBytes(model) },
      medianMs: Object.fromEntries(
        Object.entries(measured).map(([name, { first, second }]) => [
          name,
          { first: medians(first), second: medians(second), n: first.length },
        ]),
      ),
    };
    const text = `${JSON.stringify(result, null, 2)}\n`;
    if (!given['no-save']) await atomicWriteFile(inRepository('results/bench-page.json'), text);
    if (given.json) process.stdout.write(text);
    else process.stderr.write(`${JSON.stringify({ bytes: result.bytes, medianMs: result.medianMs }, null, 2)}\n`);
  } finally {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const median = (values: readonly number[]): number => Math.round(quantile([...values], 0.5));
const medians = (visits: readonly Visit[]): Visit => ({
  readyMs: median(visits.map(({ readyMs }) => readyMs)),
  answerMs: median(visits.map(({ answerMs }) => answerMs)),
  deviceMs: median(visits.map(({ deviceMs }) => deviceMs)),
});

/** What a device reads of a model, by the precision of its weights. */
function modelBytes({ manifest: { files, compactDevices = [] } }: SplitModel): Record<string, number> {
  const beside = files['fallback.onnx'].bytes + files['entropy.bin'].bytes;
  const graphs = [
    ['float32', files['device.onnx']] as const,
    ...compactDevices.map((one) => [one.precision, one] as const),
  ];
  return Object.fromEntries(graphs.map(([precision, { bytes }]) => [precision, bytes + beside]));
}

/** Bytes of the built page as they are sent, by kind. */
async function gzipBytes(folder: string): Promise<{ script: number; style: number; webAssembly: number }> {
  const bytes = { script: 0, style: 0, webAssembly: 0 };
  for (const name of await readdir(join(folder, 'assets'))) {
    const { size } = await stat(join(folder, 'assets', name));
    if (/\.m?js\.gz$/.test(name)) bytes.script += size;
    else if (name.endsWith('.css.gz')) bytes.style += size;
    else if (name.endsWith('.wasm.gz')) bytes.webAssembly += size;
  }
  return bytes;
}

/** Pages of the context are not isolated, as on a server that does not send the header. */
async function withoutThreads(context: BrowserContext): Promise<void> {
  await context.route(
    (url) => url.pathname === '/',
    async (route) => {
      const response = await route.fetch();
      const { 'cross-origin-embedder-policy': _, ...headers } = response.headers();
      await route.fulfill({ response, headers });
    },
  );
}

async function visit(context: BrowserContext, url: string): Promise<Visit> {
  const page = await context.newPage();
  const startMs = performance.now();
  await page.goto(url);
  const since = (): number => performance.now() - startMs;
  const [readyMs, answerMs] = await Promise.all([
    page.getByTestId('ready').waitFor({ timeout: 120_000 }).then(since),
    classifySample(page, 0).then(since),
  ]);
  const times = await page.getByTestId('AECNN').getByRole('img').getAttribute('aria-label');
  await page.close();
  return { readyMs, answerMs, deviceMs: Number(/device (\d+) ms/.exec(times ?? '')?.[1]) };
}

/** Classifies a sample against a deadline that any machine keeps, or the given one. */
async function classifySample(page: Page, sample: number, deadlineMs = 20_000): Promise<void> {
  await page.getByLabel('Deadline, ms').fill(String(deadlineMs));
  await page.getByLabel('Deadline, ms').blur();
  // By keyboard: while the page loads, what is clicked on may move.
  await page.getByRole('group', { name: 'Samples' }).getByRole('radio').nth(sample).press('Space');
  const before = await page.getByTestId('summary').textContent();
  const classify = page.getByRole('button', { name: 'Classify' });
  await classify.click({ timeout: 120_000 });
  for (;;) {
    const now = await page.getByTestId('summary').textContent();
    if (now !== before && now?.startsWith('AECNN')) return;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

const looks = [
  { file: 'docs/page.png', context: { viewport: { width: 1040, height: 800 }, colorScheme: 'light' as const } },
  { file: 'docs/page-phone.png', context: { viewport: { width: 390, height: 844 }, colorScheme: 'dark' as const } },
];

async function takePicture(context: BrowserContext, url: string, file: string): Promise<void> {
  const page = await context.newPage();
  await page.goto(url);
  await page.getByTestId('ready').waitFor({ timeout: 120_000 });
  // Slow enough that the chunks do not all come at once.
  await page.getByLabel('Uplink').selectOption('20 kbit/s');
  for (const sample of [0, 7, 12, 21]) await classifySample(page, sample, 1000);
  // A palette is enough, and a quarter of the bytes.
  const png = await sharp(await page.screenshot({ fullPage: true }))
    .png({ palette: true, effort: 10 })
    .toBuffer();
  await atomicWriteFile(inRepository(file), png);
  await context.close();
}

await runCommand(main);
