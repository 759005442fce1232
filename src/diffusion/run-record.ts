// What a picture carries about the run that made it: our own JSON, and the text that other programs show.
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';

/** Keyword of our JSON in the PNG, beside `parameters` for the programs that read that one. */
export const RUN_RECORD_KEYWORD = 'contrapposto';
const PARAMETERS_KEYWORD = 'parameters';
const SCHEMA_VERSION = 1;

const sourceSchema = z.object({ path: z.string(), fingerprint: z.string() });

const controlSchema = z.object({
  kind: z.enum(['controlnet', 't2i-adapter']),
  name: z.string(),
  fingerprint: z.string(),
  image: sourceSchema,
  scale: z.number(),
  start: z.number(),
  end: z.number(),
});

const wireSchema = z.object({
  schema: z.literal(SCHEMA_VERSION),
  method: z.string(),
  prompt: z.string(),
  negative_prompt: z.string(),
  long_prompts: z.enum(['cut', 'chunk']).optional(),
  init_image: sourceSchema.optional(),
  mask: sourceSchema.optional(),
  strength: z.number().optional(),
  seed: z.number(),
  steps: z.number(),
  guidance_scale: z.number(),
  scheduler: z.string(),
  width: z.number(),
  height: z.number(),
  model: z.object({ name: z.string(), fingerprint: z.string() }),
  software: z.record(z.string(), z.string()),
  loras: z.array(z.object({ name: z.string(), scale: z.number(), fingerprint: z.string() })).optional(),
  controls: z.array(controlSchema).optional(),
  method_options: z.record(z.string(), z.unknown()).optional(),
});

/**
 * A network that steered the run by a picture: as named by the user, what was in it, its scale and its part of the steps
 * (fractions).
 */
export type ControlRecord = z.infer<typeof controlSchema>;

/** A picture that a run began from: path as the user gave it, and a fingerprint of its pixels. */
export interface SourcePicture {
  path: string;
  fingerprint: string;
}

/** Everything that decides the picture's bits. Two runs with equal records give equal pictures. */
export interface RunRecord {
  method: string;
  prompt: string;
  negativePrompt: string;
  /** Default `cut`. */
  longPrompts?: 'cut' | 'chunk';
  initImage?: SourcePicture;
  mask?: SourcePicture;
  /** With an initial picture. */
  strength?: number;
  seed: number;
  steps: number;
  guidanceScale: number;
  /** A key of the scheduler list, e.g. `ddim`. */
  scheduler: string;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  /** `name` as the user gave it to `--model`; `fingerprint` of its weights and configurations. */
  model: { name: string; fingerprint: string };
  /** Version of each program that computed it. */
  software: Record<string, string>;
  /** LoRA files merged into the model: as named by the user, how strongly, and what was in them. */
  loras?: { name: string; scale: number; fingerprint: string }[];
  /** ControlNets and T2I-Adapters. */
  controls?: ControlRecord[];
  /** What the method was asked for besides plain sampling; checked by whoever knows the method. */
  methodOptions?: Readonly<Record<string, unknown>>;
}

/** The record as it goes over the wire, in snake_case. */
export function runRecordToJson(record: RunRecord): z.infer<typeof wireSchema> {
  return {
    schema: SCHEMA_VERSION,
    method: record.method,
    prompt: record.prompt,
    negative_prompt: record.negativePrompt,
    ...(record.longPrompts === 'chunk' && { long_prompts: record.longPrompts }),
    ...(record.initImage && { init_image: record.initImage }),
    ...(record.mask && { mask: record.mask }),
    ...(record.strength !== undefined && { strength: record.strength }),
    seed: record.seed,
    steps: record.steps,
    guidance_scale: record.guidanceScale,
    scheduler: record.scheduler,
    width: record.width,
    height: record.height,
    model: record.model,
    software: record.software,
    ...(record.loras?.length && { loras: record.loras }),
    ...(record.controls?.length && { controls: record.controls }),
    ...(record.methodOptions &&
      Object.keys(record.methodOptions).length > 0 && { method_options: record.methodOptions }),
  };
}

/** PNG text entries of a record. Equal records give equal entries. */
export function runRecordToPngText(record: RunRecord): Record<string, string> {
  return {
    [PARAMETERS_KEYWORD]: webUiParameters(record),
    [RUN_RECORD_KEYWORD]: JSON.stringify(runRecordToJson(record)),
  };
}

/**
 * The record in a PNG's text entries. Ranges are not checked here: its values go the way of any user's input.
 * @throws ContrappostoError `not-found` without one, `unsupported` for a newer schema, `corrupt-file` for broken JSON
 */
export function runRecordFromPngText(text: Record<string, string>, operation: string): RunRecord {
  const source = text[RUN_RECORD_KEYWORD];
  if (source === undefined) {
    throw new ContrappostoError('not-found', {
      operation,
      expected: 'a picture made by this program',
      got: PARAMETERS_KEYWORD in text ? "another program's settings" : 'a PNG without settings',
      hint: 'editors and messengers often drop the settings; use the original file',
    });
  }
  const parsed = wireSchema.safeParse(parseJson(source, operation));
  if (!parsed.success) throw recordError(operation, parsed.error.issues);
  const { negative_prompt, guidance_scale, long_prompts, init_image, method_options, schema: _, ...same } = parsed.data;
  return {
    ...same,
    negativePrompt: negative_prompt,
    guidanceScale: guidance_scale,
    ...(long_prompts && { longPrompts: long_prompts }),
    ...(init_image && { initImage: init_image }),
    ...(method_options && { methodOptions: method_options }),
  };
}

function parseJson(source: string, operation: string): unknown {
  try {
    return JSON.parse(source);
  } catch (cause) {
    throw new ContrappostoError('corrupt-file', { operation, expected: 'settings in JSON', got: 'broken JSON', cause });
  }
}

function recordError(operation: string, issues: z.core.$ZodIssue[]): ContrappostoError {
  const [{ path, message }] = issues;
  if (path[0] === 'schema') {
    const hint = 'a newer version of contrapposto can read it';
    return new ContrappostoError('unsupported', {
      operation,
      expected: `settings of schema ${SCHEMA_VERSION}`,
      got: 'another',
      hint,
    });
  }
  return new ContrappostoError('corrupt-file', {
    operation,
    expected: 'complete settings',
    got: `${path}: ${message}`,
  });
}

const WEB_UI_SAMPLERS: Record<string, string> = {
  ddim: 'DDIM',
  ddpm: 'DDPM',
  'dpm++': 'DPM++ 2M',
  'dpm++-karras': 'DPM++ 2M Karras',
  euler: 'Euler',
  'euler-karras': 'Euler Karras',
  'euler-ancestral': 'Euler a',
  pndm: 'PLMS',
  unipc: 'UniPC',
};

/** The `parameters` text as AUTOMATIC1111's web UI writes it, which most viewers understand. */
function webUiParameters(record: RunRecord): string {
  const settings = {
    Steps: record.steps,
    Sampler: WEB_UI_SAMPLERS[record.scheduler] ?? record.scheduler,
    'CFG scale': record.guidanceScale,
    Seed: record.seed,
    Size: `${record.width}x${record.height}`,
    'Model hash': record.model.fingerprint.slice(0, 10),
    Model: record.model.name,
    ...(record.strength !== undefined && { 'Denoising strength': record.strength }),
    Version: `contrapposto ${record.software['contrapposto'] ?? ''}`.trim(),
  };
  const list = Object.entries(settings).map(([key, value]) => `${key}: ${quoted(String(value))}`);
  const negative = record.negativePrompt ? [`Negative prompt: ${record.negativePrompt}`] : [];
  return [record.prompt, ...negative, list.join(', ')].join('\n');
}

/** That format quotes values with a comma, colon or line break as JSON strings. */
function quoted(value: string): string {
  return /[,:\n]/.test(value) ? JSON.stringify(value) : value;
}
