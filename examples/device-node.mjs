import { readFile } from 'node:fs/promises';
import { readSplitModel } from 'aecnn/core';
import { createDevice } from 'aecnn/device';
import { createNodeTransport } from 'aecnn/device/node';
import { createNodeRuntime } from 'aecnn/runtime/node';
import { decodePicture } from 'aecnn/runtime/picture';

const [folder, edge, picture] = process.argv.slice(2);
const model = await readSplitModel((name) => readFile(`${folder}/${name}`));
const transport = createNodeTransport(edge);
const device = await createDevice({ model, transport, runtime: await createNodeRuntime() });
const { top, via, inTime, frameBytes } = await device.infer(await decodePicture(picture), { deadlineMs: 2000 });
console.log(JSON.stringify({ label: top[0].label, via, inTime, frameBytes }));
await device.close();
await transport.close();
