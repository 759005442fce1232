// The plots of the report as inline SVG; colours are those of the page, so that both themes hold.
import type { MeasureResult } from '../results.js';

/** A mean with its interval, in a method's colour. */
export interface Mark {
  mean: number | null;
  low: number | null;
  high: number | null;
  /** Number of the method, whose colour it has. */
  method: number;
  label: string;
}

const WIDTH = 220;
const LINE = 14;
const PAD = 8;

/** One line a method on an axis of their own: shares run from 0 to 1, everything else as far as the intervals reach. */
export function intervalPlot(marks: readonly Mark[], { shown }: Pick<MeasureResult, 'shown'>): string {
  const values = marks.flatMap(({ mean, low, high }) => [mean, low, high]).filter((value) => value !== null);
  if (values.length === 0) return '';
  const [from, to] = shown === 'percent' ? [0, 1] : reach(values);
  const x = (value: number) => PAD + ((WIDTH - 2 * PAD) * (value - from)) / (to - from || 1);
  const height = LINE * marks.length;
  const lines = marks.map((mark, i) => drawn(mark, { y: LINE * (i + 0.5), x }));
  return svg(height, `<path class="axis" d="M${PAD} ${height - 0.5}H${WIDTH - PAD}"/>${lines.join('')}`);
}

/** One difference against nothing, which is in the middle. */
export function differencePlot(mark: Mark): string {
  const values = [mark.mean, mark.low, mark.high].filter((value) => value !== null);
  if (values.length === 0) return '';
  const most = Math.max(...values.map(Math.abs)) || 1;
  const x = (value: number) => WIDTH / 2 + ((WIDTH / 2 - PAD) * value) / most;
  return svg(LINE + 4, `<path class="zero" d="M${WIDTH / 2} 0V${LINE + 4}"/>${drawn(mark, { y: LINE / 2 + 2, x })}`);
}

/** Shares of cases that are better, equal and worse. */
export function sharesBar({ better, equal, worse }: { better: number; equal: number; worse: number }): string {
  const total = better + equal + worse || 1;
  const part = (name: string, count: number) =>
    `<span class="${name}" style="width:${((100 * count) / total).toFixed(2)}%"></span>`;
  return `<span class="shares" title="${better} better, ${equal} equal, ${worse} worse">${part('gain', better)}${part('even', equal)}${part('loss', worse)}</span>`;
}

function drawn(
  { mean, low, high, method, label }: Mark,
  { y, x }: { y: number; x: (value: number) => number },
): string {
  if (mean === null) return '';
  const whisker = low !== null && high !== null ? `<path d="M${round(x(low))} ${y}H${round(x(high))}"/>` : '';
  return `<g class="m${method}"><title>${label}</title>${whisker}<circle cx="${round(x(mean))}" cy="${y}" r="4"/></g>`;
}

function reach(values: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low) * 0.15 || Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
}

function svg(height: number, content: string): string {
  return `<svg class="plot" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">${content}</svg>`;
}

function round(value: number): string {
  return value.toFixed(1);
}
