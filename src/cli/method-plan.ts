// What a user asks of a method besides plain sampling: boxes, candidates, an agent; settled before a model is loaded.
import { z } from 'zod';
import type { AgentName } from '../agents/open-agent.js';
import { ContrappostoError } from '../core/errors.js';
import type { GivenBox, Method, MethodRequest } from '../methods/method.js';
import { METHOD_NAMES, METHODS } from '../methods/registry.js';

/** Listed here so that agents are loaded by runs that ask one, and by no others. */
const AGENT_NAMES = ['local', 'openai'] as const satisfies readonly AgentName[];

export interface MethodOptions {
  method?: string;
  candidates?: number;
  /** `x1,y1,x2,y2` or `word=x1,y1,x2,y2`. */
  box?: string[];
  agent?: string;
  modules?: string;
  preset?: string;
}

/** Also what a picture's settings hold under `method_options`. */
const settingsSchema = z.object({
  candidates: z.int().min(1).max(64).optional(),
  boxes: z
    .array(z.object({ word: z.string().optional(), box: z.tuple([z.number(), z.number(), z.number(), z.number()]) }))
    .optional(),
  agent: z.enum(AGENT_NAMES).optional(),
  modules: z.string().optional(),
  preset: z.string().optional(),
});

export type MethodSettings = z.infer<typeof settingsSchema>;

/** The method's name: as given, as in the picture, or by what else is asked for. Throws `unsupported`. */
export function planMethod(given: string | undefined, { plain }: { plain: boolean }): string {
  const name = given ?? (plain ? 'sd' : METHOD_NAMES[0]);
  if (METHOD_NAMES.includes(name)) return name;
  throw new ContrappostoError('unsupported', {
    operation: '--method',
    expected: METHOD_NAMES.join(', '),
    got: `"${name}"`,
    hint: '--method sd is plain sampling',
  });
}

/** Given options over those of the picture to repeat. Throws `usage`; `corrupt-file` for a picture's broken settings. */
export function planMethodSettings(options: MethodOptions, from: unknown): MethodSettings {
  const earlier = settingsSchema.safeParse(from ?? {});
  if (!earlier.success) {
    const { path, message } = earlier.error.issues[0];
    throw new ContrappostoError('corrupt-file', {
      operation: "read the picture's settings",
      expected: 'options of a method',
      got: `${path.join('.')}: ${message}`,
    });
  }
  const given = {
    candidates: options.candidates,
    boxes: options.box?.length ? options.box.map(parseBox) : undefined,
    agent: options.agent === undefined ? undefined : requireAgent(options.agent),
    modules: options.modules,
    preset: options.preset,
  };
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...earlier.data, ...Object.fromEntries(set) };
}

function requireAgent(name: string): AgentName {
  const found = AGENT_NAMES.find((known) => known === name);
  if (found) return found;
  throw new ContrappostoError('usage', {
    operation: '--agent',
    expected: AGENT_NAMES.join(' or '),
    got: `"${name}"`,
    hint: 'openai means any endpoint of that kind: OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_MODEL',
  });
}

function parseBox(text: string): GivenBox & { box: [number, number, number, number] } {
  const [, word, list] = /^(?:([^=]+)=)?(.+)$/.exec(text) ?? [];
  const numbers = (list ?? '').split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const [x1, y1, x2, y2] = numbers;
  if (numbers.length === 4 && numbers.every(Number.isFinite) && x2 > x1 && y2 > y1) {
    return { ...(word && { word: word.trim() }), box: [x1, y1, x2, y2] };
  }
  throw new ContrappostoError('usage', {
    operation: '--box',
    expected: 'x1,y1,x2,y2 in pixels, x1 < x2 and y1 < y2; or WORD=x1,y1,x2,y2',
    got: `"${text}"`,
    hint: 'for example --box 20,110,180,250',
  });
}

const OPTION_OF = {
  boxes: '--box',
  agent: '--agent',
  candidates: '--candidates',
  modules: '--modules',
  preset: '--preset',
} as const;

/** The method behind a name, none for plain sampling. Throws `usage` for options that it does not know. */
export async function loadMethod(name: string, settings: MethodSettings): Promise<Method | undefined> {
  const method = name === 'sd' ? undefined : await METHODS[name]();
  for (const key of Object.keys(OPTION_OF) as (keyof typeof OPTION_OF)[]) {
    if (settings[key] === undefined || method?.takes.includes(key)) continue;
    throw new ContrappostoError('usage', {
      operation: `--method ${name}`,
      expected: `no ${OPTION_OF[key]}`,
      got: OPTION_OF[key],
      hint: `it belongs to methods that use it, such as --method ${METHOD_NAMES[0]}`,
    });
  }
  method?.check?.(settings);
  if (settings.agent === 'openai') (await import('../agents/open-agent.js')).openAiSettings(process.env);
  return method;
}

/** The request of a method without what plain sampling takes too. */
export function methodRequest(settings: MethodSettings): Omit<MethodRequest, 'prompt' | 'agent'> {
  const { agent: _, ...request } = settings;
  return request;
}
