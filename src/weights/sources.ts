// Weight sources made from others: from memory, several as one, and names under a prefix.
import { ContrappostoError } from '../core/errors.js';
import type { Tensor, WeightSource } from '../core/tensor.js';

/** Tensors held in memory, under their names; they are not copied. */
export function memorySource(tensors: Readonly<Record<string, Tensor>>): WeightSource {
  const get = (name: string) => {
    if (Object.hasOwn(tensors, name)) return tensors[name];
    throw notFound(name, 'the tensors in memory');
  };
  return {
    has: (name) => Object.hasOwn(tensors, name),
    names: () => Object.keys(tensors),
    info: (name) => ({ dtype: get(name).dtype, shape: get(name).shape }),
    read: get,
  };
}

/** All tensors of several sources; where two have the same name, the earlier source's counts. */
export function mergeSources(...sources: readonly WeightSource[]): WeightSource {
  const holder = (name: string) => {
    const source = sources.find((candidate) => candidate.has(name));
    if (source) return source;
    throw notFound(name, `${sources.length} weight sources`);
  };
  return {
    has: (name) => sources.some((source) => source.has(name)),
    names: () => new Set(sources.flatMap((source) => [...source.names()])),
    info: (name) => holder(name).info(name),
    read: (name) => holder(name).read(name),
    quantised: (name) => holder(name).quantised?.(name),
    locate: (name) => holder(name).locate?.(name),
  };
}

/**
 * `source` with `prefix` before each of its names, so that several networks fit into one graph.
 *
 * @example
 * prefixSource(unet, 'unet.').read('unet.conv_in.weight'); // unet.read('conv_in.weight')
 */
export function prefixSource(source: WeightSource, prefix: string): WeightSource {
  const inner = (name: string) => {
    if (name.startsWith(prefix)) return name.slice(prefix.length);
    throw notFound(name, `names that begin with "${prefix}"`);
  };
  return {
    has: (name) => name.startsWith(prefix) && source.has(name.slice(prefix.length)),
    names: () => Array.from(source.names(), (name) => prefix + name),
    info: (name) => source.info(inner(name)),
    read: (name) => source.read(inner(name)),
    quantised: (name) => source.quantised?.(inner(name)),
    locate: (name) => source.locate?.(inner(name)),
  };
}

/**
 * Tensors of `source` under other names.
 *
 * @param names name in `source` by the new one; tensors that it does not list are left out
 */
export function renamedSource(source: WeightSource, names: ReadonlyMap<string, string>): WeightSource {
  const inner = (name: string) => {
    const own = names.get(name);
    if (own !== undefined) return own;
    throw notFound(name, 'the renamed ones');
  };
  return {
    has: (name) => source.has(names.get(name) ?? ''),
    names: () => names.keys(),
    info: (name) => source.info(inner(name)),
    read: (name) => source.read(inner(name)),
    quantised: (name) => source.quantised?.(inner(name)),
    locate: (name) => source.locate?.(inner(name)),
  };
}

function notFound(name: string, place: string): ContrappostoError {
  return new ContrappostoError('not-found', { operation: 'read weights', expected: `a tensor "${name}" in ${place}` });
}
