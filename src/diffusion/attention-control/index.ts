// Public face of attention control: what methods build on.

export { alignTokens, type TokenSwap, tokenSwap } from './alignment.js';
export { AttentionRecorder, type WordMap } from './attention-recorder.js';
export {
  type BoxLossSettings,
  type BoxLossTerms,
  boxFeeds,
  boxLoss,
  CANVAS,
  type CanvasBox,
  cellBox,
} from './box-loss.js';
export { branchSwap, type SwapState, swapFeeds } from './branch-swap.js';
export { CROSS_OUTPUT, type CrossTaps, crossTaps, tapOutputs } from './cross-taps.js';
export { type GradientPass, type GradientResult, type MapLoss, openGradientPass } from './gradient-pass.js';
export { heatMap } from './heat-map.js';
export { type GridMap, inverseMaskFeeds, type MaskNorm, neutralScales, resizeMap } from './inverse-mask.js';
export {
  attentionSites,
  combineControls,
  crossResolutions,
  type NetworkControl,
  nearestResolution,
  type Resolution,
  resolutionName,
} from './network-control.js';
export { type Smoothing, tokenColumns, tokenMaps } from './token-maps.js';
