// Which files of a repository a pipeline needs: configurations, vocabularies and one variant of each network's weights.
import { ContrappostoError } from '../../core/errors.js';
import { chooseWeights } from '../weight-files.js';
import type { HubFile } from './hub-id.js';

const CONFIGURATIONS = ['config.json', 'scheduler_config.json'];
const VOCABULARY = [
  'vocab.json',
  'merges.txt',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
];
/** Parts of published pipelines that nothing here runs. */
const NOT_RUN = new Set(['safety_checker', 'feature_extractor', 'image_encoder']);

export interface NeededFiles {
  files: HubFile[];
  /** Indices of sharded weights among them: the shards that they name are needed too. */
  indices: HubFile[];
  /** The one file to hand on, where the repository is no folder of networks. */
  single?: string;
}

/**
 * Chooses among the files of a repository.
 *
 * @param index the content of model_index.json, where there is one
 * @throws `not-found` when nothing in it can be used, `invalid-input` when one of several files has to be named
 */
export function neededFiles(
  all: readonly HubFile[],
  { model, index, variant }: { model: string; index?: Readonly<Record<string, unknown>>; variant?: string },
): NeededFiles {
  if (index) {
    const parts = Object.keys(index).filter((name) => isPart(index[name]) && !NOT_RUN.has(name));
    const needed = parts.map((part) => filesOf(all, { folder: `${part}/`, variant }));
    const about = all.filter(({ path }) => path === 'model_index.json');
    return { files: [...about, ...needed.flatMap(({ files }) => files)], indices: needed.flatMap((n) => n.indices) };
  }
  if (all.some(({ path }) => path === 'config.json')) return filesOf(all, { folder: '', variant });
  const weights = all.filter(({ path }) => path.endsWith('.safetensors'));
  if (weights.length === 1) return { files: weights, indices: [], single: weights[0].path };
  throw noPipeline(model, weights);
}

/** Those that an index of shards names, in the index's folder. */
export function shardsOf(all: readonly HubFile[], { path }: HubFile, map: Readonly<Record<string, string>>): HubFile[] {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const names = new Set(Object.values(map).map((name) => folder + name));
  return all.filter((file) => names.has(file.path));
}

/** model_index.json lists parts as `[library, class]`; a part that was left out is `[null, null]`. */
function isPart(value: unknown): boolean {
  return Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'string';
}

function filesOf(all: readonly HubFile[], { folder, variant }: { folder: string; variant?: string }): NeededFiles {
  const inside = new Map<string, HubFile>();
  for (const file of all) {
    const name = file.path.slice(folder.length);
    if (file.path.startsWith(folder) && !name.includes('/')) inside.set(name, file);
  }
  const wanted = [...CONFIGURATIONS, ...VOCABULARY];
  if (!inside.has('vocab.json')) wanted.push('tokenizer.json');
  const files = wanted.flatMap((name) => inside.get(name) ?? []);
  if (!inside.has('config.json')) return { files, indices: [] };
  const chosen = inside.get(chooseWeights(folder, { files: [...inside.keys()].sort(), variant }))!;
  return { files: [...files, chosen], indices: chosen.path.endsWith('.json') ? [chosen] : [] };
}

function noPipeline(model: string, weights: readonly HubFile[]): ContrappostoError {
  const operation = `model "${model}"`;
  const expected = 'a pipeline in diffusers layout, one network, or one .safetensors file';
  if (weights.length === 0) {
    const hint = 'this repository holds another kind of model, or pickles only';
    return new ContrappostoError('not-found', { operation, expected, got: 'none of them', hint });
  }
  const names = weights.map(({ path }) => path);
  const got = `${names.length} files: ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`;
  return new ContrappostoError('invalid-input', {
    operation,
    expected,
    got,
    hint: `name one of them: ${model}/${names[0]}`,
  });
}
