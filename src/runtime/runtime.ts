// Sessions over ONNX Runtime: made from a graph and its weights, cached, cancellable between runs, released explicitly.
import { availableParallelism } from 'node:os';
import { ContrappostoError, throwIfAborted } from '../core/errors.js';
import type { Shape, Tensor, WeightSource } from '../core/tensor.js';
import type { BoundOnnx, Graph } from '../graph/index.js';
import type { Device } from './device.js';
import { fingerprint } from './fingerprint.js';
import { layOut, sessionSource } from './parameters.js';
import { WorkerClient } from './worker-client.js';

export interface RuntimeOptions {
  /** Default 'cpu'. Another one should have been tried by `resolveDevice`. */
  device?: Device;
  /** Threads of one operator; all cores by default. */
  threads?: number;
  /** Networks with parameters of so many bytes are mapped from their files and not copied; 400 MiB by default. */
  mapFrom?: number;
}

export interface RunOptions {
  signal?: AbortSignal;
}

export interface Session {
  readonly name: string;
  /** Runs the graph. Feeds are copied. Throws `shape` for wrong feeds, `aborted` if the signal has fired before. */
  run(feeds: Record<string, Tensor>, options?: RunOptions): Promise<Record<string, Tensor>>;
  /** Gives the session's memory back; a released session cannot run again. */
  release(): Promise<void>;
}

export interface Runtime {
  readonly device: Device;
  /** A session for the graph; the same graph with the same weights gives the same session until it is released. */
  session(graph: Graph, weights: WeightSource, options?: RunOptions): Promise<Session>;
  /** A session for a model that others made (`readOnnx`). Throws `unsupported` where ONNX Runtime cannot run it. */
  foreignSession(model: BoundOnnx, options?: RunOptions): Promise<Session>;
  /** Releases everything and ends the thread. */
  close(): Promise<void>;
}

interface Signature {
  dtype: string;
  shape: Shape;
}

class OrtSession implements Session {
  readonly #inputs: Map<string, Signature>;
  #released = false;

  constructor(
    readonly name: string,
    private readonly id: number,
    private readonly link: { client: WorkerClient; forget: () => void; inputs: Map<string, Signature> },
  ) {
    this.#inputs = link.inputs;
  }

  async run(feeds: Record<string, Tensor>, options: RunOptions = {}): Promise<Record<string, Tensor>> {
    const operation = `run ${this.name}`;
    throwIfAborted(options.signal, operation);
    if (this.#released) throw new ContrappostoError('usage', { operation, got: 'a released session' });
    checkFeeds(operation, this.#inputs, feeds);
    const outputs = await this.link.client.request({ type: 'run', session: this.id, feeds }, { operation });
    throwIfAborted(options.signal, operation);
    return outputs;
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.link.forget();
    await this.link.client.request({ type: 'release', session: this.id }, { operation: `release ${this.name}` });
  }
}

function checkFeeds(operation: string, inputs: Map<string, Signature>, feeds: Record<string, Tensor>): void {
  for (const [name, want] of inputs) {
    const have = feeds[name];
    const expected = `input "${name}" ${want.dtype} [${want.shape}]`;
    if (!have) throw new ContrappostoError('shape', { operation, expected, got: 'nothing of that name' });
    if (have.dtype !== want.dtype || have.shape.join() !== want.shape.join()) {
      throw new ContrappostoError('shape', { operation, expected, got: `${have.dtype} [${have.shape}]` });
    }
  }
  const unknown = Object.keys(feeds).find((name) => !inputs.has(name));
  if (unknown) {
    const expected = `inputs ${[...inputs.keys()].join(', ')}`;
    throw new ContrappostoError('shape', { operation, expected, got: `"${unknown}"` });
  }
}

/** A model that was read without complaint may still ask for what ONNX Runtime has not, or contradict itself. */
function refuseForeign(operation: string, cause: unknown): never {
  const got = cause instanceof ContrappostoError ? cause.details.got : undefined;
  if (!got) throw cause;
  const expected = 'a model that ONNX Runtime can run';
  throw new ContrappostoError('unsupported', { operation, expected, got: got.split('\n')[0], cause });
}

/** ONNX Runtime in a thread of its own, so that the caller's event loop stays free. */
export function createRuntime(options: RuntimeOptions = {}): Runtime {
  const device = options.device ?? 'cpu';
  const settings = { threads: options.threads ?? availableParallelism(), provider: device };
  const client = new WorkerClient();
  client.start();
  const cache = new Map<WeightSource, Map<string, Promise<OrtSession>>>();
  let next = 1;

  async function open(
    graph: Graph,
    weights: WeightSource,
    link: { layout: ReturnType<typeof layOut>; forget: () => void },
  ) {
    const id = next++;
    const { layout, forget } = link;
    const source = sessionSource(graph, weights, layout);
    const message = { type: 'open' as const, session: id, source, settings };
    await client.request(message, { operation: `open ${graph.name}`, transfer: [source.parameters.buffer] });
    return new OrtSession(graph.name, id, { client, forget, inputs: new Map(graph.inputs) });
  }

  return {
    device,
    async session(graph, weights, { signal } = {}) {
      throwIfAborted(signal, `open ${graph.name}`);
      const layout = layOut(graph, weights, options.mapFrom);
      const key = fingerprint(layout.model);
      const bySource = cache.get(weights) ?? new Map<string, Promise<OrtSession>>();
      cache.set(weights, bySource);
      const known = bySource.get(key);
      if (known) return known;
      const opening = open(graph, weights, { layout, forget: () => bySource.delete(key) });
      bySource.set(key, opening);
      opening.catch(() => bySource.delete(key));
      return opening;
    },
    async foreignSession(model, { signal } = {}) {
      const operation = `open ${model.name}`;
      throwIfAborted(signal, operation);
      const id = next++;
      const source = { model: model.bytes, parameters: model.external, location: model.location };
      const message = { type: 'open' as const, session: id, source, settings };
      await client.request(message, { operation }).catch((error) => refuseForeign(operation, error));
      const inputs = new Map(model.inputs);
      return new OrtSession(model.name, id, { client, forget: () => undefined, inputs });
    },
    async close() {
      cache.clear();
      await client.close();
    },
  };
}
