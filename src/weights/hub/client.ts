// Asks the hub: which commit a name stands for, which files it has, and their bytes; with errors that say what to do.
import { ContrappostoError, throwIfAborted } from '../../core/errors.js';
import { type HubFile, type HubId, isSafePath, treeEntrySchema } from './hub-id.js';
import type { HubSettings } from './settings.js';

/** A hub that could not be reached, or not now: what is in the cache may do instead. */
export class HubUnreachable extends ContrappostoError {}

export interface HubClient {
  /** The commit that the revision stands for, 40 hexadecimal digits. */
  commit(id: HubId): Promise<string>;
  /** Every file at that commit. */
  files(id: HubId, commit: string): Promise<HubFile[]>;
  /** The bytes from `start` on, or from 0 when the server cannot continue; `start` of the answer says which. */
  open(id: HubId, options: { commit: string; path: string; start: number }): Promise<OpenDownload>;
}

export interface OpenDownload {
  start: number;
  body: AsyncIterable<Uint8Array>;
  /** Closes the connection before the body's end. */
  cancel(): void;
}

/** Loaded by those who ask the hub: most runs use a model that is there. */
const library = () => import('@huggingface/hub');

/** A client of the hub at `settings.endpoint`. Its calls throw `not-found`, `invalid-input`, `io`, `aborted`. */
export function hubClient(settings: HubSettings, { signal }: { signal?: AbortSignal } = {}): HubClient {
  const { endpoint: hubUrl } = settings;
  const request = requester(settings, signal);
  return {
    async commit(id) {
      const operation = `model "${id.name}"`;
      const asked = { name: id.name, revision: id.revision, additionalFields: ['sha' as const], hubUrl };
      const { sha } = await asking({ operation, settings, signal }, async () => {
        const { modelInfo } = await library();
        return modelInfo({ ...asked, fetch: request(id) });
      });
      if (!/^[0-9a-f]{40}$/.test(sha ?? '')) throw strange(operation, 'a commit');
      return sha;
    },
    async files(id, commit) {
      const operation = `files of "${id.name}"`;
      return asking({ operation, settings, signal }, async () => {
        const files: HubFile[] = [];
        const repo = { type: 'model' as const, name: id.name };
        const { listFiles } = await library();
        for await (const raw of listFiles({ repo, recursive: true, revision: commit, hubUrl, fetch: request(id) })) {
          if (raw.type !== 'file') continue;
          const entry = treeEntrySchema.safeParse(raw);
          if (!entry.success || !isSafePath(entry.data.path)) throw strange(operation, 'a list of files');
          const { path, size, oid, lfs } = entry.data;
          files.push({ path, bytes: lfs?.size ?? size, digest: lfs?.oid ?? oid });
        }
        return files;
      });
    },
    async open(id, { commit, path, start }) {
      const operation = `download "${path}" of "${id.name}"`;
      const url = `${hubUrl}/${id.name}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
      const stop = new AbortController();
      const headers = start > 0 ? { Range: `bytes=${start}-` } : undefined;
      const response = await asking({ operation, settings, signal }, () =>
        request(id)(url, { headers, signal: stop.signal }),
      );
      if (!response.body) throw strange(operation, 'a body');
      // Asked for a part, a server may still answer 200 with the whole.
      const from = response.status === 206 ? firstByte(response.headers.get('content-range')) : 0;
      if (from !== 0 && from !== start) throw strange(operation, `bytes from ${start} on`);
      const body = response.body as unknown as AsyncIterable<Uint8Array>;
      return { start: from, body, cancel: () => stop.abort() };
    },
  };
}

type Fetch = typeof fetch;

/** `fetch` with our token, time limit and signal, that turns every refusal into the error it means. */
function requester(settings: HubSettings, signal: AbortSignal | undefined): (id: HubId) => Fetch {
  const { origin } = new URL(requireUrl(settings.endpoint));
  return (id) => async (input, init) => {
    const url = new URL(String(input));
    const headers = new Headers(init?.headers);
    // The hub sends us elsewhere for large files and lists; the token is for the hub alone.
    if (settings.token && url.origin === origin) headers.set('Authorization', `Bearer ${settings.token}`);
    headers.set('User-Agent', 'contrapposto');
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), settings.timeoutMs);
    const signals = [signal, init?.signal, late.signal].filter((one) => one != null);
    try {
      const response = await fetch(url, { ...init, headers, signal: AbortSignal.any(signals) });
      if (!response.ok) throw refusal(response, { id, settings });
      return response;
    } finally {
      // The headers are here; whoever reads the body watches its pace.
      clearTimeout(timer);
    }
  };
}

function requireUrl(endpoint: string): string {
  if (/^https?:/.test(endpoint) && URL.canParse(endpoint)) return endpoint;
  const expected = 'an address such as https://huggingface.co';
  throw new ContrappostoError('usage', { operation: 'HF_ENDPOINT', expected, got: `"${endpoint}"` });
}

interface Asking {
  operation: string;
  settings: HubSettings;
  signal?: AbortSignal;
}

async function asking<T>({ operation, settings, signal }: Asking, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    throwIfAborted(signal, operation);
    if (cause instanceof ContrappostoError) throw cause;
    if (cause instanceof (await library()).HubApiError || cause instanceof SyntaxError)
      throw strange(operation, 'an answer of the hub');
    throw unreachable(operation, { endpoint: settings.endpoint, cause });
  }
}

/** The error for a hub that does not answer. */
export function unreachable(operation: string, about: { endpoint: string; cause?: unknown }): HubUnreachable {
  const { endpoint, cause } = about;
  const inner = (cause as { cause?: { code?: string } } | undefined)?.cause?.code;
  const got = inner ?? ((cause as Error | undefined)?.name === 'AbortError' ? 'no answer in time' : 'no connection');
  return new HubUnreachable('io', {
    operation,
    expected: `an answer from ${endpoint}`,
    got,
    hint: 'check the connection; HF_ENDPOINT names another hub, and HF_HUB_OFFLINE=1 uses only what is in the cache',
    cause,
  });
}

function refusal(response: Response, { id, settings }: { id: HubId; settings: HubSettings }): ContrappostoError {
  const { status, headers } = response;
  const operation = `model "${id.name}"`;
  const expected = `an answer from ${settings.endpoint}`;
  void response.body?.cancel().catch(() => undefined);
  const reason = headers.get('x-error-code') ?? '';
  if (status === 403 || reason === 'GatedRepo') {
    const terms = `accept the terms at ${settings.endpoint}/${id.name}`;
    const hint = settings.token ? `${terms} with the account of your token` : `${terms}, then set HF_TOKEN`;
    return new ContrappostoError('invalid-input', { operation, expected, got: `no permission (${status})`, hint });
  }
  if (status === 401) {
    // Without a token the hub says the same of private models and of those that do not exist.
    const hint = settings.token
      ? 'check the spelling; if it is right, HF_TOKEN is not valid or its account may not see this model'
      : 'check the spelling; if the model is private or gated, set HF_TOKEN to a token of yours';
    return new ContrappostoError('invalid-input', { operation, expected, got: `no access (${status})`, hint });
  }
  if (status === 404) {
    const noRevision = reason === 'RevisionNotFound';
    const got = noRevision ? `no revision "${id.revision}"` : 'no such model or file (404)';
    const hint = noRevision ? 'leave out the part after @ for the newest' : 'check the spelling: it is ORG/NAME';
    return new ContrappostoError('not-found', { operation, expected: `a model on ${settings.endpoint}`, got, hint });
  }
  const hint = status === 429 ? 'too many requests; wait, or set HF_TOKEN' : 'the hub has a problem; try again later';
  return new HubUnreachable('io', { operation, expected, got: `status ${status}`, hint });
}

function strange(operation: string, expected: string): ContrappostoError {
  const hint = 'HF_ENDPOINT may name something that is no hub, or a proxy answers in its place';
  return new ContrappostoError('io', { operation, expected, got: 'something else', hint });
}

function firstByte(contentRange: string | null): number {
  return Number(/^bytes (\d+)-/.exec(contentRange ?? '')?.[1] ?? Number.NaN);
}
