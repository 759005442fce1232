// Everything about a `generate` run that can be settled, and refused, before a model is loaded.
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { ContrappostoError } from '../core/errors.js';
import { checkWritable } from '../core/files.js';
import { readPngText } from '../core/image.js';
import { type RunRecord, runRecordFromPngText } from '../diffusion/run-record.js';
import { type ControlOptions, type PlannedControl, planControls } from './control-plan.js';
import { LIMITS } from './limits.js';
import { type MethodOptions, type MethodSettings, planMethod, planMethodSettings } from './method-plan.js';
import type { SharedOptions } from './shared-options.js';
import { planSources, type SourceOptions, type SourcePlan } from './source-pictures.js';

export interface GenerateOptions extends SharedOptions, SourceOptions, ControlOptions, MethodOptions {
  negativePrompt?: string;
  longPrompts?: string;
  steps?: number;
  guidanceScale?: number;
  scheduler?: string;
  width?: number;
  height?: number;
  count?: number;
  from?: string;
  preview?: string;
  saveAttention?: string;
  saveStages?: string;
  lora?: string[];
  tokenizer?: string;
  lowMemory?: boolean;
}

export interface GeneratePlan extends SourcePlan {
  method: string;
  methodSettings: MethodSettings;
  prompt: string;
  negativePrompt: string;
  longPrompts: 'cut' | 'chunk';
  /** Seed of the first picture; picture i has seed + i. */
  seed: number;
  /** Undefined where the model's own default holds. */
  steps?: number;
  guidanceScale?: number;
  scheduler?: string;
  width?: number;
  height?: number;
  model: string;
  /** Fingerprint of the weights that made the picture being repeated. */
  expectedFingerprint?: string;
  software?: Record<string, string>;
  /** LoRA files to merge; `fingerprint` where a picture is repeated. */
  loras: { name: string; scale: number; fingerprint?: string }[];
  controls: PlannedControl[];
  tokenizer?: string;
  /** One path a picture. */
  outPaths: string[];
}

/** Settles a run from its options over those of the picture `--from` over the defaults; throws before anything is computed. */
export async function planGenerate(prompt: string | undefined, options: GenerateOptions): Promise<GeneratePlan> {
  const from = options.from === undefined ? undefined : await readRunRecord(options.from);
  const text = requirePrompt(prompt ?? from?.prompt);
  const longPrompts = requireLongPrompts(options.longPrompts ?? from?.longPrompts ?? 'cut');
  const sources = await planSources(options, from);
  const controls = await planControls(options, from);
  const plain = sources.initImage !== undefined || controls.length > 0;
  const method = planMethod(options.method ?? from?.method, { plain });
  const sameMethod = options.method === undefined || options.method === from?.method;
  const methodSettings = planMethodSettings(options, sameMethod ? from?.methodOptions : undefined);
  const seed = inLimits('seed', options.seed ?? from?.seed) ?? randomInt(2 ** 32);
  const width = requireSide('--width', options.width ?? from?.width);
  const height = requireSide('--height', options.height ?? from?.height);
  const outPaths = pathsFor(options.out ?? defaultName(text, seed), options.count ?? 1);
  for (const path of options.preview ? [...outPaths, requirePng('--preview', options.preview)] : outPaths) {
    await checkWritable(path);
  }
  const sameModel = options.model === undefined || options.model === from?.model.name;
  if (options.saveStages !== undefined) await checkWritable(requirePng('--save-stages', options.saveStages));
  return {
    method,
    methodSettings,
    prompt: text,
    negativePrompt: options.negativePrompt ?? from?.negativePrompt ?? '',
    longPrompts,
    ...sources,
    seed,
    steps: inLimits('steps', options.steps ?? from?.steps),
    guidanceScale: inLimits('guidanceScale', options.guidanceScale ?? from?.guidanceScale),
    scheduler: options.scheduler ?? from?.scheduler,
    width,
    height,
    model: options.model ?? from?.model.name ?? 'mini',
    expectedFingerprint: sameModel ? from?.model.fingerprint : undefined,
    software: from?.software,
    loras: options.lora?.length ? options.lora.map(parseLora) : (from?.loras ?? []),
    controls,
    tokenizer: options.tokenizer,
    outPaths,
  };
}

async function readRunRecord(path: string): Promise<RunRecord> {
  const operation = `read settings of "${path}"`;
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new ContrappostoError(cause.code === 'ENOENT' ? 'not-found' : 'io', {
      operation,
      expected: 'a PNG file made by contrapposto generate',
      got: cause.code,
      hint: 'check the spelling of the path',
      cause,
    });
  });
  return runRecordFromPngText(readPngText(bytes), operation);
}

function requireLongPrompts(value: string): 'cut' | 'chunk' {
  if (value === 'cut' || value === 'chunk') return value;
  throw new ContrappostoError('usage', {
    operation: '--long-prompts',
    expected: 'cut or chunk',
    got: `"${value}"`,
    hint: 'cut drops what the text encoder cannot read at once, chunk reads it in parts',
  });
}

function requirePrompt(prompt: string | undefined): string {
  if (prompt?.trim()) return prompt;
  throw new ContrappostoError('invalid-input', {
    operation: 'prompt',
    expected: 'a few words',
    got: prompt === undefined ? 'none' : 'an empty one',
    hint: 'for example: contrapposto generate "a woman is riding a bicycle"',
  });
}

/** Values of a foreign PNG have not passed the option parsers, so they are checked here too. */
function inLimits(name: 'seed' | 'steps' | 'guidanceScale', value: number | undefined): number | undefined {
  const { min, max, whole } = LIMITS[name];
  if (value === undefined || (value >= min && value <= max && (!whole || Number.isInteger(value)))) return value;
  throw new ContrappostoError('invalid-input', { operation: name, expected: `${min} to ${max}`, got: `${value}` });
}

function requireSide(option: '--width' | '--height', value: number | undefined): number | undefined {
  if (value === undefined) return undefined;
  const { min, max, multiple } = LIMITS.side;
  if (value < min || value > max) {
    const hint = 'the embedded model is trained at 256 by 256';
    throw new ContrappostoError('limit', { operation: option, expected: `${min} to ${max}`, got: `${value}`, hint });
  }
  if (value % multiple === 0) return value;
  const below = Math.floor(value / multiple) * multiple;
  throw new ContrappostoError('invalid-input', {
    operation: option,
    expected: `a multiple of ${multiple}`,
    got: `${value}`,
    hint: `try ${option} ${below} or ${option} ${below + multiple}`,
  });
}

/** `FILE` or `FILE:STRENGTH`; a colon with anything but a number behind it belongs to the name. */
function parseLora(text: string): { name: string; scale: number } {
  const [, name, strength = '1'] = /^(.+?)(?::([+-]?(?:\d+\.?\d*|\.\d+)))?$/.exec(text) ?? [];
  const scale = Number(strength);
  if (name && Math.abs(scale) <= LIMITS.loraStrength.max) return { name, scale };
  throw new ContrappostoError('usage', {
    operation: '--lora',
    expected: 'FILE or FILE:STRENGTH, the strength from -100 to 100',
    got: `"${text}"`,
    hint: 'for example --lora style.safetensors:0.8',
  });
}

/** `a.png`, or `a-1.png`, `a-2.png`, ... for a batch. */
function pathsFor(out: string, count: number): string[] {
  requirePng('--out', out);
  if (count === 1) return [out];
  const extension = extname(out);
  const stem = out.slice(0, out.length - extension.length);
  return Array.from({ length: count }, (_, i) => `${stem}-${i + 1}${extension}`);
}

function requirePng(option: string, path: string): string {
  if (['.png', ''].includes(extname(path).toLowerCase())) return path;
  throw new ContrappostoError('unsupported', {
    operation: option,
    expected: 'a name ending in .png',
    got: `"${path}"`,
    hint: 'only PNG keeps the settings of the run in the picture',
  });
}

/** A file name from the prompt's words and the seed, so that nothing is overwritten by accident. */
function defaultName(prompt: string, seed: number): string {
  const words = prompt.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const stem = words.join('-').slice(0, 60).replace(/-+$/, '') || 'picture';
  return `${stem}-${seed}.png`;
}
