/** What the page asks of its edge over HTTP, beside the frames. */

import { type Manifest, parseManifest } from 'aecnn/core';

/** A model that the edge serves. */
export interface ServedModel {
  readonly name: string;
  readonly modelId: string;
}

/** A sample picture. */
export interface Sample {
  readonly label: string;
  readonly url: string;
}

/** What the edge says to a whole picture. */
export interface PictureAnswer {
  readonly top: readonly { readonly label: string; readonly probability: number }[];
  readonly timeMs: number;
}

/** Address of the folder of a model's files. */
export const modelUrl = (modelId: string): string => new URL(`web/models/${modelId}/`, location.href).href;

/** Address of the edge. */
export const edgeUrl = (): string => new URL('.', location.href).href;

/** Models that answer. */
export const servedModels = (): Promise<ServedModel[]> => json('web/models.json');

/** What a model is, before anything large of it is fetched. */
export const servedManifest = async (modelId: string): Promise<Manifest> =>
  parseManifest(await (await request(`${modelUrl(modelId)}manifest.json`)).text());

/** Sample pictures, maybe none. */
export const samplePictures = (): Promise<Sample[]> => json('web/samples.json');

/** The file of a sample picture. */
export const sampleFile = async (url: string): Promise<Blob> => (await request(url)).blob();

/** Has the edge answer a whole picture. */
export function inferPicture(modelId: string, picture: Blob, signal: AbortSignal): Promise<PictureAnswer> {
  const headers = { 'content-type': picture.type };
  return json(`web/models/${modelId}/picture`, { method: 'POST', body: picture, headers, signal });
}

async function json<Value>(path: string, init?: RequestInit): Promise<Value> {
  return (await request(path, init)).json();
}

/** What the edge sends, or an error that names the edge: a browser's own says `Failed to fetch`. */
async function request(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (cause) {
    if (cause instanceof TypeError) throw new Error('the edge is away', { cause });
    throw cause;
  }
  if (response.ok) return response;
  const { error = response.statusText } = await response.json().catch(() => ({}));
  throw new Error(`the edge answered ${response.status}: ${error}`);
}
