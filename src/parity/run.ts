// Recomputes every reference tensor that is known, and lists the others.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { ContrappostoError, throwIfAborted } from '../core/errors.js';
import type { OnProgress } from '../core/progress.js';
import type { Runtime } from '../runtime/index.js';
import { type Checkpoint, type ModelFolder, openModelFolder, openSafetensors } from '../weights/index.js';
import { attentionMaps } from './attention.js';
import { clipTowers } from './clip.js';
import { components } from './components.js';
import { controlNetResiduals } from './controlnet.js';
import type { ParityFamily, ReferenceFile } from './family.js';
import { attendExciteRun, boxDiffRun } from './guided-runs.js';
import { inpaintRun } from './inpaint.js';
import { measures, otsu } from './measures.js';
import { findNetwork, type NetworkKind } from './networks.js';
import { pipelineRuns } from './pipeline.js';
import type { ParityReport } from './report.js';
import { residualNetworks } from './resnet.js';
import { schedulers } from './schedulers.js';
import { openWithSiblings } from './shared-parts.js';
import { adapterFeatures } from './t2i-adapter.js';
import { checkTokenizer } from './tokenizers.js';

const FAMILIES: readonly ParityFamily[] = [
  components,
  pipelineRuns,
  schedulers,
  attentionMaps,
  attendExciteRun,
  boxDiffRun,
  controlNetResiduals,
  adapterFeatures,
  inpaintRun,
  clipTowers,
  residualNetworks,
  measures,
  otsu,
];

/** Reference tensors of checkpoint `name` lie in a folder `name-io`. */
const IO_SUFFIX = '-io';

export interface ParityOptions {
  /** Folder with reference files; searched with its sub-folders. */
  io: string;
  /** Folder whose sub-folders are the checkpoints. */
  checkpoints: string;
  runtime: Runtime;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/**
 * Compares this implementation with reference tensors of others.
 *
 * @throws ContrappostoError `not-found` for a missing folder or checkpoint, `corrupt-file` for files that are damaged or
 *   lack an input, `usage` when the folder holds nothing that could be checked
 */
export async function runParity(options: ParityOptions): Promise<ParityReport> {
  const { io, signal, onProgress } = options;
  requireFolder('--io', io);
  requireFolder('--checkpoints', options.checkpoints);
  const report: ParityReport = { checks: [], notChecked: [] };
  const opened = new Map<string, Checkpoint>();
  try {
    for (const path of referenceFiles(io)) {
      throwIfAborted(signal, 'parity');
      onProgress?.({ type: 'stage', stage: 'parity', detail: path });
      if (path.endsWith('.json')) report.checks.push(...tokenizerChecks(path, options));
      else await recomputeFile(path, { options, opened, report });
    }
  } finally {
    for (const checkpoint of opened.values()) checkpoint.close();
  }
  if (report.checks.length > 0) return report;
  throw new ContrappostoError('usage', {
    operation: `parity --io ${io}`,
    expected: `${FAMILIES.map((f) => `${f.stem}.safetensors`).join(', ')} or cases.json`,
    got: report.notChecked.length > 0 ? `only ${report.notChecked.join(', ')}` : 'none of them',
  });
}

interface FileJob {
  options: ParityOptions;
  opened: Map<string, Checkpoint>;
  report: ParityReport;
}

async function recomputeFile(path: string, { options, opened, report }: FileJob): Promise<void> {
  const source = openSafetensors(join(options.io, path));
  const networks: (ModelFolder & { close(): void })[] = [];
  try {
    const names = new Set(source.names());
    const file: ReferenceFile = { path, names, metadata: source.metadata, read: (name) => source.read(name) };
    const family = FAMILIES.find((f) => f.stem === basename(path, '.safetensors') || f.accepts?.(file));
    if (!family) {
      report.notChecked.push(`${path} (${names.size} tensors)`);
      return;
    }
    const { runtime, signal } = options;
    const checkpoint = () => remember(opened, checkpointFolder(path, options), options.checkpoints);
    const network = (kind: NetworkKind) => {
      const opened = openModelFolder(findNetwork(options.checkpoints, { kind, near: checkpointName(path, options) }));
      networks.push(opened);
      return opened;
    };
    const { checks, inputs } = await family.recompute(file, { runtime, signal, checkpoint, network });
    report.checks.push(...checks);
    const seen = new Set([...inputs, ...checks.map((c) => c.tensor)]);
    for (const name of names) if (!seen.has(name)) report.notChecked.push(`${path}: ${name}`);
  } catch (error) {
    // Networks that are not implemented are a gap of this program, not a fault of the files.
    if (!(error instanceof ContrappostoError) || error.code !== 'unsupported') throw error;
    report.notChecked.push(`${path} (${error.message.split('\n')[0]})`);
  } finally {
    for (const opened of [source, ...networks]) opened.close();
  }
}

function remember(opened: Map<string, Checkpoint>, folder: string, checkpoints: string): Checkpoint {
  const checkpoint = opened.get(folder) ?? openWithSiblings(folder, checkpoints);
  opened.set(folder, checkpoint);
  return checkpoint;
}

/** `tiny-sd-io/components.safetensors` belongs to the checkpoint `tiny-sd`, `tiny-clip-io.safetensors` to `tiny-clip`. */
function checkpointName(path: string, { io }: ParityOptions): string {
  const full = resolve(io, path);
  const candidates = [basename(full, '.safetensors'), basename(dirname(full))];
  const named = candidates.find((name) => name.endsWith(IO_SUFFIX));
  return named ? named.slice(0, -IO_SUFFIX.length) : candidates[1];
}

function checkpointFolder(path: string, options: ParityOptions): string {
  const { checkpoints } = options;
  const name = checkpointName(path, options);
  const found = [join(checkpoints, name), checkpoints].find((place) => isCheckpoint(place));
  if (found) return found;
  throw new ContrappostoError('not-found', {
    operation: `checkpoint of ${path}`,
    expected: `a checkpoint in ${join(checkpoints, name)}`,
    got: 'none',
    hint: 'give the folder that holds the checkpoints with --checkpoints',
  });
}

function isCheckpoint(folder: string): boolean {
  return ['unet', 'vae', 'text_encoder'].some((part) => existsSync(join(folder, part, 'config.json')));
}

function tokenizerChecks(path: string, { io, checkpoints }: ParityOptions) {
  const beside = dirname(resolve(io, path));
  const folders = [beside, join(checkpoints, basename(beside)), join(checkpoints, 'tokenizer')];
  const folder = folders.find((f) => existsSync(join(f, 'vocab.json')) || existsSync(join(f, 'tokenizer.json')));
  if (folder) return checkTokenizer(path, { path: resolve(io, path), folder });
  throw new ContrappostoError('not-found', {
    operation: `tokenizer of ${path}`,
    expected: `vocab.json in ${folders.join(' or ')}`,
    got: 'none',
  });
}

/** Reference files below `folder`, sorted; the weights of networks (beside a config.json) are none. */
function referenceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .filter(({ name }) => name.endsWith('.safetensors') || name === 'cases.json')
    .filter(({ parentPath }) => !existsSync(join(parentPath, 'config.json')))
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).split(sep).join('/'))
    .sort();
}

function requireFolder(option: string, folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new ContrappostoError('not-found', { operation: `${option} ${folder}`, expected: 'a folder', got: 'none' });
}
