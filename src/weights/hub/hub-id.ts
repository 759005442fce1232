// What a user may write for something on the hub: ORG/NAME, @REVISION behind it, and a file's path.
import { z } from 'zod';

export interface HubId {
  /** `ORG/NAME`. */
  name: string;
  /** Branch, tag or commit. */
  revision: string;
  /** One file of the repository, where only that is wanted. */
  file?: string;
}

const PART = /^[A-Za-z0-9][\w.-]{0,95}$/;

/** Takes `ORG/NAME[@REVISION][/PATH/FILE]` apart; undefined for anything else. */
export function parseHubId(text: string): HubId | undefined {
  const match = /^([^/@]+)\/([^/@]+)(?:@([\w][\w.-]*))?(?:\/(.+))?$/.exec(text);
  if (!match) return undefined;
  const [, organisation, name, revision = 'main', file] = match;
  if (![organisation, name].every((part) => PART.test(part) && !/--|\.\./.test(part))) return undefined;
  if (file !== undefined && !isSafePath(file)) return undefined;
  return { name: `${organisation}/${name}`, revision, file };
}

/** A path from the hub that stays inside the folder it is joined to, on any system. */
export function isSafePath(path: string): boolean {
  const parts = path.split('/');
  return path !== '' && !/[\\\0:]/.test(path) && parts.every((part) => part !== '' && part !== '.' && part !== '..');
}

/** One file of a repository at a commit. */
export interface HubFile {
  path: string;
  bytes: number;
  /** SHA-256 of the content of large files, git's SHA-1 of the others; also the name of the blob in the cache. */
  digest: string;
}

/** An entry of the hub's list of files, checked before any of it becomes part of a path. */
export const treeEntrySchema = z.object({
  type: z.string(),
  path: z.string(),
  size: z.int().nonnegative(),
  oid: z.string().regex(/^[0-9a-f]{40}$/),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().nonnegative() }).nullish(),
});
