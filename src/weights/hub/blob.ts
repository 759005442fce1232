// Brings one file into the cache: continued where an earlier attempt stopped, checked, and visible only when complete.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ContrappostoError, throwIfAborted } from '../../core/errors.js';
import { type HubClient, HubUnreachable, unreachable } from './client.js';
import type { HubFile, HubId } from './hub-id.js';
import type { HubSettings } from './settings.js';

export interface BlobRequest {
  client: HubClient;
  settings: HubSettings;
  id: HubId;
  commit: string;
  file: HubFile;
  signal?: AbortSignal;
  /** Bytes of this file that are on disk. */
  onBytes?: (bytes: number) => void;
}

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 250;

/**
 * Downloads `file` to `blob`. What an interrupted attempt has left is continued; a broken connection is tried again.
 * Processes that download the same blob do not disturb each other.
 *
 * @throws `io`, `aborted`, `corrupt-file` when the bytes are not those that the hub promised
 */
export async function fetchBlob(blob: string, request: BlobRequest): Promise<void> {
  await mkdir(dirname(blob), { recursive: true });
  const partial = await adoptPartial(blob);
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        await continueDownload(partial, request);
        break;
      } catch (error) {
        if (!(error instanceof HubUnreachable) || attempt === ATTEMPTS) throw error;
        await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1), request.signal);
      }
    }
    await rename(partial, blob);
  } catch (error) {
    // Bytes that are wrong must not be continued; all others wait for the next attempt.
    if (error instanceof ContrappostoError && error.code === 'corrupt-file') await rm(partial, { force: true });
    else await rename(partial, `${blob}.incomplete`).catch(() => undefined);
    throw asDiskError(error, request);
  }
}

/** Takes over, under a name of this process alone, what is left of an attempt that no longer runs. */
async function adoptPartial(blob: string): Promise<string> {
  const folder = dirname(blob);
  const mine = `${blob}.${process.pid}-${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}.incomplete`;
  const name = blob.slice(folder.length + 1);
  for (const left of await readdir(folder)) {
    if (!left.startsWith(`${name}.`) || !left.endsWith('.incomplete')) continue;
    const owner = Number(/\.(\d+)-\w+\.incomplete$/.exec(left)?.[1] ?? 0);
    if (owner !== 0 && isRunning(owner)) continue;
    if (
      await rename(join(folder, left), mine).then(
        () => true,
        () => false,
      )
    )
      return mine;
  }
  return mine;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function continueDownload(partial: string, request: BlobRequest): Promise<void> {
  const { client, id, commit, file, signal } = request;
  throwIfAborted(signal, `download "${file.path}"`);
  let have = (await stat(partial).catch(() => undefined))?.size ?? 0;
  // Longer than the whole, or complete but never renamed: the digest below decides about the second.
  if (have > file.bytes) have = 0;
  let hash = await digestOf(partial, { bytes: have, file });
  if (have < file.bytes || file.bytes === 0) {
    const download = await client.open(id, { commit, path: file.path, start: have });
    if (download.start !== have) hash = startDigest(file);
    await append(partial, { ...download, hash, request });
  }
  if (hash.digest('hex') === file.digest) return;
  throw new ContrappostoError('corrupt-file', {
    operation: `download "${file.path}" of "${id.name}"`,
    expected: `${file.bytes} bytes with digest ${file.digest.slice(0, 12)}…`,
    got: 'other content',
    hint: 'the download was damaged on its way and has been removed; try again',
  });
}

interface Appending {
  start: number;
  body: AsyncIterable<Uint8Array>;
  cancel(): void;
  hash: Hash;
  request: BlobRequest;
}

async function append(partial: string, { start, body, cancel, hash, request }: Appending): Promise<void> {
  const { file, signal, settings, id, onBytes } = request;
  const operation = `download "${file.path}" of "${id.name}"`;
  const target = await open(partial, 'a');
  let at = start;
  try {
    await target.truncate(start);
    for await (const chunk of watched(body, { settings, operation })) {
      throwIfAborted(signal, operation);
      at += chunk.byteLength;
      if (at > file.bytes) throw tooLong(operation, file);
      hash.update(chunk);
      await writeAll(target, chunk);
      onBytes?.(at);
    }
  } catch (cause) {
    throwIfAborted(signal, operation);
    if (cause instanceof ContrappostoError || isDiskError(cause)) throw cause;
    throw unreachable(operation, { endpoint: settings.endpoint, cause });
  } finally {
    if (at < file.bytes) cancel();
    await target.close();
  }
  // The connection was closed early: the rest is asked for again.
  if (at < file.bytes) throw unreachable(operation, { endpoint: settings.endpoint });
}

async function writeAll(target: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.byteLength; ) {
    done += (await target.write(chunk, done, chunk.byteLength - done)).bytesWritten;
  }
}

/** `body`, failing when nothing comes for as long as a request may take. */
async function* watched(
  body: AsyncIterable<Uint8Array>,
  { settings, operation }: { settings: HubSettings; operation: string },
): AsyncIterable<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  for (;;) {
    const late = new AbortController();
    const silence = setTimeout(settings.timeoutMs, undefined, { signal: late.signal }).then(() => {
      throw unreachable(operation, settings);
    });
    const next = await Promise.race([chunks.next(), silence]).finally(() => {
      silence.catch(() => undefined);
      late.abort();
    });
    if (next.done) return;
    yield next.value;
  }
}

/** Large files have the SHA-256 of their content; small ones git's SHA-1, which counts a header with the length too. */
function startDigest(file: HubFile): Hash {
  if (file.digest.length === 64) return createHash('sha256');
  return createHash('sha1').update(`blob ${file.bytes}\0`);
}

async function digestOf(partial: string, { bytes, file }: { bytes: number; file: HubFile }): Promise<Hash> {
  const hash = startDigest(file);
  if (bytes > 0) for await (const chunk of createReadStream(partial, { end: bytes - 1 })) hash.update(chunk);
  return hash;
}

function tooLong(operation: string, file: HubFile): ContrappostoError {
  const hint = 'something other than the hub may have answered; try again';
  return new ContrappostoError('corrupt-file', { operation, expected: `${file.bytes} bytes`, got: 'more', hint });
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => undefined);
  throwIfAborted(signal, 'download');
}

function isDiskError(error: unknown): boolean {
  return /^E(NOSPC|ACCES|PERM|ROFS|DQUOT|IO|FBIG|MFILE)$/.test((error as NodeJS.ErrnoException)?.code ?? '');
}

function asDiskError(error: unknown, { file, settings }: BlobRequest): unknown {
  if (!isDiskError(error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  return new ContrappostoError('io', {
    operation: `store "${file.path}"`,
    expected: `a cache that can be written, in "${settings.cacheFolder}"`,
    got: code,
    hint: code === 'ENOSPC' ? 'the disk is full; HF_HUB_CACHE names another place' : 'HF_HUB_CACHE names another place',
    cause: error,
  });
}
