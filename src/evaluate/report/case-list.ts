// The cases of the report: the pictures of all methods side by side, with what was found in each.
import { join } from 'node:path';
import { throwIfAborted } from '../../core/errors.js';
import type { RunControl } from '../method.js';
import { type CaseResult, type MeasureResult, type PictureResult, type Results, shownScore } from '../results.js';
import { escaped } from './text.js';
import { thumbnail } from './thumbnails.js';

export interface CaseListOptions extends RunControl {
  /** The run's folder. */
  out: string;
  referenceOf(one: { id: string }): string | undefined;
}

/** Pictures that a page can carry and still open at once. */
const MOST_PICTURES = 1500;

/** The cases that are shown: all, or of too many the best, the worst and some between, by the first measure. */
export function shownCases({ cases, measures }: Results): CaseResult[] {
  const perCase = Math.max(1, cases[0].pictures.length + 1);
  const most = Math.max(3, Math.floor(MOST_PICTURES / perCase));
  if (cases.length <= most) return cases;
  const measure = measures.find(({ kind }) => kind === 'picture');
  const score = ({ pictures }: CaseResult) =>
    pictures.reduce((sum, { scores }) => sum + (scores[measure?.name ?? ''] ?? 0), 0);
  const ranked = [...cases].sort((a, b) => score(b) - score(a));
  const third = Math.floor(most / 3);
  const between = ranked.slice(third, -third);
  const stride = between.length / third;
  const chosen = new Set([
    ...ranked.slice(0, third),
    ...ranked.slice(-third),
    ...Array.from({ length: third }, (_, i) => between[Math.floor(i * stride)]),
  ]);
  return cases.filter((one) => chosen.has(one));
}

/** One `article` a case. */
export async function caseList(
  results: Results,
  cases: readonly CaseResult[],
  options: CaseListOptions,
): Promise<string> {
  const articles: string[] = [];
  for (const one of cases) {
    throwIfAborted(options.signal, 'write report');
    articles.push(await article(one, results, options));
    options.onProgress?.({ type: 'step', stage: 'report', step: articles.length, steps: cases.length });
  }
  return articles.join('\n');
}

async function article(one: CaseResult, results: Results, options: CaseListOptions): Promise<string> {
  const isMethod = results.methods.some(({ method }) => method === 'reference');
  const path = isMethod ? undefined : options.referenceOf(one);
  const reference =
    path &&
    `<figure><img alt="reference" src="${await thumbnail(path, options)}"><figcaption><b>reference</b></figcaption></figure>`;
  const figures: string[] = [];
  for (const picture of one.pictures) figures.push(await figure(picture, { one, results, options }));
  const tags = one.tags.map((tag) => `<span class="tag">${escaped(tag)}</span>`).join('');
  return `<article data-id="${escaped(one.id)}"><h3>${escaped(one.prompt)}</h3><p class="meta"><code>${escaped(one.id)}</code>${tags}</p>
<div class="figures">${reference ?? ''}${figures.join('')}</div></article>`;
}

async function figure(
  picture: PictureResult,
  { one, results, options }: { one: CaseResult; results: Results; options: CaseListOptions },
): Promise<string> {
  const number = results.methods.findIndex(({ label }) => label === picture.method);
  const image = picture.failure
    ? `<div class="failed"><b>failed</b><span>${escaped(picture.failure)}</span></div>`
    : `<img alt="${escaped(`${one.prompt}, by ${picture.method}`)}" src="${await thumbnail(join(options.out, picture.file), options)}">`;
  const measured = results.measures.filter(({ kind, name }) => kind !== 'set' && picture.scores[name] !== null);
  const badges = measured.filter(isYesOrNo(results)).map((measure) => {
    const yes = picture.scores[measure.name] === 1;
    return `<span class="${yes ? 'yes' : 'no'}" title="${escaped(measure.about)}">${yes ? '✓' : '✗'} ${escaped(measure.title)}</span>`;
  });
  const rows = measured
    .filter((measure) => !isYesOrNo(results)(measure))
    .map(
      (measure) =>
        `<dt title="${escaped(measure.about)}">${escaped(measure.title)}</dt><dd>${shownScore(picture.scores[measure.name], measure)}</dd>`,
    );
  return `<figure data-method="${number}">${image}<figcaption><b class="m${number}">${escaped(picture.method)}</b> <span class="seed">seed ${picture.seed}</span>
<div class="badges">${badges.join('')}</div><dl>${rows.join('')}</dl></figcaption></figure>`;
}

/** Measures that say yes or no of a picture, and are shown so. */
function isYesOrNo({ cases }: Results): (measure: MeasureResult) => boolean {
  return ({ name, shown }) =>
    shown === 'percent' &&
    cases.every(({ pictures }) => pictures.every(({ scores }) => [0, 1, null, undefined].includes(scores[name])));
}
