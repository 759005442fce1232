// The report: one HTML file that needs nothing else, with every number, the plots, and the pictures side by side.
import { meanOf } from '../bootstrap.js';
import { type CaseResult, type Results, shownDifference, shownScore } from '../results.js';
import { verdict } from '../summarise.js';
import { type CaseListOptions, caseList, shownCases } from './case-list.js';
import { differencePlot, intervalPlot, sharesBar } from './plots.js';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';
import { escaped, scriptJson } from './text.js';

/** Methods beyond share colours. */
const COLOURS = 8;

/** The whole page. @param options.command how the numbers were made. Throws `aborted`, and as `readImage`. */
export async function htmlReport(results: Results, options: CaseListOptions & { command: string }): Promise<string> {
  const { benchmark } = results;
  const shown = shownCases(results);
  const cases = await caseList(results, shown, options);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(benchmark.name)}: ${escaped(results.methods.map(({ label }) => label).join(', '))}</title>
<style>${STYLE}</style></head><body><main>
<header><div><h1>${escaped(benchmark.name)}</h1><p>${escaped(benchmark.about)}</p></div><button id="theme" type="button">light / dark</button></header>
${facts(results)}
<p class="note">Made by <code>${escaped(options.command)}</code></p>
<h2>Results</h2>
<p class="note">Means over cases; below each, and as lines, the middle 95 % of bootstrap samples of the cases. A dot marks the best mean. A failed picture counts as the worst that a measure can say. Measures without lines are one number for all pictures.</p>
${summaryTable(results)}
${differences(results)}
<h2>Cases</h2>
${shown.length < results.cases.length ? `<p class="note">${shown.length} of ${results.cases.length} cases are shown: the best, the worst and some between. All are in results.json.</p>` : ''}
${toolbar(results, shown)}
<div id="cases">${cases}</div>
<h2>Measures</h2>
<dl class="about">${results.measures.map(({ title, about }) => `<dt><b>${escaped(title)}</b></dt><dd>${escaped(about)}</dd>`).join('')}</dl>
<style>dl.about { grid-template-columns: minmax(160px, auto) 1fr; max-width: 90ch; gap: 6px 20px; font-size: 14px; } dl.about dt { color: inherit; }</style>
</main><dialog><img alt=""></dialog>
<script type="application/json" id="data">${scriptJson(sortData(results, shown))}</script>
<script>${SCRIPT}</script></body></html>
`;
}

function facts({ benchmark, methods, seeds }: Results): string {
  const failed = methods.reduce((sum, one) => sum + one.failed, 0);
  const pictures = methods.reduce((sum, one) => sum + one.pictures, 0);
  const entries: [string | number, string][] = [
    [benchmark.cases, 'cases'],
    [methods.length, methods.length === 1 ? 'method' : 'methods'],
    [seeds, seeds === 1 ? 'picture of each' : 'pictures of each'],
    [pictures - failed, 'pictures'],
    [failed, 'failed'],
  ];
  const skipped = Object.entries(benchmark.skipped).map(([reason, count]) => `${count} ${reason}`);
  const note = skipped.length > 0 ? `<p class="note">Skipped of the data: ${escaped(skipped.join(', '))}.</p>` : '';
  return `<ul class="facts">${entries.map(([value, name]) => `<li><b>${value}</b><span>${name}</span></li>`).join('')}</ul>${note}`;
}

function summaryTable({ measures, methods, summary }: Results): string {
  const head = methods.map(({ label, failed, settings }, i) => {
    const list = Object.entries(settings).map(([key, value]) => `${key}: ${value}`);
    const failures = failed > 0 ? `<small class="worse">${failed} failed</small>` : '';
    return `<th title="${escaped(list.join('\n'))}"><span class="key m${i % COLOURS}"></span>${escaped(label)}${failures}</th>`;
  });
  const rows = measures.map((measure) => {
    const found = methods.map(({ label }) => summary.find((s) => s.method === label && s.measure === measure.name)!);
    const means = found.flatMap(({ mean }) => mean ?? []);
    const best = measure.better === 'higher' ? Math.max(...means) : Math.min(...means);
    const cells = found.map(({ mean, low, high }) => {
      const limits = low === null ? '' : `<small>${shownScore(low, measure)} to ${shownScore(high, measure)}</small>`;
      const isBest = methods.length > 1 && mean === best && means.some((value) => value !== best);
      return `<td${isBest ? ' class="best"' : ''}><b>${shownScore(mean, measure)}</b>${limits}</td>`;
    });
    const marks = found.map(({ mean, low, high }, i) => {
      return {
        mean,
        low,
        high,
        method: i % COLOURS,
        label: `${escaped(methods[i].label)}: ${shownScore(mean, measure)}`,
      };
    });
    const plot = intervalPlot(marks, measure);
    const cases = Math.max(...found.map((one) => one.cases));
    return `<tr><th title="${escaped(measure.about)}">${escaped(measure.title)}<small>${measure.better} is better, ${cases} cases</small></th>${cells.join('')}<td>${plot}</td></tr>`;
  });
  return `<div class="scroll"><table><thead><tr><th>measure</th>${head.join('')}<th></th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function differences({ differences: all, measures, methods }: Results): string {
  const titles = [...new Set(all.map(({ method, baseline }) => JSON.stringify([method, baseline])))];
  const tables = titles.map((title) => {
    const [method, baseline] = JSON.parse(title) as [string, string];
    const number = methods.findIndex(({ label }) => label === method) % COLOURS;
    const rows = all
      .filter((one) => one.method === method && one.baseline === baseline && one.mean !== null)
      .map((one) => {
        const measure = measures.find(({ name }) => name === one.measure)!;
        const says = verdict(one, measure);
        const limits =
          one.low === null
            ? ''
            : `<small>${shownDifference(one.low, measure)} to ${shownDifference(one.high, measure)}</small>`;
        const plot = differencePlot({ ...one, method: number, label: shownDifference(one.mean, measure) });
        return `<tr><th title="${escaped(measure.about)}">${escaped(measure.title)}</th><td><b>${shownDifference(one.mean, measure)}</b>${limits}</td><td>${plot}</td><td class="${says}">${says}</td><td>${sharesBar(one)}<small>${one.better} / ${one.equal} / ${one.worse}</small></td></tr>`;
      });
    return `<h3 style="margin:22px 0 8px"><span class="m${number}">${escaped(method)}</span> less ${escaped(baseline)}</h3>
<div class="scroll"><table><thead><tr><th>measure</th><th>difference</th><th></th><th>the interval says</th><th>cases better / equal / worse</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
  });
  if (tables.length === 0) return '';
  return `<h2>Differences, case by case</h2>
<p class="note">The same case and seed by both methods, so that what is hard for both cancels. Undecided: the interval holds 0. With many measures, one of twenty intervals misses its truth by chance.</p>${tables.join('')}`;
}

function toolbar({ measures, methods }: Results, cases: readonly CaseResult[]): string {
  const option = (value: string, text: string) => `<option value="${escaped(value)}">${escaped(text)}</option>`;
  const sorts = measures.filter(({ kind }) => kind !== 'set').map(({ name, title }) => option(name, title));
  const whose = [
    option('mean', 'all methods'),
    ...methods.map(({ label }, i) => option(`${i}`, label)),
    ...methods.flatMap(({ label }, i) =>
      methods.slice(0, i).map((other, j) => option(`${i}-${j}`, `${label} less ${other.label}`)),
    ),
  ];
  const tags = [...new Set(cases.flatMap((one) => one.tags))].sort().map((tag) => option(tag, tag));
  return `<div class="bar"><label>sort by <select id="measure">${option('', 'order of the benchmark')}${sorts.join('')}</select></label>
<label>of <select id="whose">${whose.join('')}</select></label><label><select id="order" aria-label="order">${option('best', 'best first')}${option('worst', 'worst first')}</select></label>
<label>tag <select id="tag">${option('', 'all')}${tags.join('')}</select></label><input id="search" type="search" placeholder="words of the prompt" aria-label="search"><output id="count"></output></div>`;
}

/** What the page sorts and filters by: scores[measure][method], means over seeds. */
function sortData({ measures, methods }: Results, cases: readonly CaseResult[]) {
  const own = measures.filter(({ kind }) => kind !== 'set');
  return {
    measures: own.map(({ name, better }) => ({ name, better })),
    cases: cases.map(({ id, prompt, tags, pictures }) => ({
      ...{ id, prompt, tags },
      scores: Object.fromEntries(
        own.map(({ name }) => [
          name,
          methods.map(({ label }) => {
            const values = pictures
              .filter(({ method }) => method === label)
              .flatMap(({ scores }) => scores[name] ?? []);
            return values.length > 0 ? meanOf(values) : null;
          }),
        ]),
      ),
    })),
  };
}
