/**
 * Bad input to every command, as a new user gives it, in real processes: one sentence that says what to do, exit code 2,
 * nothing half-written, JSON alone on stdout. Odd but valid input works. What `edge-commands.test.ts` shows is not repeated.
 */

import { appendFile, cp, mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { backboneWeights, fetchTimeoutMs, testCacheFolder } from '../fixtures/backbone-weights.ts';
import { writeTinySplitModel } from '../fixtures/tiny-split-model.ts';
import { runAecnn } from './command-line.ts';
import { encodedPicture, expectAllRefused, expectRefused, solid } from './refusals.ts';

const withWeights = { timeout: 60_000 + fetchTimeoutMs };

const { folder, model, red, frame } = await encodedPicture();
afterAll(() => rm(folder, { recursive: true, force: true }));
const at = (...names: string[]) => join(folder, ...names);

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

    await writeFile(join(mixed, 'b empty.jpg'), '');
    const two = await runAecnn('infer', model, mixed, '--json');
    expect(two.stderr).toMatch(
      /^warning: .*a text\.jpg is no picture.*\nwarning: .*b empty\.jpg is empty.*\nerror: 2 pictures cannot be read: mend/,
    );
    expect(two.exitCode).toBe(2);
    expect(JSON.parse(two.stdout)).toHaveLength(1);
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
      writeFile(path, (await readFile(path, 'utf8')).replace(/"formatVersion": ?2/, '"formatVersion": 3')),
    );
    const edgeless = await broken('edgeless', 'edge.onnx', (path) => rm(path));
    const page = await broken('page', 'manifest.json', (path) => writeFile(path, '<html>'));
    await expectAllRefused([
      [['encode', flipped, red, '--out', at('none.aec')], /device\.onnx is damaged: .*build the model again/],
      [['info', newer, '--json'], /manifest\.json has format version 3, this aecnn reads 2: install/],
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

  test('an experiment without data, and parts of one that does not exist; --dry-run runs nothing', async () => {
    const paper = (...more: string[]) => ['experiment', 'paper', '--out', at('paper'), ...more];
    const data = await dataFolder('for the paper');
    await expectAllRefused([
      [paper(), /give --data <folder with a folder per class>, or --quick/],
      [paper('--data', data, '--only', 'conv9x'), /no configuration has "conv9x" in its id; --dry-run lists them/],
      [paper('--data', at('nowhere')), /nowhere/],
      [paper('--data', data, '--train-per-class', '0'), /at least 1, got "0"/],
      [['experiment', 'newspaper'], /unknown command|newspaper/],
    ]);
    const { exitCode, stdout } = await runAecnn(...paper('--data', data, '--dry-run', '--json'));
    expect(exitCode).toBe(0);
    const rows = JSON.parse(stdout) as { id: string; done: boolean }[];
    expect(rows.map(({ id }) => id)).toContain('aecnn-conv4x-packet-seed0');
    expect(rows.some(({ done }) => done)).toBe(false);
    expect(await readdir(folder)).not.toContain('paper');
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
