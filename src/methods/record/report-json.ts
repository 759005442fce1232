// The report of a run as it goes over the wire, in snake_case.
import type { RecordReport } from './report.js';

/** Everything but the agents' whole transcript, which is reduced to its length. */
export function reportToJson(report: RecordReport): Record<string, unknown> {
  const { analysis, agents } = report;
  return {
    analysis: {
      prompt: analysis.prompt,
      prompt_in: analysis.promptIn,
      subject: analysis.subject?.text ?? null,
      verb: analysis.verbText ?? null,
      preposition: analysis.preposition ?? null,
      objects: analysis.objects.map(({ noun, phrase }) => ({ noun, phrase })),
    },
    preset: report.preset,
    modules: report.modules,
    candidates: report.candidates.map(({ seed, objectBoxes }) => ({ seed, object_boxes: objectBoxes })),
    choice: report.choice,
    person: report.person,
    layouts: report.layouts,
    corrected: report.corrected,
    losses: report.losses,
    timings_ms: report.timings,
    peak_memory_bytes: report.peakMemoryBytes,
    agents: {
      pose: agents.pose,
      layout: agents.layout,
      usage: usageToJson(agents.usage),
      exchanges: agents.transcript.length,
    },
    warnings: report.warnings,
  };
}

function usageToJson(usage: RecordReport['agents']['usage']): Record<string, number> {
  return {
    requests: usage.requests,
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    ...(usage.costUsd !== undefined && { cost_usd: usage.costUsd }),
  };
}
