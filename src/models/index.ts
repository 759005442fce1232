// Whole networks under their usual names.
export * from './attention-control.js';
export * from './autoencoder.js';
export * from './autoencoder-kl.js';
export { withTodaysNames } from './autoencoder-kl-names.js';
export * from './autoencoder-tiny.js';
export * from './clip-model.js';
export * from './clip-text-model.js';
export * from './clip-vision-model.js';
export { parseConfig } from './config.js';
export * from './controlnet.js';
export * from './inception-v3.js';
export * from './judge.js';
export * from './layout-model.js';
export * from './perceptual-network.js';
export { randomWeights } from './random-weights.js';
export * from './resnet.js';
export * from './t2i-adapter.js';
export * from './unet-2d-condition.js';
