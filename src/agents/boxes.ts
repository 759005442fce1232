// Boxes as agents give them: clipped, widened or refused before anything is steered to them (record, 6.5 and 9).
import { areaOf, type Box, iou } from '../pose/person.js';
import { type AgentWarning, CANVAS_PX } from './agent.js';

/** A box that can be used, or why not. */
export type CheckedBox =
  | { box: Box; warnings: readonly AgentWarning[] }
  | { box: null; reason: string; warnings: readonly AgentWarning[] };

export interface BoxRules {
  personBox: Box;
  /** What the agent said about the place; only `on` allows a box that equals the person's. */
  relation?: string;
  /** Side of an attention cell on the canvas; thinner boxes are widened to it. Default 32 (16 x 16 cells). */
  cellPx?: number;
}

/** Larger shares of the canvas leave nothing outside to compare with. */
const LARGEST_SHARE = 0.98;
const SAME_AS_PERSON = 0.95;

/**
 * Makes whole pixels of the canonical canvas of four numbers. Fractions up to 1 are taken as shares of the canvas; what
 * lies outside is cut off, what is thinner than a cell is widened. Nothing is guessed about swapped corners.
 */
export function checkBox(numbers: readonly number[], rules: BoxRules): CheckedBox {
  const { personBox, relation, cellPx = 32 } = rules;
  if (numbers.length !== 4 || !numbers.every(Number.isFinite)) return rejected(`[${numbers}] is no box`);
  const isShare = numbers.every((v) => Math.abs(v) <= 1) && numbers.some((v) => !Number.isInteger(v));
  const given = numbers.map((v) => Math.round(isShare ? v * CANVAS_PX : v)) as [number, number, number, number];
  const [x1, y1, x2, y2] = given;
  if (x2 <= x1 || y2 <= y1) return rejected(`[${given}] has no area`);
  if (x1 >= CANVAS_PX || y1 >= CANVAS_PX || x2 <= 0 || y2 <= 0)
    return rejected(`[${given}] lies outside of the canvas`);
  const warnings: AgentWarning[] = [];
  const clipped = given.map((v) => Math.min(CANVAS_PX, Math.max(0, v))) as [number, number, number, number];
  if (clipped.some((v, i) => v !== given[i])) {
    warnings.push({ code: 'BOX_CLIPPED', message: `[${given}] reaches outside; [${clipped}] is left` });
  }
  const box = widened(clipped, cellPx);
  if (box.some((v, i) => v !== clipped[i])) {
    warnings.push({ code: 'BOX_EXPANDED', message: `[${clipped}] is thinner than a cell; made [${box}]` });
  }
  if (areaOf(box) > LARGEST_SHARE * CANVAS_PX ** 2) return rejected(`[${box}] covers the whole canvas`, warnings);
  if (relation !== 'on' && iou(box, personBox) > SAME_AS_PERSON) {
    return rejected(`[${box}] is the person’s own box`, warnings);
  }
  return { box, warnings };
}

function rejected(reason: string, before: readonly AgentWarning[] = []): CheckedBox {
  return { box: null, reason, warnings: [...before, { code: 'BOX_REJECTED', message: reason }] };
}

function widened([x1, y1, x2, y2]: Box, cellPx: number): Box {
  const [left, right] = widenedSpan([x1, x2], cellPx);
  const [top, bottom] = widenedSpan([y1, y2], cellPx);
  return [left, top, right, bottom];
}

/** The span about its middle, moved back inside where that reaches outside. */
function widenedSpan([low, high]: readonly [number, number], least: number): [number, number] {
  if (high - low >= least) return [low, high];
  const start = Math.min(CANVAS_PX - least, Math.max(0, Math.round((low + high - least) / 2)));
  return [start, start + least];
}
