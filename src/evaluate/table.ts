// The results as a Markdown page: methods side by side, then what sets them apart.
import { type DifferenceResult, type Results, type SummaryResult, shownDifference, shownScore } from './results.js';
import { verdict } from './summarise.js';

/** The whole page. @param options.command how the numbers were made */
export function markdownTable(results: Results, { command }: { command: string }): string {
  const { benchmark, methods, seeds } = results;
  const failed = methods.map(({ label, pictures, failed: count }) => `| ${cell(label)} | ${pictures} | ${count} |`);
  const skipped = Object.entries(benchmark.skipped).map(([reason, count]) => `${count} (${reason})`);
  return `# ${cell(benchmark.name)}

${benchmark.about} ${benchmark.cases} cases, ${seeds} ${seeds === 1 ? 'picture' : 'pictures'} each.${skipped.length > 0 ? ` Skipped of the data: ${skipped.join(', ')}.` : ''}

Made by \`${command}\`. In brackets: 95 % of bootstrap samples over cases. A failed picture counts as the worst.

${summaryTable(results)}

| method | pictures | failed |
|---|---|---|
${failed.join('\n')}
${differenceTables(results)}
## What the measures are

${results.measures.map(({ title, about, better }) => `- **${title}** (${better} is better): ${about}`).join('\n')}
`;
}

function summaryTable({ measures, methods, summary }: Results): string {
  const rows = measures.map((measure) => {
    const found = methods.map(({ label }) => summary.find((s) => s.method === label && s.measure === measure.name)!);
    const arrow = measure.better === 'higher' ? '↑' : '↓';
    const cells = found.map((one) => `${shownScore(one.mean, measure)}${brackets(one, measure)}`);
    return `| ${measure.title} ${arrow} | ${cells.join(' | ')} | ${Math.max(...found.map(({ cases }) => cases))} |`;
  });
  const head = `| measure | ${methods.map(({ label }) => cell(label)).join(' | ')} | cases |`;
  return [head, `|---|${'---|'.repeat(methods.length + 1)}`, ...rows].join('\n');
}

function brackets({ low, high }: SummaryResult, measure: Results['measures'][number]): string {
  return low === null ? '' : ` [${shownScore(low, measure)}, ${shownScore(high, measure)}]`;
}

function differenceTables(results: Results): string {
  const pairs = new Map<string, DifferenceResult[]>();
  for (const one of results.differences) {
    const title = `${cell(one.method)} less ${cell(one.baseline)}`;
    pairs.set(title, [...(pairs.get(title) ?? []), one]);
  }
  const sections = [...pairs].map(([title, differences]) => {
    const rows = differences.map((one) => {
      const measure = results.measures.find(({ name }) => name === one.measure)!;
      const [mean, low, high] = [one.mean, one.low, one.high].map((value) => shownDifference(value, measure));
      const counts = `${one.better} / ${one.equal} / ${one.worse}`;
      return `| ${measure.title} | ${mean} [${low}, ${high}] | ${verdict(one, measure)} | ${counts} |`;
    });
    const head = '| measure | difference | the interval says | cases better / equal / worse |\n|---|---|---|---|';
    return `\n## ${title}\n\n${head}\n${rows.join('\n')}\n`;
  });
  return sections.join('');
}

/** Text that must not end a cell or a line of a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
