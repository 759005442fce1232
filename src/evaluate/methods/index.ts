// The methods that can be compared, and how `--methods sd:guidance=3,record,folder:DIR` is read.
import { createHash } from 'node:crypto';
import { ContrappostoError } from '../../core/errors.js';
import { METHOD_NAMES } from '../../methods/registry.js';
import type { Method, MethodSpec } from '../method.js';
import { folderMethod } from './folder.js';
import { generatorMethod } from './generator.js';
import { referenceMethod } from './reference.js';

export const METHODS: Readonly<Record<string, Method>> = {
  ...Object.fromEntries(METHOD_NAMES.map((name) => [name, generatorMethod(name)])),
  folder: folderMethod,
  reference: referenceMethod,
};

const LONGEST_SLUG = 60;

/**
 * Reads method texts, each `NAME`, `NAME:TARGET` or `NAME:key=value:key=value`, any number in a text, joined by commas.
 * `label=...` names the method in tables. A comma before `key=value` does what a colon does.
 *
 * @throws `usage` for an unknown method, none, or the same one twice
 */
export function parseMethods(texts: readonly string[]): MethodSpec[] {
  const specs = texts
    .flatMap((text) => text.replace(/,(?=\s*[a-z][a-z-]*=)\s*/g, ':').split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map(parseMethod);
  const known = Object.entries(METHODS).map(([name, { usage }]) => (usage ? `${name}[:${usage}]` : name));
  if (specs.length === 0) {
    throw new ContrappostoError('usage', {
      operation: '--methods',
      expected: 'at least one method',
      got: 'none',
      hint: `methods: ${known.join(', ')}`,
    });
  }
  for (const [i, { method, label, slug }] of specs.entries()) {
    if (!Object.hasOwn(METHODS, method)) {
      throw new ContrappostoError('usage', {
        operation: '--methods',
        expected: Object.keys(METHODS).join(', '),
        got: `"${method}"`,
        hint: `methods: ${known.join(', ')}`,
      });
    }
    if (specs.findIndex((other) => other.label === label || other.slug === slug) === i) continue;
    throw new ContrappostoError('usage', {
      operation: '--methods',
      expected: 'different methods',
      got: `"${label}" twice`,
      hint: 'give one of them another name with :label=NAME',
    });
  }
  return specs;
}

function parseMethod(text: string): MethodSpec {
  const [method, ...parts] = text.split(':');
  const firstPair = parts.findIndex((part) => /^[a-z][a-z-]*=/.test(part));
  const end = firstPair < 0 ? parts.length : firstPair;
  const target = parts.slice(0, end).join(':');
  const pairs: [string, string][] = [];
  for (const part of parts.slice(end)) {
    const [, key, value] = /^([a-z][a-z-]*)=(.*)$/s.exec(part) ?? [];
    // A colon inside a value: `lora=C:/style.safetensors`.
    if (key === undefined) pairs[pairs.length - 1][1] += `:${part}`;
    else pairs.push([key, value]);
  }
  const label = pairs.find(([key]) => key === 'label')?.[1] || text;
  const own = pairs.filter(([key]) => key !== 'label');
  return { method, ...(target !== '' && { target }), pairs: own, label, slug: slugOf(label) };
}

/** A file name of the label's letters, cut with a digest where it is long. */
function slugOf(label: string): string {
  const slug = label
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._]+/g, '-')
    .replace(/^[-.]+|-+$/g, '')
    .toLowerCase();
  if (slug !== '' && slug.length <= LONGEST_SLUG) return slug;
  return `${slug.slice(0, LONGEST_SLUG - 9)}-${createHash('sha256').update(label).digest('hex').slice(0, 8)}`;
}
