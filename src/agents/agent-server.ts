// An agent behind the same HTTP endpoint as a remote model: other programs can ask it, and tests can make it fail (record, 6.7).
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { readImage } from '../core/image.js';
import type { Box, Keypoint } from '../pose/person.js';
import type { Agent, FixedBox, LayoutQuestion } from './agent.js';
import { ATTRIBUTE_KEYS, ATTRIBUTE_NAMES } from './attributes.js';
import { boxText, TASK_TAGS } from './prompts.js';

/** What goes wrong with one request. */
export interface AgentFault {
  /** Waits before anything is sent; `Infinity` never answers. */
  delayMs?: number;
  /** Instead of 200. */
  status?: number;
  headers?: Record<string, string>;
  /** Instead of the answer's text: refusals, garbage, boxes outside of the canvas; `null` for none. */
  content?: string | null;
  /** Instead of the whole body, e.g. half of it. */
  body?: string;
  /** Closes the connection without a word. */
  hangUp?: boolean;
}

export interface AgentServerOptions {
  agent: Agent;
  /** Default: any free one. */
  port?: number;
  /** Asked for each request, counted from 0. */
  fault?: (request: number) => AgentFault | undefined;
}

export interface AgentServer {
  /** E.g. `http://127.0.0.1:4321/v1`, what `OPENAI_BASE_URL` wants. */
  readonly baseUrl: string;
  /** Requests so far. */
  readonly requests: number;
  close(): Promise<void>;
}

const MAX_REQUEST_BYTES = 64 * 1024 * 1024;
const partSchema = z.union([
  z.looseObject({ type: z.literal('text'), text: z.string() }),
  z.looseObject({ type: z.literal('image_url'), image_url: z.looseObject({ url: z.string() }) }),
]);
const requestSchema = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ content: z.union([z.string(), z.array(partSchema)]) })).min(1),
});

/** Serves `POST /v1/chat/completions` on this machine only. */
export async function serveAgent({ agent, port = 0, fault }: AgentServerOptions): Promise<AgentServer> {
  let requests = 0;
  const server = createServer((request, response) => {
    const failing = fault?.(requests++) ?? {};
    respond(request, response, { agent, failing }).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${bound}/v1`,
    get requests() {
      return requests;
    },
    close: () => closed(server),
  };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { agent, failing }: { agent: Agent; failing: AgentFault },
): Promise<void> {
  const body = await readBody(request);
  if (failing.delayMs === Number.POSITIVE_INFINITY) return;
  if (failing.delayMs) await new Promise((resolve) => setTimeout(resolve, failing.delayMs));
  if (failing.hangUp) {
    response.destroy();
    return;
  }
  const send = (status: number, text: string) => {
    response.writeHead(status, { 'content-type': 'application/json', ...failing.headers });
    response.end(text);
  };
  if (failing.status) return send(failing.status, failing.body ?? '{"error":{"message":"made to fail"}}');
  if (failing.body !== undefined) return send(200, failing.body);
  if (request.method !== 'POST' || !request.url?.endsWith('/chat/completions'))
    return send(404, '{"error":"no such path"}');
  const parsed = requestSchema.safeParse(parseJson(body));
  if (!parsed.success) return send(400, JSON.stringify({ error: { message: parsed.error.issues[0].message } }));
  const content = failing.content === undefined ? await answer(agent, parsed.data) : failing.content;
  const usage = { prompt_tokens: Math.ceil(body.length / 4), completion_tokens: Math.ceil((content ?? '').length / 4) };
  const message = { role: 'assistant', content };
  send(200, JSON.stringify({ object: 'chat.completion', model: parsed.data.model, choices: [{ message }], usage }));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_REQUEST_BYTES) throw new Error('request too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function answer(agent: Agent, { messages }: z.infer<typeof requestSchema>): Promise<string> {
  const { content } = messages[messages.length - 1];
  const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content;
  const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
  const images = await Promise.all(
    parts.flatMap((part) => (part.type === 'image_url' ? [readImage(dataOf(part.image_url.url))] : [])),
  );
  if (text.startsWith(TASK_TAGS.pose)) {
    const prompt = /meant to show: "(.*)"/.exec(text)?.[1] ?? '';
    const { index } = await agent.choose(prompt, images);
    return `{"choice": ${index + 1}}\n${index + 1}`;
  }
  if (!text.startsWith(TASK_TAGS.layout)) return 'I only choose poses and place objects.';
  const question = questionOf(text.slice(text.lastIndexOf('## Your task')));
  const { box, attributes, reasoning } = await agent.propose({ ...question, image: images[0] });
  return [
    ...ATTRIBUTE_KEYS.map((key) => `${ATTRIBUTE_NAMES[key]}: ${attributes[key] ?? 'unknown'}`),
    `Reasoning: ${reasoning}`,
    `Updated object location (${question.object}): ${box ? boxText(box) : 'unchanged'}`,
  ].join('\n');
}

function dataOf(uri: string): Uint8Array {
  return Buffer.from(uri.replace(/^data:image\/\w+;base64,/, ''), 'base64');
}

/** Reads back what `layoutQuestion` wrote. */
function questionOf(task: string): Omit<LayoutQuestion, 'image'> {
  const line = (pattern: RegExp) => pattern.exec(task)?.slice(1) ?? [];
  const box = (text = ''): Box | null => {
    const numbers = text.match(/-?\d+/g)?.map(Number) ?? [];
    return numbers.length === 4 ? (numbers as unknown as Box) : null;
  };
  const [prompt = ''] = line(/^Prompt: (.*)$/m);
  const [action = ''] = line(/^Action: (.*)$/m);
  const [verb = '', preposition] = action.split(' ');
  const [object = '', present] = line(/^Original object location \((.*)\): (.*)$/m);
  const fixedBoxes = [...task.matchAll(/^Fixed \((.*)\): (.*)$/gm)].flatMap(([, label, text]): FixedBox[] => {
    const fixed = box(text);
    return fixed ? [{ label, box: fixed }] : [];
  });
  const personBox = box(line(/^Human box: (.*)$/m)[0]) ?? [0, 0, 1, 1];
  const keypoints = pointsOf(line(/^Keypoints: (.*)$/m)[0] ?? '');
  return { prompt, verb, preposition, object, keypoints, personBox, objectBox: box(present), fixedBoxes };
}

function pointsOf(text: string): Keypoint[] | null {
  const found = text.match(/\?|\(-?\d+, -?\d+\)/g);
  if (!found) return null;
  return found.map((point) => {
    const [x = 0, y = 0] = point.match(/-?\d+/g)?.map(Number) ?? [];
    return { x, y, score: point === '?' ? 0 : 1 };
  });
}
