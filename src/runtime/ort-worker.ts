// The thread in which ONNX Runtime works: opens, runs and releases sessions one message at a time.
import { parentPort } from 'node:worker_threads';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { DType, Tensor, TypedArray } from '../core/tensor.js';
import type { MappedFiles, Reply, Request, SessionSettings, SessionSource } from './protocol.js';

const sessions = new Map<number, InferenceSession>();

async function handle(request: Request): Promise<Record<string, Tensor> | undefined> {
  if (request.type === 'open') {
    const { source, settings } = request;
    const session = await InferenceSession.create(source.model, sessionOptions(source, settings));
    sessions.set(request.session, session);
    return undefined;
  }
  const session = sessions.get(request.session);
  if (!session) throw new Error(`session ${request.session} is not open`);
  if (request.type === 'release') {
    sessions.delete(request.session);
    await session.release();
    return undefined;
  }
  const feeds = Object.fromEntries(Object.entries(request.feeds).map(([name, t]) => [name, toOrt(t)]));
  const results = await session.run(feeds);
  return Object.fromEntries(Object.entries(results).map(([name, t]) => [name, fromOrt(t as OrtTensor)]));
}

function sessionOptions(source: SessionSource, settings: SessionSettings): InferenceSession.SessionOptions {
  const { parameters, location, quantised, mapped } = source;
  return {
    executionProviders: [settings.provider],
    intraOpNumThreads: settings.threads,
    // ONNX Runtime logs harmless notices about unused initialisers; errors still arrive as exceptions.
    logSeverityLevel: 3,
    externalData: parameters.length > 0 ? [{ path: location, data: parameters }] : [],
    ...(mapped ? mappedOptions(mapped) : copiedOptions({ quantised })),
  };
}

/**
 * DequantizeLinear over stored values is computed once, at load, like any constant. By default ONNX Runtime keeps such
 * nodes, for networks that compute in 8 bits.
 */
function copiedOptions({ quantised }: { quantised?: boolean }): InferenceSession.SessionOptions {
  const extra = { session: { disable_quant_qdq: '1' } };
  return { graphOptimizationLevel: 'all', ...(quantised && { extra }) };
}

/**
 * Parameters stay in the page cache only while nothing copies them: neither blocked layouts (level `all`), nor packed
 * matrices, nor widened ones. The second run's memory plan would be held beside the first run's (docs/engine.md).
 */
function mappedOptions({ folder, widened }: MappedFiles): InferenceSession.SessionOptions {
  const session = { model_external_initializers_file_folder_path: folder, disable_prepacking: '1' };
  const optimization = { disable_specified_optimizers: 'ConstantFolding' };
  return {
    graphOptimizationLevel: 'extended',
    enableMemPattern: false,
    extra: widened ? { session, optimization } : { session },
  };
}

function toOrt(t: Tensor): OrtTensor {
  return new OrtTensor(t.dtype as 'float32', t.data as Float32Array, t.shape as number[]);
}

function fromOrt(t: OrtTensor): Tensor {
  return { dtype: t.type as DType, shape: t.dims as number[], data: t.data as unknown as TypedArray };
}

// ONNX Runtime is loaded, so that the thread may be ended: reply 0 says so.
parentPort?.postMessage({ id: 0, ok: true } satisfies Reply);

parentPort?.on('message', async (request: Request) => {
  let reply: Reply;
  try {
    reply = { id: request.id, ok: true, outputs: await handle(request) };
  } catch (error) {
    reply = { id: request.id, ok: false, message: error instanceof Error ? error.message : String(error) };
  }
  const buffers = reply.ok ? Object.values(reply.outputs ?? {}).map((t) => t.data.buffer as ArrayBuffer) : [];
  parentPort?.postMessage(reply, [...new Set(buffers)]);
});
