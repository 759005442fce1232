// Gradients of graphs: reverse mode as nodes of the same graph.
export type { Checkpointing } from './checkpointing.js';
export { type GradientOptions, gradient, pullback, stopGradient } from './gradient.js';
export { transplant } from './transplant.js';
