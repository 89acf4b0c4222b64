/** What a device in a browser needs beside `device/index.ts`: the network, pictures and a place to keep the model. */

export { type DownloadProgress, type FetchModelOptions, fetchSplitModel } from './fetch-model.ts';
export { decodeBrowserPicture, inputFromVideo } from './picture.ts';
export { createWebTransport, openWebSocket, type WebTransportOptions } from './transport.ts';
