export { atomicFolder, atomicWriteFile } from './atomic-write.ts';
export { lockFolder } from './folder-lock.ts';
export { makeFolder } from './make-folder.ts';
