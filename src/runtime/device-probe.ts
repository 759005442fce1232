// Tries a device out, in a process of its own.
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { float32 } from '../core/tensor.js';
import { Add, Graph, serialise } from '../graph/index.js';
import type { Device } from './device.js';

// Drivers print what they like, and some end the process that asks.
const PROBE = `
const [binding, provider, model] = process.argv.slice(1);
const { InferenceSession, Tensor, listSupportedBackends } = require(binding);
const say = (text) => { process.stdout.write('\\nprobe: ' + text); };
(async () => {
  if (!listSupportedBackends().some(({ name }) => name === provider)) return say('not in ONNX Runtime for this system');
  const session = await InferenceSession.create(Buffer.from(model, 'base64'), { executionProviders: [provider] });
  const { y } = await session.run({ x: new Tensor('float32', [1, 2], [2]) });
  say(y.data.join() === '2,4' ? 'ok' : 'wrong results');
})().catch((error) => say(error.message.split('\\n')[0]));`;
const PROBE_MS = 60_000;

/** Computes one addition there. */
export function probeDevice(device: Device): Promise<string | undefined> {
  const binding = createRequire(import.meta.url).resolve('onnxruntime-node');
  const graph = new Graph('probe');
  const x = graph.input('x', 'float32', [2]);
  graph.output('y', Add(x, graph.constant(float32([1, 2], [2]))));
  const model = Buffer.from(serialise(graph)).toString('base64');
  const args = ['--eval', PROBE, '--', binding, device, model];
  return new Promise((done) => {
    execFile(process.execPath, args, { timeout: PROBE_MS }, (error, stdout) => {
      const said = /\nprobe: (.*)/.exec(stdout)?.[1];
      // Behind ONNX Runtime's own place in its sources stands what matters.
      done(
        said === 'ok'
          ? undefined
          : (said?.replace(/^\/.* was false\. /, '') ?? `a driver that ended with ${error?.signal ?? error?.code}`),
      );
    });
  });
}
