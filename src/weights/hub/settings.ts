// Where the hub and its cache are: the environment variables that Python's huggingface_hub reads, with the same defaults.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Environment variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface HubSettings {
  /** Origin and path of the hub without a slash at the end; `HF_ENDPOINT`. */
  endpoint: string;
  /** Folder of `models--ORG--NAME`; `HF_HUB_CACHE`, else `hub` in `HF_HOME`. */
  cacheFolder: string;
  /** `HF_TOKEN`, else what `huggingface-cli login` has stored. */
  token?: string;
  /** `HF_HUB_OFFLINE`: nothing is asked of the network. */
  offline: boolean;
  /** A request or download that says nothing for so long has failed; `HF_HUB_DOWNLOAD_TIMEOUT` in seconds. */
  timeoutMs: number;
}

const HUB = 'https://huggingface.co';
const DEFAULT_TIMEOUT_S = 30;

/** Reads the settings; a variable that is empty counts as not set. */
export function hubSettings(env: Environment = process.env): HubSettings {
  const value = (...names: string[]) => names.map((name) => env[name]?.trim()).find(Boolean);
  const home = expandHome(
    value('HF_HOME') ?? join(value('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'huggingface'),
  );
  const seconds = Number(value('HF_HUB_DOWNLOAD_TIMEOUT'));
  return {
    endpoint: (value('HF_ENDPOINT') ?? HUB).replace(/\/+$/, ''),
    cacheFolder: expandHome(value('HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub')),
    token: value('HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN') ?? storedToken(env, home),
    offline: isTrue(value('HF_HUB_OFFLINE')) || isTrue(value('TRANSFORMERS_OFFLINE')),
    timeoutMs: 1000 * (seconds > 0 ? seconds : DEFAULT_TIMEOUT_S),
  };
}

function storedToken(env: Environment, home: string): string | undefined {
  if (isTrue(env['HF_HUB_DISABLE_IMPLICIT_TOKEN'])) return undefined;
  try {
    return readFileSync(expandHome(env['HF_TOKEN_PATH'] || join(home, 'token')), 'utf8').trim() || undefined;
  } catch {
    return undefined; // nobody has logged in
  }
}

function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? '');
}

function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}
