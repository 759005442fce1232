// Talks to an OpenAI-compatible endpoint: retries with back-off, a limit on every wait and on the whole, no secret in any message.

import { z } from 'zod';
import { ContrappostoError, throwIfAborted } from '../core/errors.js';
import { encodePng, type Image } from '../core/image.js';
import type { AgentUsage, Exchange } from './agent.js';

export interface ChatClientOptions {
  /** E.g. `https://api.openai.com/v1`; `/chat/completions` is appended. */
  baseUrl: string;
  model: string;
  /** Sent as bearer token; left out for servers that want none. */
  apiKey?: string;
  /** Of one request, its answer included; default 60 s. */
  timeoutMs?: number;
  /** Requests after the first that failed; default 2. */
  retries?: number;
  /** Waits before them; the last one repeats. Default 1 s and 4 s. */
  backoffMs?: readonly number[];
  /** US dollars a million tokens, for the report. */
  prices?: { prompt: number; completion: number };
}

export interface ChatRequest {
  text: string;
  images: readonly Image[];
  maxTokens: number;
  /** When all has to be over, on the clock of `performance.now()`. */
  deadlineMs: number;
  signal?: AbortSignal;
}

/** An answer, or why there is none after all attempts. */
export type ChatReply = { text: string } | { failure: 'timeout' | 'unavailable'; message: string };

export interface ChatClient {
  readonly model: string;
  /**
   * Asks until there is an answer, the retries are spent or the deadline comes.
   * Throws `aborted`; `usage` for 401 and 403, `not-found` for 404, `runtime` for other refusals: repeating would not help.
   */
  ask(request: ChatRequest): Promise<ChatReply>;
  /** Takes what was said and spent since the last call. */
  takeRecord(): { transcript: Exchange[]; usage: AgentUsage };
}

/** Longer answers are cut off: nothing useful is that long. */
const MAX_REPLY_BYTES = 1 << 20;
const LONGEST_EXCERPT = 200;

const replySchema = z.looseObject({
  choices: z.array(z.looseObject({ message: z.looseObject({ content: z.string().nullish() }) })).min(1),
  usage: z.looseObject({ prompt_tokens: z.number(), completion_tokens: z.number() }).partial().nullish(),
});

/** One attempt: an answer, a failure that may pass, or an error that will not. */
type Attempt =
  | { text: string; promptTokens: number; completionTokens: number }
  | { failure: 'timeout' | 'unavailable'; message: string; retryAfterMs?: number }
  | { refused: ContrappostoError };

export function createChatClient(options: ChatClientOptions): ChatClient {
  const { model, retries = 2, backoffMs = [1000, 4000], prices } = options;
  let record = newRecord();

  async function attemptOnce(request: ChatRequest, body: string): Promise<Attempt> {
    const started = performance.now();
    const attempt = await send(options, { body, request });
    record.usage.requests++;
    const error = 'text' in attempt ? undefined : 'refused' in attempt ? attempt.refused.message : attempt.message;
    const answer = 'text' in attempt ? attempt.text : undefined;
    record.transcript.push({ question: request.text, answer, error, elapsedMs: performance.now() - started });
    if ('text' in attempt) {
      record.usage.promptTokens += attempt.promptTokens;
      record.usage.completionTokens += attempt.completionTokens;
    }
    return attempt;
  }

  return {
    model,
    async ask(request) {
      const body = await requestBody(model, request);
      for (let i = 0; ; i++) {
        throwIfAborted(request.signal, 'ask agent');
        const attempt = await attemptOnce(request, body);
        if ('text' in attempt) return { text: attempt.text };
        throwIfAborted(request.signal, 'ask agent');
        if ('refused' in attempt) throw attempt.refused;
        const pause = attempt.retryAfterMs ?? backoffMs[Math.min(i, backoffMs.length - 1)] ?? 0;
        const isOver = i >= retries || performance.now() + pause >= request.deadlineMs;
        if (isOver) return { failure: attempt.failure, message: attempt.message };
        await wait(pause, request.signal);
      }
    },
    takeRecord() {
      const taken = record;
      record = newRecord();
      if (prices) {
        const { promptTokens, completionTokens } = taken.usage;
        taken.usage.costUsd = (promptTokens * prices.prompt + completionTokens * prices.completion) / 1e6;
      }
      return taken;
    },
  };
}

function newRecord(): { transcript: Exchange[]; usage: AgentUsage } {
  return { transcript: [], usage: { requests: 0, promptTokens: 0, completionTokens: 0 } };
}

async function requestBody(model: string, { text, images, maxTokens }: ChatRequest): Promise<string> {
  const pictures = await Promise.all(
    images.map(async (image) => {
      const png = Buffer.from(await encodePng(image)).toString('base64');
      return { type: 'image_url', image_url: { url: `data:image/png;base64,${png}`, detail: 'low' } };
    }),
  );
  const content = [{ type: 'text', text }, ...pictures];
  return JSON.stringify({ model, messages: [{ role: 'user', content }], max_tokens: maxTokens, temperature: 0 });
}

async function send(
  options: ChatClientOptions,
  { body, request }: { body: string; request: ChatRequest },
): Promise<Attempt> {
  const { apiKey, timeoutMs = 60_000 } = options;
  const limit = Math.max(1, Math.min(timeoutMs, request.deadlineMs - performance.now()));
  const timeout = AbortSignal.timeout(Math.ceil(limit));
  const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
  try {
    const response = await fetch(`${options.baseUrl.replace(/\/+$/, '')}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) },
      body,
      signal,
    });
    return understand(response, { content: await readLimited(response), options });
  } catch (cause) {
    if (timeout.aborted) return { failure: 'timeout', message: `no answer within ${(limit / 1000).toFixed(1)} s` };
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    return { failure: 'unavailable', message: withoutKey(reason, apiKey) };
  }
}

/** The body's text up to a limit; a server that never stops is left. */
async function readLimited(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_REPLY_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function understand(
  response: Response,
  { content, options }: { content: string; options: ChatClientOptions },
): Attempt {
  const { status } = response;
  const said = withoutKey(content.slice(0, LONGEST_EXCERPT), options.apiKey);
  if (status === 429 || status === 408 || status >= 500) {
    const retryAfterMs = retryAfter(response.headers.get('retry-after'));
    return { failure: 'unavailable', message: `HTTP ${status}: ${said}`, retryAfterMs };
  }
  if (!response.ok) return { refused: refusal(status, { said, options }) };
  const reply = replySchema.safeParse(parseJson(content));
  if (!reply.success) return { failure: 'unavailable', message: `no chat completion: ${said}` };
  const { choices, usage } = reply.data;
  return {
    text: withoutKey(choices[0].message.content ?? '', options.apiKey),
    promptTokens: usage?.prompt_tokens ?? 0,
    completionTokens: usage?.completion_tokens ?? 0,
  };
}

function refusal(status: number, { said, options }: { said: string; options: ChatClientOptions }): ContrappostoError {
  const got = `HTTP ${status}: ${said}`;
  const operation = `ask model "${options.model}"`;
  if (status === 401 || status === 403) {
    const hint = 'check OPENAI_API_KEY, and that it may use this model; --agent local needs neither';
    return new ContrappostoError('usage', { operation, expected: 'access', got, hint });
  }
  if (status === 404) {
    const hint = 'check the model’s name and OPENAI_BASE_URL, which usually ends in /v1';
    return new ContrappostoError('not-found', { operation, expected: 'a chat model', got, hint });
  }
  const hint = 'the endpoint does not take this request; it must accept pictures in chat messages';
  return new ContrappostoError('runtime', { operation, expected: 'an answer', got, hint });
}

/** Seconds or a date, as HTTP allows; undefined for anything else. */
function retryAfter(header: string | null): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** Servers may repeat the key in their complaint. */
function withoutKey(text: string, key: string | undefined): string {
  return key ? text.replaceAll(key, '***') : text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Ends early when the signal fires; the caller looks at it. */
function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
    if (signal?.aborted) done();
  });
}
