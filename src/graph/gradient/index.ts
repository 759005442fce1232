// Gradients of graphs: reverse mode as nodes of the same graph.
export { gradient, pullback, stopGradient } from './gradient.js';
