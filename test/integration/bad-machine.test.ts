/**
 * Good input on a bad machine: somebody's own folder at --out, a full or read-only disk, no network, a strange edge. One
 * sentence that says what to do, exit code 2, nothing half-written; an edge that is away costs no answer.
 */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, type TestContext, test, vi } from 'vitest';
import { backboneWeights, fetchTimeoutMs, testCacheFolder } from '../fixtures/backbone-weights.ts';
import { writeTinySplitModel } from '../fixtures/tiny-split-model.ts';
import { runAecnn, startCommand } from './command-line.ts';
import { encodedPicture, expectAllRefused, expectRefused, solid } from './refusals.ts';

const withWeights = { timeout: 60_000 + fetchTimeoutMs };

const { folder, model, red, frame } = await encodedPicture();
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());
const at = (...names: string[]) => join(folder, ...names);

/** Files of a folder with all below it; none when there is no such folder. */
async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
}

describe('where results go', () => {
  test("somebody's own folder is never replaced by a model", async () => {
    await mkdir(at('mine'));
    await writeFile(at('mine', 'thesis.txt'), 'years');
    await mkdir(at('web app'));
    await writeFile(at('web app', 'manifest.json'), '{}');
    await writeFile(at('web app', 'index.html'), '');
    await expectAllRefused([
      [['build', frame, '--out', at('mine')], /mine" holds "thesis\.txt", .*give a new folder/],
      [['build', frame, '--out', at('web app')], /web app" holds "index\.html"/],
      [['build', frame, '--out', red], /red\.jpg" is a file: give a folder/],
      [['train', '--data', 'cifar10', '--split', 'conv4_x', '--out', at('mine'), '--offline'], /holds "thesis\.txt"/],
    ]);
    expect(await readFile(at('mine', 'thesis.txt'), 'utf8')).toBe('years');
  });

  /** A disk of its own, which only root can make; gone after the test. */
  async function smallDisk(context: TestContext, name: string, options: string): Promise<string> {
    const run = promisify(execFile);
    await mkdir(at(name));
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', at(name)]).catch(() => undefined);
    if (mounted === undefined) return context.skip('mounting a small disk needs root on Linux');
    context.onTestFinished(async () => {
      await run('umount', [at(name)]);
    });
    return at(name);
  }

  test('a full disk', async (context) => {
    const disk = await smallDisk(context, 'full', 'size=64k');
    await writeFile(join(disk, 'fill'), Buffer.alloc(1 << 20)).catch(() => undefined);
    vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9');
    await expectAllRefused([
      [
        ['encode', model, red, '--out', join(disk, 'red.aec'), '--json'],
        /The disk is full \(.*\/full\/red\.aec\)\. Free some space/,
      ],
      [
        ['fetch', 'resnet50', '--cache', join(disk, 'cache')],
        /the disk is full: .* needs 1\d\d MB in .*free some space/,
      ],
    ]);
    expect(await filesBelow(disk)).toEqual(['fill']);
  });

  test('a disk too small for the shipped model; a broken picture to evaluate', withWeights, async (context) => {
    await backboneWeights(context);
    const trained = join(import.meta.dirname, '..', '..', 'models', 'caltech101-conv4x');
    expectRefused(await runAecnn('info', trained), /holds trained tensors and no split model: build it first/);
    const build = (out: string) => runAecnn('build', trained, '--out', out, '--cache', testCacheFolder);
    expect(await build(at('shipped'))).toMatchObject({ exitCode: 0 });
    const { classes } = JSON.parse((await runAecnn('info', at('shipped'), '--json')).stdout) as { classes: string[] };
    const picture = await solid('red').png().toBuffer();
    for (const [i, name] of classes.entries()) {
      await mkdir(at('every class', name), { recursive: true });
      for (const file of ['1.png', '2.png']) {
        await writeFile(at('every class', name, file), i === 3 ? 'not a picture' : picture);
      }
    }
    expectRefused(
      await runAecnn('evaluate', at('shipped'), '--data', at('every class'), '--all', '--limit', '101', '--json'),
      new RegExp(`${classes[3]}/\\d\\.png is no picture that can be decoded`),
    );
    const disk = await smallDisk(context, 'too small', 'size=2m');
    expectRefused(await build(join(disk, 'model')), /The disk is full/);
    expect(await readdir(disk)).toEqual([]);
  });

  test('a disk that is read-only', async (context) => {
    const disk = await smallDisk(context, 'read only', 'size=64k,ro');
    vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9');
    await expectAllRefused([
      [['encode', model, red, '--out', join(disk, 'red.aec')], /read-only \(.*read only\/red\.aec\)/],
      [['build', frame, '--out', join(disk, 'model')], /read-only/],
      [['fetch', 'resnet50', '--cache', disk], /cannot write to the cache folder .*choose another one with --cache/],
    ]);
  });

  test.runIf(process.platform === 'linux')('a folder that cannot be made', async () => {
    expectRefused(
      await runAecnn('fetch', 'resnet50', '--cache', '/proc/aecnn'),
      /cannot write to the cache folder \/proc/,
    );
  });

  test('a reader that goes away: silent, exit 0', async () => {
    const { child, result } = startCommand('info', model);
    child.stdout?.destroy();
    expect(await result).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

describe('network', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** A server that says `greeting` to each connection and then nothing. */
  async function startServer(greeting: string): Promise<{ url: string; connected: Promise<unknown> }> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      if (greeting !== '') socket.write(greeting);
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return { url: `http://127.0.0.1:${port}`, connected: once(server, 'connection') };
  }

  test('no registry, no cache, a registry that is no address', async () => {
    const cache = ['--cache', at('no cache')];
    await expectAllRefused([
      [
        ['fetch', 'resnet50', '--offline', ...cache],
        /is not \(or not whole\) in the cache folder .*run "aecnn fetch resnet50" once/,
      ],
      [
        ['train', '--data', 'cifar10', '--split', 'conv4_x', '--out', at('t'), '--offline', ...cache],
        /run "aecnn fetch cifar10"/,
      ],
    ]);
    vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9');
    expectRefused(await runAecnn('fetch', 'resnet50', ...cache), /cannot download .*check the network/);
    vi.stubEnv('npm_config_registry', 'nonsense');
    expectRefused(await runAecnn('fetch', 'resnet50', ...cache), /npm_config_registry is no URL: give one/);
    expect(await filesBelow(at('no cache'))).toEqual([]);
  });

  test('Ctrl-C while a download hangs: exit 130, nothing in the cache', async () => {
    const { url, connected } = await startServer('');
    vi.stubEnv('npm_config_registry', url);
    const { child, result } = startCommand('fetch', 'resnet50', '--cache', at('hung cache'));
    await connected;
    child.kill('SIGINT');
    expect(await result).toMatchObject({ exitCode: 130, stdout: '' });
    expect(await filesBelow(at('hung cache'))).toEqual([]);
  });

  test('an edge with another model, an edge that is none: the device answers and says why', async () => {
    const other = await writeTinySplitModel({ seed: 1 }, at('other'));
    const edge = startCommand('serve', other, '--port', '0', '--json');
    const [line] = await once(edge.child.stdout as NodeJS.ReadableStream, 'data');
    const web = await startServer('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    const infer = (url: string) => runAecnn('infer', model, red, '--edge', url, '--json');
    const [refused, none] = await Promise.all([infer(JSON.parse(String(line)).url), infer(web.url)]);
    edge.child.kill('SIGTERM');
    await edge.result;
    for (const { exitCode, stdout } of [refused, none]) {
      expect(exitCode).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject([{ via: 'device', top: [{ label: 'red' }, {}, {}] }]);
    }
    expect(refused.stderr).toMatch(
      /^warning: the device itself answered 1 of 1, since the edge refused the frame .*[0-9a-f]{12}/,
    );
    expect(none.stderr).toMatch(/^warning: the device itself answered 1 of 1, since the edge at .* cannot be reached/);
  });

  test('an address that is not of this machine, an empty one, a model twice', async () => {
    const serve = (...args: string[]) => ['serve', model, '--port', '0', ...args];
    await expectAllRefused([
      [serve('--host', '192.0.2.1'), /192\.0\.2\.1 is no address of this machine: choose another --host/],
      [serve('--host', ''), /--host is empty/],
      [serve(model), /are the same model, [0-9a-f]{12}: give one of them only/],
      [serve('--port', '65536'), /Expected a port from 0 to 65535/],
    ]);
  });
});
