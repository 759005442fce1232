// The cache as Python's huggingface_hub lays it out, so that both find what the other has downloaded:
// models--ORG--NAME/{refs/REVISION, blobs/DIGEST, snapshots/COMMIT/PATH -> ../../blobs/DIGEST}.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, rename, rm, statfs, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { ContrappostoError, throwIfAborted } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import type { OnProgress } from '../../core/progress.js';
import { readJsonFile } from '../json-file.js';
import { fetchBlob } from './blob.js';
import type { HubClient } from './client.js';
import type { HubFile, HubId } from './hub-id.js';
import { neededFiles, shardsOf } from './needed-files.js';
import type { HubSettings } from './settings.js';

/** The folder of a model in the cache. */
export function repositoryFolder(settings: HubSettings, id: HubId): string {
  return join(settings.cacheFolder, `models--${id.name.replace('/', '--')}`);
}

/** The snapshot that the cache has for a revision; undefined when it has none. */
export function cachedSnapshot(settings: HubSettings, id: HubId): string | undefined {
  const folder = repositoryFolder(settings, id);
  const ref = join(folder, 'refs', id.revision);
  const commit = existsSync(ref) ? readFileSync(ref, 'utf8').trim() : id.revision;
  const snapshot = join(folder, 'snapshots', commit);
  return /^[0-9a-f]{40}$/.test(commit) && existsSync(snapshot) ? snapshot : undefined;
}

export interface CachedModel {
  /** `ORG/NAME`. */
  name: string;
  revision: string;
  folder: string;
}

/** The models in the cache, one entry a revision that has been asked for by name. */
export function listCache(settings: HubSettings): CachedModel[] {
  const list = (folder: string) => (existsSync(folder) ? readdirSync(folder).sort() : []);
  return list(settings.cacheFolder).flatMap((repository) => {
    const [, name] = /^models--([^-].*)$/.exec(repository) ?? [];
    if (!name?.includes('--')) return [];
    const id = { name: name.replace('--', '/') };
    return list(join(settings.cacheFolder, repository, 'refs')).flatMap((revision) => {
      const folder = cachedSnapshot(settings, { ...id, revision });
      return folder ? [{ ...id, revision, folder }] : [];
    });
  });
}

export interface SnapshotOptions {
  client: HubClient;
  settings: HubSettings;
  variant?: string;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/** Brings what a pipeline needs of the model into the cache; returns its folder, or its one file. */
export async function downloadSnapshot(id: HubId, options: SnapshotOptions): Promise<string> {
  const { client, settings } = options;
  const commit = await client.commit(id);
  const folder = repositoryFolder(settings, id);
  const snapshot = join(folder, 'snapshots', commit);
  const all = await client.files(id, commit);
  const fetchAll = (files: HubFile[]) => fetchFiles(files, { ...options, id, commit });
  let result = snapshot;
  if (id.file !== undefined) {
    await fetchAll([findFile(all, id)]);
    result = join(snapshot, id.file);
  } else {
    const index = all.find(({ path }) => path === 'model_index.json');
    if (index) await fetchAll([index]);
    const content = index && readJsonFile(join(snapshot, index.path), z.record(z.string(), z.unknown()));
    const needed = neededFiles(all, { model: id.name, index: content, variant: options.variant });
    await fetchAll(needed.indices);
    const shards = needed.indices.flatMap((file) => shardsOf(all, file, weightMap(join(snapshot, file.path))));
    await fetchAll([...needed.files, ...shards]);
    if (needed.single) result = join(snapshot, needed.single);
  }
  // Only now, so that an interrupted update leaves the older snapshot in use.
  await mkdir(join(folder, 'refs'), { recursive: true });
  if (id.revision !== commit) await writeFileAtomic(join(folder, 'refs', id.revision), commit);
  return result;
}

/** The file that the user named, in the list. */
function findFile(all: readonly HubFile[], id: HubId): HubFile {
  const found = all.find(({ path }) => path === id.file);
  if (found) return found;
  const weights = all.filter(({ path }) => path.endsWith('.safetensors')).map(({ path }) => path);
  throw new ContrappostoError('not-found', {
    operation: `model "${id.name}"`,
    expected: `a file "${id.file}"`,
    got: weights.length > 0 ? `among others ${weights.slice(0, 5).join(', ')}` : 'none of that name',
    hint: 'check the path inside the repository',
  });
}

interface FetchOptions extends SnapshotOptions {
  id: HubId;
  commit: string;
}

async function fetchFiles(files: readonly HubFile[], options: FetchOptions): Promise<void> {
  const { settings, id, commit, signal, onProgress } = options;
  const folder = repositoryFolder(settings, id);
  const pointerOf = (file: HubFile) => join(folder, 'snapshots', commit, file.path);
  const absent = files.filter((file) => !existsSync(pointerOf(file)));
  const totalBytes = absent.reduce((sum, { bytes }) => sum + bytes, 0);
  await requireSpace(settings, totalBytes);
  let done = 0;
  let percent = -1;
  for (const file of absent) {
    throwIfAborted(signal, `download "${id.name}"`);
    const blob = join(folder, 'blobs', file.digest);
    const onBytes = (bytes: number) => {
      const now = Math.floor((100 * (done + bytes)) / totalBytes);
      if (now > percent) onProgress?.({ type: 'load', name: id.name, loadedBytes: done + bytes, totalBytes });
      percent = now;
    };
    if (!existsSync(blob)) await fetchBlob(blob, { ...options, file, onBytes });
    await point(pointerOf(file), blob);
    done += file.bytes;
  }
}

/** A link as short as Python's; where links are not allowed (Windows), a copy. */
async function point(pointer: string, blob: string): Promise<void> {
  await mkdir(dirname(pointer), { recursive: true });
  try {
    await symlink(relative(dirname(pointer), blob), pointer);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'EEXIST' && existsSync(pointer)) return;
    await rm(pointer, { force: true });
    const temporary = `${pointer}.${process.pid}.incomplete`;
    await copyFile(blob, temporary);
    await rename(temporary, pointer);
  }
}

/** Refuses a download that cannot fit before its first byte. */
async function requireSpace(settings: HubSettings, bytes: number): Promise<void> {
  if (bytes === 0) return;
  await mkdir(settings.cacheFolder, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
    const hint = 'HF_HUB_CACHE names another place';
    throw new ContrappostoError('io', { operation: `cache "${settings.cacheFolder}"`, got: cause.code, hint, cause });
  });
  const { bavail, bsize } = await statfs(settings.cacheFolder);
  if (bavail * bsize >= bytes) return;
  throw new ContrappostoError('io', {
    operation: `cache "${settings.cacheFolder}"`,
    expected: `${(bytes / 1e9).toFixed(1)} GB of free space`,
    got: `${((bavail * bsize) / 1e9).toFixed(1)} GB`,
    hint: 'make room, or let HF_HUB_CACHE name another disk',
  });
}

function weightMap(path: string): Record<string, string> {
  return readJsonFile(path, z.object({ weight_map: z.record(z.string(), z.string()) })).weight_map;
}
