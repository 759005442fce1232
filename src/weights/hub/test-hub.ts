// A hub on this machine for tests: commits, lists of files, ranges, redirects, refusals and broken connections.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestRepository {
  commit: string;
  files: Record<string, Uint8Array>;
  /** Refusal for everybody without this token. */
  token?: string;
  gated?: boolean;
}

export interface TestHub {
  endpoint: string;
  /** `METHOD path` and the range of each request, in order. */
  requests: { path: string; range?: string; authorization?: string }[];
  repositories: Record<string, TestRepository>;
  /** Called before an answer with the bytes of a file; it may break the connection, change the bytes or answer itself. */
  onFile?: (response: ServerResponse, about: { path: string; bytes: Uint8Array }) => Uint8Array | 'answered';
  close(): Promise<void>;
}

/** Files from this size on are stored as the hub stores large ones: with a SHA-256, on another host. */
export const LARGE_BYTES = 1000;

/** Starts a hub. It lists two files a page. */
export async function startTestHub(repositories: Record<string, TestRepository>): Promise<TestHub> {
  const requests: TestHub['requests'] = [];
  const hub: TestHub = { endpoint: '', requests, repositories, close: async () => undefined };
  const server = createServer((request, response) => {
    const { range, authorization } = request.headers;
    requests.push({ path: request.url ?? '', range, authorization });
    answer(hub, request, response);
  });
  // A second port is another origin: where the bytes of large files are.
  const store = createServer((request, response) => {
    requests.push({ path: `store${request.url}`, authorization: request.headers.authorization });
    sendFile(hub, { request, response, path: decodeURIComponent(request.url ?? '').slice(1) });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  await new Promise<void>((ready) => store.listen(0, '127.0.0.1', ready));
  hub.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stores.set(hub, `http://127.0.0.1:${(store.address() as AddressInfo).port}`);
  hub.close = async () => {
    for (const one of [server, store]) {
      one.closeAllConnections();
      await new Promise((done) => one.close(done));
    }
  };
  return hub;
}

const stores = new WeakMap<TestHub, string>();

function answer(hub: TestHub, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '', hub.endpoint);
  const [, name = '', rest = ''] =
    /^\/(?:api\/models\/)?([^/]+\/[^/]+)(\/.*)$/.exec(decodeURIComponent(url.pathname)) ?? [];
  const repository = hub.repositories[name];
  // The hub does not say whether a model exists that one may not see.
  if (!repository) {
    refuse(response, request.headers.authorization ? 404 : 401, 'RepoNotFound');
    return;
  }
  if (repository.token && request.headers.authorization !== `Bearer ${repository.token}`) {
    refuse(response, 401, repository.gated ? 'GatedRepo' : 'RepoNotFound');
    return;
  }
  if (url.pathname.startsWith('/api/')) {
    answerApi(hub, { name, rest, url, response });
    return;
  }
  const [, commit, path] = /^\/resolve\/([^/]+)\/(.+)$/.exec(rest) ?? [];
  const bytes = repository.files[path];
  if (commit !== repository.commit || !bytes) refuse(response, 404, 'EntryNotFound');
  else if (bytes.length < LARGE_BYTES) sendFile(hub, { request, response, path: `${name}/${path}` });
  else response.writeHead(302, { location: `${stores.get(hub)}/${encodeURIComponent(`${name}/${path}`)}` }).end();
}

function answerApi(hub: TestHub, about: { name: string; rest: string; url: URL; response: ServerResponse }): void {
  const { name, rest, url, response } = about;
  const { commit, files } = hub.repositories[name];
  const send = (value: unknown, headers = {}) =>
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
  const [, kind, revision] = /^\/(revision|tree)\/([^/]+)$/.exec(rest) ?? [];
  if (!['main', 'HEAD', 'v1', commit].includes(revision)) {
    refuse(response, 404, 'RevisionNotFound');
    return;
  }
  if (kind === 'revision') {
    send({ _id: '1', id: name, sha: commit, private: false, lastModified: '2026-01-01T00:00:00Z' });
    return;
  }
  const entries = Object.entries(files).map(([path, bytes]) => treeEntry(path, bytes));
  const page = Number(url.searchParams.get('page') ?? 0);
  url.searchParams.set('page', String(page + 1));
  const link = 2 * page + 2 < entries.length ? { link: `<${url.href}>; rel="next"` } : {};
  send(
    [{ type: 'directory', path: 'unet', size: 0, oid: '0'.repeat(40) }, ...entries.slice(2 * page, 2 * page + 2)],
    link,
  );
}

function treeEntry(path: string, bytes: Uint8Array) {
  const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  if (bytes.length < LARGE_BYTES) return { type: 'file', path, size: bytes.length, oid };
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { type: 'file', path, size: bytes.length, oid, lfs: { oid: sha256, size: bytes.length, pointerSize: 134 } };
}

function sendFile(hub: TestHub, about: { request: IncomingMessage; response: ServerResponse; path: string }): void {
  const { request, response, path } = about;
  const [organisation, name, ...rest] = path.split('/');
  const stored = hub.repositories[`${organisation}/${name}`].files[rest.join('/')];
  const bytes = hub.onFile ? hub.onFile(response, { path: rest.join('/'), bytes: stored }) : stored;
  if (bytes === 'answered') return;
  const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const headers = { 'content-length': bytes.length - start };
  if (start > 0) {
    response.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` });
  } else response.writeHead(200, headers);
  response.end(bytes.subarray(start));
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'x-error-code': code, 'content-type': 'application/json' }).end('{"error":"refused"}');
}
