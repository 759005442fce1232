// The networks that steer a `generate` run by pictures (ControlNets, T2I-Adapters): what the command line says of them.
import { ContrappostoError } from '../core/errors.js';
import type { ControlRecord, RunRecord } from '../diffusion/run-record.js';
import { LIMITS } from './limits.js';
import { type ReadPicture, readPicture } from './source-pictures.js';

export interface ControlOptions {
  /** `FOLDER[:SCALE[:START:END]]` each. */
  control?: string[];
  controlImage?: string[];
  adapter?: string[];
  adapterImage?: string[];
}

/** A network by name, how it acts, and its picture. */
export interface PlannedControl extends Omit<ControlRecord, 'fingerprint' | 'image'> {
  picture: ReadPicture;
  /** Fingerprint of the weights that made the picture being repeated. */
  expectedFingerprint?: string;
}

type Kind = ControlRecord['kind'];
type NamedControl = Omit<PlannedControl, 'picture'>;

/** What the options of each kind are called. */
const OPTIONS: Record<Kind, { network: string; image: string }> = {
  controlnet: { network: '--control', image: '--control-image' },
  't2i-adapter': { network: '--adapter', image: '--adapter-image' },
};

/**
 * Settles the networks from the options, or those of the run being repeated where the options name none of a kind, and
 * reads their pictures. Throws `usage`, `invalid-input`, and what `readImage` throws.
 */
export async function planControls(options: ControlOptions, from: RunRecord | undefined): Promise<PlannedControl[]> {
  const { control = [], controlImage = [], adapter = [], adapterImage = [] } = options;
  return [
    ...(await planKind('controlnet', { networks: control, images: controlImage }, from)),
    ...(await planKind('t2i-adapter', { networks: adapter, images: adapterImage }, from)),
  ];
}

async function planKind(
  kind: Kind,
  { networks, images }: { networks: readonly string[]; images: readonly string[] },
  from: RunRecord | undefined,
): Promise<PlannedControl[]> {
  const before = (networks.length === 0 && from?.controls?.filter((control) => control.kind === kind)) || [];
  const named: NamedControl[] = [
    ...networks.map((text) => parseControl(kind, text)),
    ...before.map(({ image: _, fingerprint, ...same }) => ({ ...same, expectedFingerprint: fingerprint })),
  ];
  named.forEach(requireActing);
  if (images.length > 0 || before.length === 0) requireImages(kind, { networks: named.length, images: images.length });
  const planned: PlannedControl[] = [];
  for (const [i, control] of named.entries()) {
    const path = images.length > 1 ? images[i] : images[0];
    planned.push({ ...control, picture: (await readPicture(path, before[i]?.image))! });
  }
  return planned;
}

/** `FOLDER[:SCALE[:START:END]]`; a colon with anything but a number behind it belongs to the name. */
function parseControl(kind: Kind, text: string): NamedControl {
  const parts = text.split(':');
  const numbers: number[] = [];
  while (parts.length > 1 && numbers.length < 3 && /^[+-]?(\d+\.?\d*|\.\d+)$/.test(parts[parts.length - 1])) {
    numbers.unshift(Number(parts.pop()));
  }
  const name = parts.join(':');
  const [scale = 1, start = 0, end = 1] = numbers;
  const { min, max } = LIMITS.controlScale;
  const acts = scale >= min && scale <= max && start >= 0 && start < end && end <= 1;
  if (name !== '' && numbers.length !== 2 && acts) return { kind, name, scale, start, end };
  const { network } = OPTIONS[kind];
  throw new ContrappostoError('usage', {
    operation: network,
    expected: `FOLDER, FOLDER:SCALE or FOLDER:SCALE:START:END; the scale from ${min} to ${max}, 0 <= START < END <= 1`,
    got: `"${text}"`,
    hint: `for example ${network} openpose:0.8, or openpose:1:0:0.5 for the first half of the steps`,
  });
}

/** Values of a foreign PNG have not passed `parseControl`. */
function requireActing({ name, scale, start, end }: NamedControl): void {
  const { min, max } = LIMITS.controlScale;
  if (scale >= min && scale <= max && start >= 0 && start < end && end <= 1) return;
  throw new ContrappostoError('invalid-input', {
    operation: `control "${name}"`,
    expected: `a scale from ${min} to ${max}, and 0 <= start < end <= 1`,
    got: `${scale}, ${start} and ${end}`,
  });
}

/** One picture a network, or one for all. */
function requireImages(kind: Kind, { networks, images }: { networks: number; images: number }): void {
  if (images === networks || (images === 1 && networks > 0)) return;
  const { network, image } = OPTIONS[kind];
  throw new ContrappostoError('usage', {
    operation: networks === 0 ? image : network,
    expected:
      networks === 0 ? `a network for it (${network} FOLDER)` : `a picture for each (${image} FILE), or one for all`,
    got: networks === 0 ? 'none' : `${images} for ${networks}`,
    hint: `for example ${network} openpose ${image} pose.png`,
  });
}
