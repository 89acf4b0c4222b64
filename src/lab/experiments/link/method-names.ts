/** The ways in which a picture can get its answer over a link, in the order of the tables. */

/** A method of the simulation. */
export const linkMethodNames = [
  'aecnn',
  'aecnn-fixed',
  'aecnn-fixed-no-fallback',
  'jpeg',
  'webp',
  'jpeg-fallback',
  'jpeg-equal',
  'device',
  'whole-device',
  'oracle',
] as const;

/** Name of a method. */
export type LinkMethodName = (typeof linkMethodNames)[number];

/** What each is, in a few words. */
export const linkMethodDescriptions: { readonly [Name in LinkMethodName]: string } = {
  aecnn: 'the policy: as many chunks as the link carries in time, else the device answers',
  'aecnn-fixed': 'always one full packet, else the device answers',
  'aecnn-fixed-no-fallback': 'always one full packet, else no answer',
  jpeg: 'the best size and quality for this link',
  webp: 'the best size and quality for this link',
  'jpeg-fallback': 'jpeg, else the device answers',
  'jpeg-equal': 'the smallest JPEG that is answered as well as the uncompressed picture',
  device: "the device's own classifier alone",
  'whole-device': 'the whole network on the device',
  oracle: 'AECNN that knows what the link will do',
};
