// The probes by name.
import type { ProbeKind, ProbeName } from '../probe.js';
import { clipProbe } from './clip.js';
import { centernetProbe, mobilenetProbe, movenetProbe, poseProbe } from './detectors.js';
import { judgeProbe } from './judge.js';
import { likenessProbe } from './likeness.js';

export const PROBES: { readonly [N in ProbeName]: ProbeKind<N> } = {
  movenet: movenetProbe,
  centernet: centernetProbe,
  mobilenet: mobilenetProbe,
  pose: poseProbe,
  judge: judgeProbe,
  clip: clipProbe,
  likeness: likenessProbe,
};
