// Layers and blocks that every network shares.
export * from './activation.js';
export * from './attention.js';
export * from './convolution.js';
export * from './linear.js';
export * from './normalization.js';
export * from './resnet-block.js';
export * from './timestep-embedding.js';
export * from './transformer-block.js';
