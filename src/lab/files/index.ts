export { atomicFolder, atomicWriteFile } from './atomic-write.ts';
export { makeFolder } from './make-folder.ts';
