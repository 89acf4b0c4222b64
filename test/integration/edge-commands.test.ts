/** `aecnn info`, `encode`, `decode`, `serve` and `infer`, as processes, with the tiny split model. */

import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeTinySplitModel } from '../fixtures/tiny-split-model.ts';
import { type CommandResult, runAecnn, startCommand } from './command-line.ts';

let folder = '';
let model = '';
let frame = '';
const at = (name: string) => join(folder, name);

const colour = (red: number, green: number, blue: number, width = 300, height = 260) =>
  sharp({ create: { width, height, channels: 3, background: { r: red, g: green, b: blue } } });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-commands-'));
  model = await writeTinySplitModel({}, at('model'));
  await colour(210, 20, 20).jpeg().toFile(at('red.jpg'));
  await colour(20, 20, 210).png().toFile(at('blue.png'));
  const encoded = await runAecnn('encode', model, at('red.jpg'), '--out', at('red.aec'), '--json');
  expect(encoded).toMatchObject({ exitCode: 0, stderr: '' });
  frame = at('red.aec');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A refusal for the user: one sentence on stderr, nothing on stdout, exit code 2. */
function expectRefused(result: CommandResult, sentence: string | RegExp): void {
  expect(result).toMatchObject({ exitCode: 2, stdout: '' });
  expect(result.stderr).toMatch(/^error: [^\n]+\n$/);
  expect(result.stderr).toMatch(sentence);
}

/** Starts an edge on a free port and waits for the line that says where. */
async function startEdge(...args: string[]) {
  const { child, result } = startCommand('serve', model, '--port', '0', '--json', ...args);
  const failed = result.then(({ stderr }) => Promise.reject(new Error(`the edge ended: ${stderr}`)));
  failed.catch(() => undefined);
  const [line] = await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), failed]);
  return { child, result, url: JSON.parse(String(line)).url as string };
}

describe('info', () => {
  test('tells what the model is', async () => {
    const { exitCode, stdout, stderr } = await runAecnn('info', model, '--json');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      modelId: expect.stringMatching(/^[0-9a-f]{12}$/),
      network: 'resnet50',
      split: 'conv4_x',
      tail: 'stock',
      classes: ['red', 'green', 'blue'],
      latentShape: [6, 7, 7],
      licence: 'Apache-2.0',
      sources: [{ name: 'nothing' }],
      curve: [{ budgetBytes: 60 }, { budgetBytes: 1200 }],
    });
  });

  test('no folder, a file, a folder that is no model: what to do', async () => {
    expectRefused(await runAecnn('info', at('nowhere')), 'there is no model folder');
    expectRefused(await runAecnn('info', frame), 'is a file: give the folder of a split model');
    expectRefused(await runAecnn('info', folder), /manifest\.json of the split model cannot be read .*"aecnn build"/);
  });
});

describe('encode and decode', () => {
  test('a frame is small, and its answer right', async () => {
    const { exitCode, stdout, stderr } = await runAecnn('decode', model, frame, '--json');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const { top, chunks } = JSON.parse(stdout);
    expect(top[0]).toEqual({ label: 'red', probability: expect.any(Number) });
    expect(chunks).toEqual({ decoded: 3, of: 3 });
    expect((await readFile(frame)).length).toBeLessThan(400);
  });

  test('--max-bytes leaves out chunks, and refuses what cannot be kept', async () => {
    const { exitCode, stdout } = await runAecnn(
      ...['encode', model, at('red.jpg'), '--out', at('small.aec'), '--max-bytes', '100', '--json'],
    );
    expect(exitCode).toBe(0);
    const { frameBytes, chunks } = JSON.parse(stdout);
    expect(frameBytes).toBeLessThanOrEqual(100);
    expect(chunks.encoded).toBeLessThan(3);
    const refused = await runAecnn('encode', model, at('red.jpg'), '--out', at('none.aec'), '--max-bytes', '14');
    expectRefused(refused, 'more than the limit of 14');
    expect(await readdir(folder)).not.toContain('none.aec');
  });

  test('a frame cut after its first chunk: an answer, a warning, exit 0; before: exit 2', async () => {
    const bytes = await readFile(frame);
    await writeFile(at('cut.aec'), bytes.subarray(0, bytes.length - 3));
    const cut = await runAecnn('decode', model, at('cut.aec'), '--json');
    expect(cut.exitCode).toBe(0);
    expect(cut.stderr).toMatch(/^warning: .*cut\.aec: chunk 2 is cut or damaged/);
    expect(JSON.parse(cut.stdout)).toMatchObject({ top: [{ label: 'red' }, {}, {}], chunks: { decoded: 2, of: 3 } });
    await writeFile(at('stump.aec'), bytes.subarray(0, 14));
    expectRefused(await runAecnn('decode', model, at('stump.aec'), '--json'), 'chunk 0 is cut or damaged');
  });

  test('flipped bits, an empty file, a foreign file, no file', async () => {
    const bytes = await readFile(frame);
    const flipped = Buffer.from(bytes);
    flipped[20] = (flipped[20] ?? 0) ^ 0x10;
    await writeFile(at('flipped.aec'), flipped);
    expectRefused(await runAecnn('decode', model, at('flipped.aec')), 'chunk 0 is cut or damaged');
    await writeFile(at('empty.aec'), '');
    expectRefused(await runAecnn('decode', model, at('empty.aec')), 'not the beginning of a frame');
    expectRefused(await runAecnn('decode', model, at('red.jpg')), 'not the beginning of a frame');
    expectRefused(await runAecnn('decode', model, at('gone.aec')), 'No such file');
  });

  test('a frame of another model names both', async () => {
    const other = await writeTinySplitModel({ seed: 1 }, at('other'));
    expectRefused(
      await runAecnn('decode', other, frame),
      /the frame was made for model [0-9a-f]{12}, this is model [0-9a-f]{12}/,
    );
  });

  test('a damaged model is refused by name', async () => {
    const damaged = await writeTinySplitModel({}, at('damaged'));
    await writeFile(join(damaged, 'edge.onnx'), 'x');
    expectRefused(await runAecnn('decode', damaged, frame), 'edge.onnx has 1 bytes, manifest.json says');
  });

  test('a frame into a folder that is none leaves nothing behind', async () => {
    const refused = await runAecnn('encode', model, at('red.jpg'), '--out', join(frame, 'below', 'a-file.aec'));
    expect(refused.exitCode).toBe(2);
  });
});

describe('serve and infer', () => {
  test('pictures of every kind are answered by the edge, a killed edge by the device', async () => {
    const pictures = at('pictures');
    await writeTinySplitModel({}, pictures);
    const put = (name: string) => join(pictures, name);
    // That the pixels are turned right is tested beside the decoder; here, that such a file goes the whole way.
    await colour(210, 20, 20, 300, 900).withMetadata({ orientation: 6 }).jpeg().toFile(put('exif.jpg'));
    await colour(128, 128, 128).toColourspace('b-w').jpeg().toFile(put('grey.jpg'));
    await colour(20, 210, 20).toColourspace('cmyk').jpeg().toFile(put('cmyk.jpg'));
    await sharp({ create: { width: 64, height: 64, channels: 4, background: { r: 0, g: 0, b: 255, alpha: 0.9 } } })
      .png()
      .toFile(put('transparent.png'));

    const edge = await startEdge();
    const live = await runAecnn('infer', model, pictures, at('blue.png'), '--edge', edge.url, '--json');
    expect(live).toMatchObject({ exitCode: 0, stderr: '' });
    const answers: { image: string; top: { label: string }[]; via: string }[] = JSON.parse(live.stdout);
    expect(Object.keys(answers[0] ?? {})).toEqual(['image', 'top', 'via', 'inTime', 'frameBytes', 'chunks', 'timeMs']);
    const labels = Object.fromEntries(answers.map(({ image, top }) => [image.split('/').at(-1), top[0]?.label]));
    expect(labels).toMatchObject({
      'exif.jpg': 'red',
      'cmyk.jpg': 'green',
      'transparent.png': 'blue',
      'blue.png': 'blue',
    });
    expect(labels).toHaveProperty(['grey.jpg']);
    expect(answers.every(({ via }) => via === 'edge')).toBe(true);

    const [soon] = JSON.parse(
      (await runAecnn('infer', model, at('red.jpg'), '--edge', edge.url, '--deadline', '5000', '--json')).stdout,
    );
    expect(soon).toMatchObject({ via: 'edge', inTime: true, top: [{ label: 'red' }, {}, {}] });
    const tooSoon = await runAecnn('infer', model, at('red.jpg'), '--edge', edge.url, '--deadline', '1');
    expectRefused(tooSoon, /a deadline of 1 ms is too short: this device needs \d+ ms by itself/);
    const bothTooSoon = await runAecnn('infer', model, at('red.jpg'), at('blue.png'), '--deadline', '1');
    expect(bothTooSoon.exitCode).toBe(2);
    expect(bothTooSoon.stderr).toMatch(/2 pictures have no answer, see above: give them a later --deadline/);

    edge.child.kill('SIGKILL');
    await edge.result;
    const alone = await runAecnn('infer', model, at('red.jpg'), '--edge', edge.url, '--json');
    expect(alone.exitCode).toBe(0);
    expect(alone.stderr).toMatch(/^warning: the device itself answered 1 of 1, since the edge at .* cannot be reached/);
    expect(JSON.parse(alone.stdout)).toMatchObject([{ via: 'device', top: [{ label: 'red' }, {}, {}] }]);
  });

  test('SIGTERM and Ctrl-C end the edge with exit code 0', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const edge = await startEdge();
      expect(await (await fetch(`${edge.url}/v2/health/ready`)).json()).toEqual({ ready: true });
      edge.child.kill(signal);
      expect(await edge.result).toMatchObject({ exitCode: 0, stderr: '' });
    }
  });

  test('a port in use', async () => {
    const edge = await startEdge();
    const { port } = new URL(edge.url);
    expectRefused(
      await runAecnn('serve', model, '--port', port),
      `port ${port} on 127.0.0.1 is in use: stop the program`,
    );
    edge.child.kill('SIGTERM');
    await edge.result;
  });

  test('no picture, a picture that is none, a folder without any, an address that is none', async () => {
    expectRefused(await runAecnn('infer', model, at('nothing.jpg')), 'there is no picture or folder');
    await writeFile(at('text.jpg'), 'not a picture');
    expectRefused(await runAecnn('infer', model, at('text.jpg')), 'is no picture that can be decoded');
    expectRefused(await runAecnn('infer', model, model), 'holds no picture');
    expectRefused(await runAecnn('infer', model, at('red.jpg'), '--edge', 'localhost'), 'is no address of an edge');
  });
});
