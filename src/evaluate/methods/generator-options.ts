// The options behind a generating method's name in `--methods`: those of plain sampling, and those of its own.
import type { AgentName } from '../../agents/open-agent.js';
import { AGENT_NAMES } from '../../agents/open-agent.js';
import { ContrappostoError } from '../../core/errors.js';
import type { Method as Generator, MethodRequest } from '../../methods/method.js';
import type { MethodOptions } from '../method.js';

const SAMPLING_USAGE =
  'guidance=X:steps=N:scheduler=NAME:width=PX:height=PX:negative-prompt=TEXT:long-prompts=cut|chunk:model=M:lora=FILE@X';
const OWN_USAGE = 'candidates=N:modules=GRC:preset=NAME:agent=local|openai';
const MOST_CANDIDATES = 64;

/** What follows the name, for messages. */
export function usageOf(name: string): string {
  return name === 'sd' ? SAMPLING_USAGE : `${SAMPLING_USAGE}, where the method knows them ${OWN_USAGE}`;
}

export interface GeneratorOptions {
  model?: string;
  guidanceScale?: number;
  steps?: number;
  scheduler?: string;
  width?: number;
  height?: number;
  negativePrompt?: string;
  longPrompts: 'cut' | 'chunk';
  loras: { name: string; scale: number }[];
  own: Pick<MethodRequest, 'candidates' | 'modules' | 'preset'> & { agent?: AgentName };
}

/** Reads the options of `name`. Throws `usage` for those that it does not have, and for their values. */
export function parseOptions(
  { target, pairs }: MethodOptions,
  { name, generator }: { name: string; generator?: Generator },
): GeneratorOptions {
  const refuse = (got: string): never => {
    const expected = `${name}:${usageOf(name)}`;
    throw new ContrappostoError('usage', { operation: `--methods ${name}`, expected, got: `"${got}"` });
  };
  if (target !== undefined) refuse(target);
  const options: GeneratorOptions = { longPrompts: 'cut', loras: [], own: {} };
  const setters = { ...samplingSetters(options, refuse), ...ownSetters(options, { refuse, generator }) };
  for (const [key, value] of pairs) {
    if (!Object.hasOwn(setters, key)) refuse(`${key}=${value}`);
    setters[key](value);
  }
  generator?.check?.(options.own);
  return options;
}

type Setters = Record<string, (value: string) => void>;
type Refuse = (got: string) => never;

function samplingSetters(options: GeneratorOptions, refuse: Refuse): Setters {
  const number = (key: string, value: string) => {
    const parsed = value.trim() === '' ? Number.NaN : Number(value);
    return Number.isFinite(parsed) ? parsed : refuse(`${key}=${value}`);
  };
  return {
    model: (value) => (options.model = value),
    guidance: (value) => (options.guidanceScale = number('guidance', value)),
    'guidance-scale': (value) => (options.guidanceScale = number('guidance-scale', value)),
    steps: (value) => (options.steps = number('steps', value)),
    scheduler: (value) => (options.scheduler = value),
    width: (value) => (options.width = number('width', value)),
    height: (value) => (options.height = number('height', value)),
    'negative-prompt': (value) => (options.negativePrompt = value),
    'long-prompts': (value) => {
      options.longPrompts = value === 'cut' || value === 'chunk' ? value : refuse(`long-prompts=${value}`);
    },
    lora: (value) => {
      const [, name, scale = '1'] = /^(.+?)(?:@([+-]?\d*\.?\d+))?$/.exec(value) ?? refuse(`lora=${value}`);
      options.loras.push({ name, scale: Number(scale) });
    },
  };
}

/** Only those that the generator knows. */
function ownSetters(
  { own }: GeneratorOptions,
  { refuse, generator }: { refuse: Refuse; generator?: Generator },
): Setters {
  const all: Setters = {
    candidates: (value) => {
      const count = Number(value);
      own.candidates =
        Number.isInteger(count) && count >= 1 && count <= MOST_CANDIDATES ? count : refuse(`candidates=${value}`);
    },
    modules: (value) => (own.modules = value),
    preset: (value) => (own.preset = value),
    agent: (value) => (own.agent = AGENT_NAMES.find((known) => known === value) ?? refuse(`agent=${value}`)),
  };
  const takes: readonly string[] = generator?.takes ?? [];
  return Object.fromEntries(Object.entries(all).filter(([key]) => takes.includes(key)));
}
