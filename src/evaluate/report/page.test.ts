import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePng } from '../../core/image.js';
import { Bootstrap } from '../bootstrap.js';
import type { CaseResult, MeasureResult, Results } from '../results.js';
import { compare, summarise } from '../summarise.js';
import { markdownTable } from '../table.js';
import { shownCases } from './case-list.js';
import { htmlReport } from './page.js';
import { SCRIPT } from './script.js';

const out = mkdtempSync(join(tmpdir(), 'report-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));
beforeAll(async () => {
  mkdirSync(join(out, 'pictures'));
  const data = Uint8Array.from({ length: 300 * 200 * 3 }, (_, i) => i % 251);
  writeFileSync(join(out, 'pictures/a.png'), await encodePng({ widthPx: 300, heightPx: 200, data }));
});

const measures: MeasureResult[] = [
  { name: 'ok', title: 'right', about: 'about <right>', better: 'higher', shown: 'percent', kind: 'picture' },
  { name: 'far', title: 'distance', about: 'about far', better: 'lower', shown: 2, kind: 'set' },
];

function resultsOf(count: number): Results {
  const picture = (method: string, i: number) => ({
    ...{ method, seed: 0, file: 'pictures/a.png' },
    ...(method === 'b|2' && i === 1 && { failure: '<b>lost</b>' }),
    scores: { ok: method === 'a' && i > 0 ? 1 : 0 },
  });
  const cases = Array.from(
    { length: count },
    (_, i): CaseResult => ({
      ...{ id: `c${i}`, prompt: i === 0 ? '</script><img src=x onerror=1>' : `prompt ${i}`, tags: ['t&t'] },
      pictures: [picture('a', i), picture('b|2', i)],
    }),
  );
  const methods = ['a', 'b|2'];
  const scored = { measures, methods, cases };
  const bootstrap = new Bootstrap();
  const sets = new Map([['a\nfar', 1.234]]);
  return {
    ...{ schema: 1, seeds: 1, software: {}, measures, cases },
    benchmark: { name: 'bench', about: 'about it', cases: count, skipped: { 'no box': 3 } },
    methods: methods.map((label, i) => ({ label, method: 'sd', settings: { steps: 2 }, pictures: count, failed: i })),
    summary: summarise(scored, { bootstrap, sets }),
    differences: compare(scored, { bootstrap }),
  };
}

const options = { out, command: 'contrapposto evaluate bench', referenceOf: () => undefined };

describe('the report', () => {
  it('stands alone, with every picture inside and nothing of a prompt taken for markup', async () => {
    const html = await htmlReport(resultsOf(3), options);
    expect(html).not.toMatch(/(src|href)="(?!data:)/);
    expect(html).not.toMatch(/https?:|@import|url\(/);
    expect(html.match(/<img [^>]*src="data:image\/webp/g)?.length).toBe(5);
    expect(html.match(/<\/script>/g)?.length).toBe(2);
    expect(html).not.toContain('<img src=x');
    expect(html).not.toContain('<b>lost</b>');
    expect(html).toContain('&lt;b&gt;lost');
    expect(html).toContain('3 no box');
    expect(html).toContain('66.7 %');
    expect(html).toContain('1.23');
  });

  it('shows the best, the worst and some between of very many cases', () => {
    const { cases, ...rest } = resultsOf(2);
    const many = Array.from({ length: 3000 }, (_, i) => ({
      ...{ ...cases[0], id: `c${i}` },
      pictures: cases[0].pictures.map((picture) => ({ ...picture, scores: { ok: i / 3000 } })),
    }));
    const ids = shownCases({ ...rest, cases: many }).map(({ id }) => id);
    expect(ids.length).toBeLessThan(520);
    expect(ids).toEqual(expect.arrayContaining(['c0', 'c1', 'c2998', 'c2999']));
    expect(ids.some((id) => Number(id.slice(1)) > 1000 && Number(id.slice(1)) < 2000)).toBe(true);
  });

  it('sorts by a score, the worst first when asked to, and filters', async () => {
    const html = await htmlReport(resultsOf(3), options);
    const data = /id="data">(.*?)<\/script>/s.exec(html)![1];
    const page = fakePage(data);
    runInNewContext(SCRIPT, page.globals);
    expect(page.order()).toEqual(['c0', 'c1', 'c2']);
    page.set({ measure: 'ok', whose: '0' });
    expect(page.order()).toEqual(['c1', 'c2', 'c0']);
    page.set({ order: 'worst' });
    expect(page.order()).toEqual(['c0', 'c1', 'c2']);
    page.set({ whose: '1-0', order: 'best' });
    expect(page.order()).toEqual(['c0', 'c1', 'c2']);
    page.set({ search: 'PROMPT 2' });
    expect(page.order()).toEqual(['c2']);
    page.set({ search: '', tag: 'none' });
    expect(page.order()).toEqual([]);
  });
});

it('the Markdown page has the same numbers, and cells that no name ends', () => {
  const page = markdownTable(resultsOf(3), { command: 'contrapposto evaluate bench' });
  expect(page).toContain('| measure | a | b\\|2 | cases |');
  expect(page).toContain('| right ↑ | 66.7 % [0.0 %, 100.0 %] | 0.0 % [0.0 %, 0.0 %] | 3 |');
  expect(page).toContain('| distance ↓ | 1.23 | - | 3 |');
  expect(page).toContain('## b\\|2 less a');
  expect(page).toContain('| b\\|2 | 3 | 1 |');
});

/** As much of a browser as the script looks at. */
function fakePage(data: string) {
  const values: Record<string, string> = { measure: '', whose: 'mean', order: 'best', tag: '', search: '' };
  const handlers: (() => void)[] = [];
  const cases = (JSON.parse(data) as { cases: { id: string }[] }).cases;
  let children = cases.map(({ id }) => ({ dataset: { id }, hidden: false }));
  type Child = (typeof children)[number];
  const element = (id: string) => ({
    ...{ textContent: data, children, dataset: {} },
    get value() {
      return values[id];
    },
    addEventListener: (type: string, handler: () => void) => {
      if (type === 'change' || type === 'input') handlers.push(handler);
    },
    append: (child: Child) => {
      children = [...children.filter((other) => other !== child), child];
    },
  });
  const elements = new Map<string, ReturnType<typeof element>>();
  const getElementById = (id: string) => {
    const known = elements.get(id) ?? element(id);
    elements.set(id, known);
    return known;
  };
  return {
    globals: { document: { getElementById, querySelector: () => element('dialog') }, matchMedia: () => ({}) },
    set: (changes: Record<string, string>) => {
      Object.assign(values, changes);
      for (const handler of handlers) handler();
    },
    order: () => children.filter(({ hidden }) => !hidden).map(({ dataset }) => dataset.id),
  };
}
