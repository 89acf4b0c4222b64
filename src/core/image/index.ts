export { cropSide, maxAspectRatio, planResize, type Region, type ResizePlan, shorterSide } from './geometry.ts';
export { cropToInput, type Pixels } from './resample.ts';
