// From what a user calls a model to where it lies: embedded, on disk, in the hub's cache, or downloaded into it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ContrappostoError } from '../core/errors.js';
import type { OnProgress } from '../core/progress.js';
import { HubUnreachable, hubClient } from './hub/client.js';
import { type HubId, parseHubId } from './hub/hub-id.js';
import { type Environment, hubSettings } from './hub/settings.js';
import { type CachedModel, cachedSnapshot, downloadSnapshot, listCache } from './hub/snapshot.js';
import { embeddedModels, modelFolder } from './model-folder.js';

export { type HubId, parseHubId } from './hub/hub-id.js';
export { type Environment, type HubSettings, hubSettings } from './hub/settings.js';

export interface ResolveModelOptions {
  signal?: AbortSignal;
  onProgress?: OnProgress;
  /** Variant of the weights to prefer on the hub, e.g. `fp16`. */
  variant?: string;
  /** `process.env` unless told; the variables of huggingface_hub are read from it. */
  env?: Environment;
}

/**
 * The path of a model's folder (or single file): of an embedded model's name, of a path, or of `ORG/NAME`,
 * `ORG/NAME@REVISION` or `ORG/NAME/FILE` on the hub. The newest commit is downloaded into the cache that Python's
 * huggingface_hub uses; when the hub cannot be reached, what the cache has is used, with a warning.
 *
 * @example
 * const folder = await resolveModel('stable-diffusion-v1-5/stable-diffusion-v1-5', { onProgress });
 *
 * @throws `not-found`, `invalid-input` (no access), `unsupported` (pickles only), `io`, `corrupt-file`, `aborted`
 */
export async function resolveModel(nameOrPathOrHubId: string, options: ResolveModelOptions = {}): Promise<string> {
  const id = parseHubId(nameOrPathOrHubId);
  if (embeddedModels().includes(nameOrPathOrHubId) || existsSync(nameOrPathOrHubId) || !id) {
    return modelFolder(nameOrPathOrHubId);
  }
  const { signal, onProgress, variant } = options;
  const settings = hubSettings(options.env);
  const cached = cachedPath(id, options.env);
  if (settings.offline) {
    if (cached) return cached;
    throw notCached(id);
  }
  try {
    return await downloadSnapshot(id, {
      client: hubClient(settings, { signal }),
      settings,
      variant,
      signal,
      onProgress,
    });
  } catch (error) {
    if (!(error instanceof HubUnreachable) || !cached) throw error;
    const message = `${settings.endpoint} cannot be reached; "${id.name}" is used as it is in the cache`;
    onProgress?.({ type: 'warning', message });
    return cached;
  }
}

/** Where the cache has the model, without asking the hub; undefined when it has none of it. */
export function cachedPath(id: HubId, env?: Environment): string | undefined {
  const snapshot = cachedSnapshot(hubSettings(env), id);
  if (snapshot === undefined || id.file === undefined) return snapshot;
  const path = join(snapshot, id.file);
  return existsSync(path) ? path : undefined;
}

/** Every model and revision that the cache has. */
export function cachedModels(env?: Environment): CachedModel[] {
  return listCache(hubSettings(env));
}

function notCached(id: HubId): ContrappostoError {
  return new ContrappostoError('not-found', {
    operation: `model "${id.name}"`,
    expected: 'a model in the cache, since HF_HUB_OFFLINE is set',
    got: 'none of that name and revision',
    hint: `unset HF_HUB_OFFLINE, or run \`contrapposto models pull ${id.name}\` where there is a network`,
  });
}
