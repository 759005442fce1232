// The remote agent: asks an OpenAI-compatible vision endpoint, reads whatever comes back, and falls back when nothing does.
import { ContrappostoError } from '../core/errors.js';
import { type Image, resizeImage } from '../core/image.js';
import {
  type Agent,
  type AgentOptions,
  type AgentWarning,
  CANVAS_PX,
  type ChooseOptions,
  type LayoutProposal,
  type LayoutQuestion,
  type PoseChoice,
} from './agent.js';
import { checkBox } from './boxes.js';
import { type ChatClient, type ChatClientOptions, createChatClient } from './chat-client.js';
import { parseChoice } from './parse-choice.js';
import { type ParsedLayout, parseLayout } from './parse-layout.js';
import { layoutQuestion, layoutReminder, poseQuestion, poseReminder } from './prompts.js';

export interface OpenAiAgentOptions extends ChatClientOptions {
  /** Of one `choose` or `propose` with all repetitions; default 180 s. The fallback's own time comes on top. */
  totalTimeoutMs?: number;
  /** Asked when the endpoint gives nothing usable. Without one: the first picture, and no box. */
  fallback?: Agent;
}

const POSE_TOKENS = 100;
const LAYOUT_TOKENS = 1000;

/** What one task came to: its value, or why there is none. */
type Outcome<T> = { value: T } | { failure: 'timeout' | 'unavailable' | 'unparsable'; message: string };

/** An agent over any OpenAI-compatible endpoint. See `ChatClient.ask` for what it throws. */
export function createOpenAiAgent(options: OpenAiAgentOptions): Agent {
  const { totalTimeoutMs = 180_000, fallback } = options;

  /** Asks, and once more with a stricter line when the answer says nothing. */
  async function settle<T>(
    client: ChatClient,
    task: { text: string; reminder: string; images: readonly Image[]; maxTokens: number; signal?: AbortSignal },
    read: (reply: string) => T | undefined,
  ): Promise<Outcome<T>> {
    const { reminder, text, ...rest } = task;
    const deadlineMs = performance.now() + totalTimeoutMs;
    for (const question of [text, `${text}\n\n${reminder}`]) {
      const reply = await client.ask({ ...rest, text: question, deadlineMs });
      if ('failure' in reply) return reply;
      const value = read(reply.text);
      if (value !== undefined) return { value };
      if (performance.now() >= deadlineMs) break;
    }
    return { failure: 'unparsable', message: 'two answers in a row could not be read' };
  }

  async function choose(prompt: string, images: readonly Image[], chosen: ChooseOptions = {}): Promise<PoseChoice> {
    const { count = 1, signal } = chosen;
    requirePictures(images);
    // The own client of each call keeps the records of calls that run at once apart.
    const client = createChatClient(options);
    const pictures = images.length;
    const wanted = Math.min(count, pictures);
    const asked = { pictures, count: wanted };
    const task = { text: poseQuestion(prompt, asked), reminder: poseReminder(asked), maxTokens: POSE_TOKENS, signal };
    const outcome = await settle(client, { ...task, images }, (reply) => {
      const picks = parseChoice(reply, { count: pictures });
      return picks.length > 0 ? picks : undefined;
    });
    const record = client.takeRecord();
    if ('value' in outcome) {
      const indices = completed(outcome.value, { wanted, pictures });
      return { index: indices[0], indices, source: 'vlm', warnings: [], ...record };
    }
    const warnings = [warningOf(outcome), fallenBack(fallback?.name ?? 'the first picture')];
    if (fallback) {
      const second = await fallback.choose(prompt, images, chosen);
      return { ...second, ...record, source: 'fallback', warnings: [...warnings, ...second.warnings] };
    }
    const indices = completed([], { wanted, pictures });
    return { index: 0, indices, source: 'fallback', warnings, ...record };
  }

  async function propose(question: LayoutQuestion, asked: AgentOptions = {}): Promise<LayoutProposal> {
    const client = createChatClient(options);
    // Boxes are told on the canvas, so the picture is shown as it lies there.
    const image = await resizeImage(question.image, { widthPx: CANVAS_PX, heightPx: CANVAS_PX });
    const task = { text: layoutQuestion(question), reminder: layoutReminder(question), maxTokens: LAYOUT_TOKENS };
    const outcome = await settle(client, { ...task, images: [image], signal: asked.signal }, (reply) => {
      const parsed = parseLayout(reply, { object: question.object });
      return parsed.numbers || parsed.keeps ? parsed : undefined;
    });
    const record = client.takeRecord();
    if ('value' in outcome) return { ...proposalOf(outcome.value, question), source: 'vlm', ...record };
    const warnings = [warningOf(outcome)];
    if (fallback) {
      const second = await fallback.propose(question, asked);
      const all = [...warnings, fallenBack(fallback.name), ...second.warnings];
      return { ...second, ...record, source: 'fallback', warnings: all };
    }
    const status = outcome.failure === 'unparsable' ? 'unparsable' : 'timeout';
    return { status, box: null, attributes: {}, reasoning: '', source: 'vlm', warnings, ...record };
  }

  return { name: options.model, choose, propose };
}

/** Throws `invalid-input` without pictures. */
export function requirePictures(images: readonly Image[]): void {
  if (images.length > 0) return;
  throw new ContrappostoError('invalid-input', {
    operation: 'choose pose',
    expected: 'at least one picture',
    got: 'none',
  });
}

/** As many picks as wanted: the named ones first, then the others in order. */
function completed(picks: readonly number[], { wanted, pictures }: { wanted: number; pictures: number }): number[] {
  const rest = Array.from({ length: pictures }, (_, i) => i).filter((i) => !picks.includes(i));
  return [...picks, ...rest].slice(0, wanted);
}

function proposalOf(
  { numbers, attributes, reasoning }: ParsedLayout,
  { personBox }: LayoutQuestion,
): Pick<LayoutProposal, 'status' | 'box' | 'attributes' | 'reasoning' | 'warnings'> {
  if (!numbers) return { status: 'none', box: null, attributes, reasoning, warnings: [] };
  const { box, warnings } = checkBox(numbers, { personBox, relation: attributes.relation });
  return { status: box ? 'proposed' : 'rejected', box, attributes, reasoning, warnings };
}

const FAILURE_CODES = {
  timeout: 'AGENT_TIMEOUT',
  unavailable: 'AGENT_UNAVAILABLE',
  unparsable: 'AGENT_UNPARSABLE',
} as const;

function warningOf({ failure, message }: { failure: keyof typeof FAILURE_CODES; message: string }): AgentWarning {
  return { code: FAILURE_CODES[failure], message };
}

function fallenBack(to: string): AgentWarning {
  return { code: 'AGENT_FALLBACK', message: `answered by ${to} instead` };
}
