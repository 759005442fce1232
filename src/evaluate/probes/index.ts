// The probes by name.
import type { ProbeKind, ProbeName } from '../probe.js';
import { clipProbe, pickscoreProbe } from './clip.js';
import { centernetProbe, mobilenetProbe, movenetProbe, poseProbe } from './detectors.js';
import { inceptionProbe } from './inception.js';
import { judgeProbe } from './judge.js';
import { likenessProbe, lpipsProbe } from './likeness.js';

export const PROBES: { readonly [N in ProbeName]: ProbeKind<N> } = {
  movenet: movenetProbe,
  centernet: centernetProbe,
  mobilenet: mobilenetProbe,
  pose: poseProbe,
  judge: judgeProbe,
  clip: clipProbe,
  likeness: likenessProbe,
  lpips: lpipsProbe,
  inception: inceptionProbe,
  pickscore: pickscoreProbe,
};
