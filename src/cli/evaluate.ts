// The work of `contrapposto evaluate`: options to a run, its results to files.
import { existsSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { ContrappostoError } from '../core/errors.js';
import { writeFileAtomic } from '../core/files.js';
import { openBenchmark } from '../evaluate/benchmarks/index.js';
import { type EvaluateOptions, evaluate, planEvaluation } from '../evaluate/evaluate.js';
import { parseMethods } from '../evaluate/methods/index.js';
import type { ProbeWeights } from '../evaluate/probe.js';
import { htmlReport } from '../evaluate/report/page.js';
import type { Results } from '../evaluate/results.js';
import { markdownTable } from '../evaluate/table.js';
import { resolveDevice } from '../runtime/index.js';
import type { CommandContext, CommandResult } from './execute.js';
import type { SharedOptions } from './shared-options.js';
import { softwareVersions } from './version.js';

export interface EvaluateCliOptions extends SharedOptions {
  methods: string[];
  measures?: string[];
  limit?: number;
  seeds?: number;
  data?: string;
  judge?: string;
  clip?: string;
  inception?: string;
  lpips?: string;
  pickscore?: string;
  dryRun?: boolean;
}

/** Runs, or with `--dry-run` plans, the comparison. */
export async function runEvaluate(
  name: string,
  { options, context }: { options: EvaluateCliOptions; context: CommandContext },
): Promise<CommandResult> {
  const startedMs = performance.now();
  const { limit, seeds, seed, model } = options;
  const methods = parseMethods(options.methods);
  const measures = options.measures?.flatMap((text) => text.split(',')).map((text) => text.trim());
  const device = await resolveDevice(options.device);
  const benchmark = await openBenchmark(name, { data: options.data, seed: seed ?? 0, ...context });
  const out = requireFolder(options.out ?? `evaluate-${basename(benchmark.name)}`);
  const run: EvaluateOptions = {
    ...{ benchmark, methods, measures, out, limit, seeds, seed, model, device },
    weights: weightsOf(options),
    software: softwareVersions(),
    ...context,
  };
  if (options.dryRun) return describePlan(run);
  const { results, kept, made, referenceOf } = await evaluate(run);
  const files = { results: 'results.json', table: 'table.md', report: 'report.html' };
  const paths = Object.fromEntries(Object.entries(files).map(([key, file]) => [key, join(out, file)]));
  const command = commandLine(name, options);
  const table = markdownTable(results, { command });
  await writeFileAtomic(paths.results, `${JSON.stringify(results, null, 1)}\n`);
  await writeFileAtomic(paths.table, table);
  await writeFileAtomic(paths.report, await htmlReport(results, { out, command, referenceOf, ...context }));
  const failed = results.methods.reduce((sum, one) => sum + one.failed, 0);
  return {
    json: {
      benchmark: results.benchmark,
      out,
      ...paths,
      methods: results.methods,
      pictures: { made, kept, failed },
      summary: results.summary,
      elapsed_ms: Math.round(performance.now() - startedMs),
    },
    text: `${summaryLines(results, table)}\n\n${Object.values(paths).join('\n')}`,
  };
}

function weightsOf({ judge, clip, inception, lpips, pickscore }: EvaluateCliOptions): ProbeWeights {
  return { judge, clip, inception, pickscore, lpips: lpips === undefined ? undefined : parseLpips(lpips) };
}

/** `alex:FILE,FILE`. */
function parseLpips(text: string): ProbeWeights['lpips'] {
  const [, network, files] = /^(alex|vgg):(.+)$/s.exec(text) ?? [];
  if (network === 'alex' || network === 'vgg') return { network, weights: files.split(',') };
  throw new ContrappostoError('usage', {
    operation: '--lpips',
    expected: 'alex or vgg, a colon, and files joined by commas',
    got: `"${text}"`,
    hint: 'for example --lpips alex:alexnet.safetensors,lin.safetensors',
  });
}

async function describePlan(run: EvaluateOptions): Promise<CommandResult> {
  const plan = await planEvaluation(run);
  const methods = plan.methods.map(({ label, settings }) => {
    const list = Object.entries(settings).map(([key, value]) => `${key} ${value}`);
    return `  ${label}${list.length > 0 ? `: ${list.join(', ')}` : ''}`;
  });
  const text = [
    `${plan.cases} cases of ${run.benchmark.name}, ${plan.pictures} pictures, ${plan.kept} of them there`,
    `methods:\n${methods.join('\n')}`,
    `measures: ${plan.measures.join(', ')}`,
  ];
  return { json: { benchmark: run.benchmark.name, out: run.out, dry_run: true, ...plan }, text: text.join('\n') };
}

function requireFolder(path: string): string {
  if (!existsSync(path) || statSync(path).isDirectory()) return path;
  throw new ContrappostoError('invalid-input', { operation: '--out', expected: 'a folder', got: `the file "${path}"` });
}

/** The first table of the page, which fits a terminal. */
function summaryLines({ benchmark }: Results, table: string): string {
  const rows = table.split('\n');
  const first = rows.findIndex((row) => row.startsWith('|'));
  const last = rows.findIndex((row, i) => i > first && !row.startsWith('|'));
  return [`${benchmark.name}, ${benchmark.cases} cases`, ...rows.slice(first, last)].join('\n');
}

/** How the run could be repeated; folders by their last name, since a report may be shown to others. */
function commandLine(name: string, options: EvaluateCliOptions): string {
  const benchmark = extname(name) ? basename(name) : name;
  const parts = ['contrapposto evaluate', benchmark, '--methods', options.methods.join(',')];
  for (const key of ['measures', 'limit', 'seeds', 'seed'] as const) {
    const value = options[key];
    if (value !== undefined) parts.push(`--${key}`, String(value));
  }
  for (const key of ['data', 'judge', 'clip', 'inception', 'lpips', 'pickscore', 'model'] as const) {
    const value = options[key];
    if (value !== undefined) parts.push(`--${key}`, basename(value));
  }
  return parts.join(' ');
}
