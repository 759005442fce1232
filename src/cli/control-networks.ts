// Opens the ControlNets and T2I-Adapters that a plan names.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ContrappostoError } from '../core/errors.js';
import type { OnProgress } from '../core/progress.js';
import { type Adapter, loadAdapter } from '../diffusion/adapter.js';
import { type Control, loadControlNet } from '../diffusion/control.js';
import type { ControlRecord, RunRecord } from '../diffusion/run-record.js';
import { checkpointFingerprint } from '../weights/fingerprint.js';
import { resolveModel } from '../weights/hub.js';
import { openModelFolder } from '../weights/index.js';
import type { PlannedControl } from './control-plan.js';
import type { CommandContext } from './execute.js';

export interface OpenControls {
  controls: Control[];
  adapters: Adapter[];
  /** What the picture keeps of them. */
  records: ControlRecord[];
  close(): void;
}

/**
 * Finds each network (embedded, on disk, on the hub) and reads its config.
 * @throws ContrappostoError `not-found`, `invalid-input` or `unsupported` for what is no such network
 */
export async function openControls(planned: readonly PlannedControl[], context: CommandContext): Promise<OpenControls> {
  const opened: OpenControls & { folders: { close(): void }[] } = {
    controls: [],
    adapters: [],
    records: [],
    folders: [],
    close() {
      for (const folder of this.folders) folder.close();
    },
  };
  try {
    for (const { kind, name, scale, start, end, picture } of planned) {
      const path = await resolveModel(name, context);
      requireNetwork(path, { kind, name });
      const folder = openModelFolder(path);
      opened.folders.push(folder);
      const condition = { image: picture.image, controlScale: scale, controlStart: start, controlEnd: end };
      if (kind === 'controlnet') opened.controls.push({ ...condition, network: loadControlNet(folder) });
      else opened.adapters.push({ ...condition, network: loadAdapter(folder) });
      const image = { path: picture.path, fingerprint: picture.fingerprint };
      const fingerprint = await checkpointFingerprint(path);
      opened.records.push({ kind, name, fingerprint, image, scale, start, end });
    }
    return opened;
  } catch (error) {
    opened.close();
    throw error;
  }
}

/** `openModelFolder` would only miss a file; this says what the folder is instead. */
function requireNetwork(path: string, { kind, name }: Pick<PlannedControl, 'kind' | 'name'>): void {
  if (existsSync(join(path, 'config.json'))) return;
  const pipeline = existsSync(join(path, 'model_index.json'));
  throw new ContrappostoError('invalid-input', {
    operation: `open "${name}"`,
    expected: `the folder of a ${kind === 'controlnet' ? 'ControlNet' : 'T2I-Adapter'} (config.json and weights)`,
    got: pipeline ? 'the folder of a whole pipeline' : 'no config.json in it',
    hint: pipeline
      ? 'a pipeline is given with --model'
      : 'give a folder in the layout of diffusers, or ORG/NAME on the hub',
  });
}

/** Says which networks are not those of the picture being repeated, and which pictures are cut or scaled to fit. */
export function warnOfControls(
  planned: readonly PlannedControl[],
  { controls = [], width, height }: Pick<RunRecord, 'controls' | 'width' | 'height'>,
  onProgress: OnProgress,
): void {
  for (const [i, { name, picture, expectedFingerprint }] of planned.entries()) {
    if (expectedFingerprint && expectedFingerprint !== controls[i].fingerprint) {
      const message = `the network "${name}" is not the one of the picture; the result will differ`;
      onProgress({ type: 'warning', message });
    }
    const { widthPx, heightPx } = picture.image;
    if (widthPx === width && heightPx === height) continue;
    const how = widthPx * height === heightPx * width ? 'resized' : 'cropped and resized';
    const message = `"${picture.path}" is ${how} from ${widthPx} by ${heightPx} to ${width} by ${height}`;
    onProgress({ type: 'warning', message });
  }
}
