// The agent that a name stands for, with a remote one's settings from the environment.
import { ContrappostoError } from '../core/errors.js';
import type { Runtime } from '../runtime/index.js';
import type { Agent } from './agent.js';
import { createLocalAgent } from './local-agent.js';
import { createOpenAiAgent, type OpenAiAgentOptions } from './openai-agent.js';

/** What `--agent` takes. */
export const AGENT_NAMES = ['local', 'openai'] as const;
export type AgentName = (typeof AGENT_NAMES)[number];

const OPENAI_URL = 'https://api.openai.com/v1';

/**
 * Settings from `OPENAI_BASE_URL` (default: OpenAI's), `OPENAI_API_KEY` and `OPENAI_MODEL`. Servers under another
 * address may want no key.
 * @throws `usage` when the model or, for OpenAI itself, the key is missing
 */
export function openAiSettings(environment: Readonly<Record<string, string | undefined>>): OpenAiAgentOptions {
  const { OPENAI_BASE_URL: baseUrl = OPENAI_URL, OPENAI_API_KEY: apiKey, OPENAI_MODEL: model } = environment;
  const missing = [!model && 'OPENAI_MODEL', !apiKey && baseUrl === OPENAI_URL && 'OPENAI_API_KEY'].filter(Boolean);
  if (!model || missing.length > 0) {
    throw new ContrappostoError('usage', {
      operation: 'agent "openai"',
      expected: `${missing.join(' and ')} in the environment`,
      got: 'nothing',
      hint: 'OPENAI_MODEL names a model that reads pictures; --agent local needs no account',
    });
  }
  if (!URL.canParse(baseUrl)) {
    const expected = 'an address such as http://127.0.0.1:8000/v1';
    throw new ContrappostoError('usage', { operation: 'OPENAI_BASE_URL', expected, got: `"${baseUrl}"` });
  }
  return { baseUrl, model, apiKey };
}

/**
 * Opens an agent. The remote one falls back to the local one.
 * @throws `usage` as `openAiSettings`, `not-found` when an embedded model is missing
 */
export function openAgent(
  name: AgentName,
  options: { runtime: Runtime; environment?: Readonly<Record<string, string | undefined>> },
): Agent {
  const { runtime, environment = process.env } = options;
  if (name === 'local') return createLocalAgent(runtime);
  return createOpenAiAgent({ ...openAiSettings(environment), fallback: createLocalAgent(runtime) });
}
