// Settings of the remote agent: what may be missing, and what the message says.
import { expect, it } from 'vitest';
import { openAiSettings } from './open-agent.js';

it('reads the environment', () => {
  const environment = { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', OPENAI_API_KEY: 'k', OPENAI_MODEL: 'm' };
  expect(openAiSettings(environment)).toEqual({ baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'k', model: 'm' });
  expect(openAiSettings({ OPENAI_MODEL: 'm', OPENAI_API_KEY: 'k' }).baseUrl).toBe('https://api.openai.com/v1');
});

it('wants a key for OpenAI only', () => {
  expect(openAiSettings({ OPENAI_BASE_URL: 'http://127.0.0.1:1', OPENAI_MODEL: 'm' }).apiKey).toBeUndefined();
  expect(() => openAiSettings({ OPENAI_MODEL: 'm' })).toThrow(/OPENAI_API_KEY/);
  expect(() => openAiSettings({})).toThrow(/OPENAI_MODEL and OPENAI_API_KEY/);
  expect(() => openAiSettings({ OPENAI_MODEL: 'm', OPENAI_BASE_URL: 'nowhere' })).toThrow(/OPENAI_BASE_URL/);
});
