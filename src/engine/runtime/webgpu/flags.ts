/** Flags of the WebGPU specification; Node has no globals for them. */
export const usage = {
  mapRead: 1,
  copySrc: 4,
  copyDst: 8,
  uniform: 64,
  storage: 128,
  queryResolve: 512,
};
export const mapModeRead = 1;
export const computeStage = 4;
