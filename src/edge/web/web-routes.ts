/**
 * The page of a device in a browser, and what it needs: the models' files, sample pictures, and answers to whole pictures to
 * compare with.
 *
 *     GET  /                              the page
 *     GET  /web/models.json               models that answer
 *     GET  /web/models/{id}/{file}        a file of one, for the device; with ?sha256=... it may be kept for ever
 *     POST /web/models/{id}/picture       a whole picture, answered here
 *     GET  /web/samples.json, /web/samples/{label}/{file}
 */

import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { EnvironmentError, ImageError, ModelError } from '../../core/errors.ts';
import { compactDeviceFileName, devicePrecisions, fileDigest, type SplitModel } from '../../core/model/index.ts';
import type { Runtime } from '../../runtime/session.ts';
import type { EdgeModel } from '../edge-model.ts';
import { createFileShelf } from './file-shelf.ts';
import { createPictureDesk } from './picture-desk.ts';

/** Where the page and its samples lie. */
export interface WebFolders {
  /** The built page, with `index.html`. */
  readonly page: string;
  /** Sample pictures, a folder for each label; none when left out. */
  readonly samples?: string;
}

/** Options of {@link addWebRoutes}. */
export interface WebRoutesOptions {
  readonly folders: WebFolders;
  readonly ready: () => readonly EdgeModel[];
  /** For the device graphs of pictures that are answered here. */
  readonly runtime: Runtime;
  readonly maxPictureBytes: number;
  /** Told of each answer that is under way: the edge does not stop before. */
  readonly track: <Answer>(answer: Promise<Answer>) => Promise<Answer>;
}

interface ModelFileParams {
  readonly modelId: string;
  readonly file: string;
}

/** What a device reads of a model. */
const deviceFiles: readonly string[] = [
  'manifest.json',
  'entropy.bin',
  'device.onnx',
  'fallback.onnx',
  ...devicePrecisions.map(compactDeviceFileName),
];
const untilChanged = { 'cache-control': 'no-cache' };
/** For an address that names the hash of what it leads to. */
const forEver = 'public, max-age=31536000, immutable';

/**
 * Adds the routes.
 *
 * @throws {@link EnvironmentError} when the page has not been built.
 */
export async function addWebRoutes(app: FastifyInstance, options: WebRoutesOptions): Promise<void> {
  const { folders, ready, runtime, maxPictureBytes, track } = options;
  if (!existsSync(join(folders.page, 'index.html'))) {
    throw new EnvironmentError(`there is no page in ${folders.page}: build it with "npm run build:web"`);
  }
  const samples = folders.samples === undefined ? [] : await samplesIn(folders.samples);
  const pictures = createPictureDesk(ready, runtime);
  app.addHook('onClose', () => pictures.close());
  const filesOf = createFileShelf();
  // What a page sends is a picture, whatever the browser calls it: bytes, never anything that could be taken for a path.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: maxPictureBytes }, (_request, body, done) =>
    done(null, body),
  );
  await pictures.open();

  const modelOf = (modelId: string): EdgeModel => {
    const found = ready().find(({ model }) => model.manifest.modelId === modelId);
    if (found === undefined) throw new ModelError(`there is no model ${modelId} here: load the page again`);
    return found;
  };

  await app.register(fastifyStatic, { root: folders.page, preCompressed: true, schemaHide: true });
  if (folders.samples !== undefined) {
    await app.register(fastifyStatic, {
      root: folders.samples,
      prefix: '/web/samples/',
      decorateReply: false,
      schemaHide: true,
    });
  }
  const hidden = { schema: { hide: true } };
  app.get('/web/samples.json', hidden, async (_request, reply) => reply.headers(untilChanged).send(samples));
  app.get('/web/models.json', hidden, async (_request, reply) =>
    reply
      .headers(untilChanged)
      .send(ready().map(({ model: { manifest } }) => ({ name: manifest.name, modelId: manifest.modelId }))),
  );
  app.get<{ Params: ModelFileParams; Querystring: { readonly sha256?: string } }>(
    '/web/models/:modelId/:file',
    hidden,
    async ({ params, query }, reply) => {
      const { model } = modelOf(params.modelId);
      if (!deviceFiles.includes(params.file)) {
        throw new ModelError(`${params.file} is no file of a device: ${deviceFiles.join(', ')} are`);
      }
      const bytes = await filesOf(model, params.file);
      return reply
        .headers(isNamedByHash(model, params.file, query.sha256) ? { 'cache-control': forEver } : untilChanged)
        .type(params.file.endsWith('.json') ? 'application/json' : 'application/octet-stream')
        .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
  );
  app.post<{ Params: Pick<ModelFileParams, 'modelId'> }>(
    '/web/models/:modelId/picture',
    hidden,
    async ({ params, body }) => {
      if (!(body instanceof Uint8Array))
        throw new ImageError('there is no picture in the request: send one as its body');
      return track(pictures.infer(modelOf(params.modelId), body));
    },
  );
}

/** Whether an address says the hash of what it leads to: then it always leads to the same. */
const isNamedByHash = ({ manifest }: SplitModel, file: string, sha256: string | undefined): boolean =>
  sha256 !== undefined && file !== 'manifest.json' && fileDigest(manifest, file).sha256 === sha256;

/** A sample picture, and where it is served. */
interface Sample {
  readonly label: string;
  readonly url: string;
}

async function samplesIn(folder: string): Promise<Sample[]> {
  const found = await readdir(folder, { withFileTypes: true, recursive: true });
  return found
    .filter((entry) => entry.isFile() && /\.(jpe?g|png|webp)$/i.test(entry.name))
    .map(({ name, parentPath }) => {
      const label = parentPath.slice(folder.length).replaceAll('\\', '/').replace(/^\//, '');
      return { label, url: `web/samples/${label === '' ? '' : `${label}/`}${encodeURIComponent(name)}` };
    })
    .sort((a, b) => (a.url < b.url ? -1 : 1));
}
