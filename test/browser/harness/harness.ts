/** The device's parts in a browser, one by one, for `device.test.ts`. Bytes travel as base64. */

import { encodeFrame, type SplitModel } from 'aecnn/core';
import { createImageCompressor, type ImageCompressor } from 'aecnn/device';
import { decodeBrowserPicture, fetchSplitModel } from 'aecnn/device/web';
import { createWebRuntime } from 'aecnn/runtime/web';
import type { Harness } from './harness-api.ts';

let opened: { readonly model: SplitModel; readonly compressor: ImageCompressor } | undefined;

function parts() {
  if (opened === undefined) throw new Error('open a model first');
  return opened;
}

const fromBase64 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const toBase64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));

const harness: Harness = {
  async open(modelUrl) {
    let bytes = 0;
    const model = await fetchSplitModel(modelUrl, {
      onProgress({ loadedBytes, totalBytes }) {
        if (loadedBytes === totalBytes) bytes += loadedBytes;
      },
    });
    const compressor = await createImageCompressor(model, await createWebRuntime());
    opened = { model, compressor };
    return bytes;
  },
  async symbolsOf(rgb) {
    const { symbols } = await parts().compressor.analyse({ rgb: fromBase64(rgb) });
    return [...symbols];
  },
  frameOf: (symbols) => toBase64(encodeFrame(Int16Array.from(symbols), parts().model.layout)),
  pixelsOf: async (file) => toBase64((await decodeBrowserPicture(new Blob([fromBase64(file)]))).rgb),
  close: () => parts().compressor.close(),
};

Object.assign(globalThis, { harness });
