/**
 * Bad input to every command, as a new user gives it, in real processes: one sentence that says what to do, exit code 2,
 * nothing half-written, JSON alone on stdout. Odd but valid input works. What `edge-commands.test.ts` shows is not repeated.
 */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, type TestContext, test, vi } from 'vitest';
import { backboneWeights, fetchTimeoutMs, testCacheFolder } from '../fixtures/backbone-weights.ts';
import { writeTinySplitModel } from '../fixtures/tiny-split-model.ts';
import { type CommandResult, runAecnn, startCommand } from './command-line.ts';

const withWeights = { timeout: 60_000 + fetchTimeoutMs };

let folder = '';
let model = '';
let red = '';
let frame = '';
const at = (...names: string[]) => join(folder, ...names);

const solid = (background: string, width = 60, height = 50) =>
  sharp({ create: { width, height, channels: 3, background } });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-bad-input-'));
  model = await writeTinySplitModel({}, at('model'));
  red = at('red.jpg');
  await solid('red').jpeg().toFile(red);
  const encoded = await runAecnn('encode', model, red, '--out', at('red.aec'));
  expect(encoded).toMatchObject({ exitCode: 0, stderr: '' });
  frame = at('red.aec');
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

/** A refusal for the user: one sentence on stderr (after the progress, if there was any), nothing on stdout, exit code 2. */
function expectRefused(result: CommandResult, sentence: string | RegExp): void {
  expect(result).toMatchObject({ exitCode: 2, stdout: '' });
  const lines = result.stderr
    .split('\n')
    .filter((line) => line !== '' && line !== '(add --help for the options and examples)');
  expect(lines.at(-1)).toMatch(/^error: /);
  expect(lines.at(-1)).toMatch(sentence);
  expect(result.stderr).not.toContain('    at ');
}

/** Runs commands, each with the sentence that must refuse it, two at a time. */
async function expectAllRefused(cases: readonly (readonly [args: readonly string[], sentence: string | RegExp])[]) {
  const waiting = cases.values();
  const runSome = async () => {
    for (const [args, sentence] of waiting) expectRefused(await runAecnn(...args), sentence);
  };
  await Promise.all([runSome(), runSome()]);
}

/** Files of a folder with all below it; none when there is no such folder. */
async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
}

/** Writes another size into the header of a PNG: a picture that a decoder must not make room for. */
function claimingSize(png: Buffer, width: number, height: number): Buffer {
  const claimed = Buffer.from(png);
  claimed.writeUInt32BE(width, 16);
  claimed.writeUInt32BE(height, 20);
  claimed.writeUInt32BE(crc32(claimed.subarray(12, 29)), 29);
  return claimed;
}

describe('pictures', () => {
  test('none, a text, a broken one, a gigantic one, a folder: refused by name, no frame is written', async () => {
    await writeFile(at('text.jpg'), 'a letter\n');
    await writeFile(at('empty.jpg'), '');
    const whole = await sharp({
      create: { width: 300, height: 300, channels: 3, background: 'red', noise: { type: 'gaussian' } },
    })
      .jpeg()
      .toBuffer();
    await writeFile(at('truncated.jpg'), whole.subarray(0, whole.length >> 1));
    await writeFile(at('gigantic.png'), claimingSize(await solid('red').png().toBuffer(), 30_000, 30_000));
    const encode = (picture: string) => ['encode', model, at(picture), '--out', at('none.aec'), '--json'];
    await expectAllRefused([
      [encode('missing.jpg'), /there is no picture .*missing\.jpg: give/],
      [encode('text.jpg'), /text\.jpg is no picture that can be decoded: give a JPEG/],
      [encode('empty.jpg'), /empty\.jpg is empty/],
      [encode('truncated.jpg'), /truncated\.jpg is damaged .*give an undamaged picture/],
      [encode('gigantic.png'), /gigantic\.png has more than \d+ pixels: shrink it first/],
    ]);
    expect((await readdir(folder)).filter((name) => name.includes('none.aec'))).toEqual([]);
  });

  test('a broken one among others costs them nothing', async () => {
    const mixed = at('mixed');
    await mkdir(mixed);
    await writeFile(join(mixed, 'a text.jpg'), 'a letter\n');
    await cp(red, join(mixed, 'red.jpg'));
    const { exitCode, stdout, stderr } = await runAecnn('infer', model, mixed, '--json');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^[^\n]*a text\.jpg is no picture that can be decoded: give a JPEG[^\n]*\n$/);
    expect(JSON.parse(stdout)).toMatchObject([{ image: join(mixed, 'red.jpg'), top: [{ label: 'red' }, {}, {}] }]);
  });

  test('odd but valid ones are answered', async () => {
    const odd = at('ödd 图片 😀');
    await mkdir(odd);
    const put = (name: string) => join(odd, name);
    await solid('red', 1, 5000).png().toFile(put('1x5000.png'));
    await solid('red', 5000, 1).jpeg().toFile(put('5000x1.jpg'));
    await solid('red', 1, 1).png().toFile(put('1x1.png'));
    await solid('red').toColourspace('rgb16').png().toFile(put('16 bits.png'));
    await solid('red').png({ palette: true }).toFile(put("it's $PALETTE;.png"));
    await solid('red').tiff({ tile: true, pyramid: true }).toFile(put('pyramid.tif'));
    const frames = Buffer.concat(
      await Promise.all(['red', 'green', 'blue'].map((colour) => solid(colour).raw().toBuffer())),
    );
    const animation = sharp(frames, { raw: { width: 60, height: 150, channels: 3, pageHeight: 50 } });
    await animation.clone().gif({ loop: 0 }).toFile(put('animated.gif'));
    await animation.clone().webp({ loop: 0 }).toFile(put('animated.webp'));
    await cp(red, put('trailing bytes.jpg'));
    await appendFile(put('trailing bytes.jpg'), Buffer.alloc(5000, 7));
    await cp(red, put('no ending'));

    const { exitCode, stdout, stderr } = await runAecnn('infer', model, odd, put('no ending'), '--json');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const answers: { image: string; top: { label: string }[] }[] = JSON.parse(stdout);
    expect(answers).toHaveLength(10);
    expect(answers.filter(({ top }) => top[0]?.label !== 'red').map(({ image }) => image)).toEqual([]);
  });
});

describe('frames and models', () => {
  test('a frame that is none is refused by name, with the remedy', async () => {
    await writeFile(at('cut.aec'), (await readFile(frame)).subarray(0, 20));
    await writeFile(at('huge.aec'), '');
    await truncate(at('huge.aec'), 2 ** 33);
    await expectAllRefused([
      [['decode', model, at('cut.aec')], /cut\.aec: chunk 0 is cut or damaged .*Give a whole frame/],
      [['decode', model, at('huge.aec'), '--json'], /huge\.aec is no frame but more than/],
      [['decode', model, '/dev/zero'], /is no frame but more than/],
    ]);
  });

  test('bytes behind a frame: an answer, a warning, exit 0', async () => {
    await writeFile(at('longer.aec'), Buffer.concat([await readFile(frame), Buffer.alloc(10)]));
    const { exitCode, stdout, stderr } = await runAecnn('decode', model, at('longer.aec'), '--json');
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^warning: .*longer\.aec: the frame goes on after its last chunk[^\n]*\n$/);
    expect(JSON.parse(stdout)).toMatchObject({ chunks: { decoded: 3, of: 3 } });
  });

  test('a model with a file missing, altered or of another version', async () => {
    const broken = async (name: string, file: string, change: (path: string) => Promise<unknown>) => {
      await writeTinySplitModel({}, at(name));
      await change(at(name, file));
      return at(name);
    };
    const flipped = await broken('flipped', 'device.onnx', async (path) => {
      const bytes = await readFile(path);
      bytes[100] = (bytes[100] ?? 0) ^ 4;
      await writeFile(path, bytes);
    });
    const newer = await broken('newer', 'manifest.json', async (path) =>
      writeFile(path, (await readFile(path, 'utf8')).replace(/"formatVersion": ?1/, '"formatVersion": 2')),
    );
    const edgeless = await broken('edgeless', 'edge.onnx', (path) => rm(path));
    const page = await broken('page', 'manifest.json', (path) => writeFile(path, '<html>'));
    await expectAllRefused([
      [['encode', flipped, red, '--out', at('none.aec')], /device\.onnx is damaged: .*build the model again/],
      [['info', newer, '--json'], /manifest\.json has format version 2, this aecnn reads 1: install/],
      [['serve', edgeless, '--port', '0'], /edge\.onnx of the split model cannot be read/],
      [['info', page], /manifest\.json is not JSON/],
    ]);
  });

  test('trained tensors that are none are named', async () => {
    const build = (file: string) => ['build', file, '--out', at('built')];
    await expectAllRefused([
      [build(at('nothing')), /there are no trained tensors at .*nothing": give/],
      [build(frame), /red\.aec" cannot be used, not a valid safetensors file/],
    ]);
    expect(await readdir(folder)).not.toContain('built');
  });
});

describe('data', () => {
  const dataFolder = async (name: string) => {
    for (const colour of ['red', 'green', 'blue']) {
      await mkdir(at(name, colour), { recursive: true });
      for (let i = 0; i < 3; i++)
        await solid(colour)
          .png()
          .toFile(at(name, colour, `${i}.png`));
    }
    return at(name);
  };
  const train = (data: string, ...more: string[]) => [
    'train',
    '--data',
    data,
    '--split',
    'conv4_x',
    '--out',
    at('trained'),
    '--epochs',
    '1',
    ...more,
  ];

  test('no classes, an empty class, a class of one picture, unknown words, negative numbers', async () => {
    await mkdir(at('no classes'));
    await writeFile(at('no classes', 'readme.txt'), 'nothing');
    const empty = await dataFolder('empty class');
    await mkdir(join(empty, 'violet'));
    const one = await dataFolder('class of one');
    await mkdir(join(one, 'violet'));
    await solid('violet')
      .png()
      .toFile(join(one, 'violet', '0.png'));
    await expectAllRefused([
      [train(at('no classes')), /holds no class folder/],
      [train(empty), /class "violet" .* has no picture.*add pictures/],
      [train(one), /class "violet" .* has one picture.*add pictures/],
      [train(empty, '--split', 'conv9_x'), /'conv9_x' is invalid\. Allowed choices are conv2_x/],
      [train(empty, '--epochs', '-1'), /Expected a whole number of at least 1, got "-1"/],
      [['evaluate', model, '--data', empty, '--limit', '0'], /at least 1, got "0"/],
    ]);
    expect(await readdir(folder)).not.toContain('trained');
  });

  test('a class with broken pictures: train names the file and leaves nothing', withWeights, async (context) => {
    await backboneWeights(context);
    const data = await dataFolder('broken for train');
    for (const i of [0, 1, 2]) await writeFile(join(data, 'green', `${i}.png`), 'not a picture');
    await mkdir(at('train cache'));
    await symlink(join(testCacheFolder, 'packages'), at('train cache', 'packages'));
    expectRefused(
      await runAecnn(...train(data, '--cache', at('train cache'))),
      /green\/\d\.png is no picture that can be decoded/,
    );
    expect(await readdir(folder)).not.toContain('trained');
  });
});

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
