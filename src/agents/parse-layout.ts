// Reads a layout reply: the object's box and the attributes, in all the shapes that models answer in (record, 6.5).
import type { LayoutAttributes } from './agent.js';
import { ATTRIBUTE_KEYS, ATTRIBUTE_NAMES, attributeWord } from './attributes.js';
import { jsonObjects } from './json-in-text.js';

export interface ParsedLayout {
  /** As written: floats, negative numbers, shares of the canvas. `null` when none was found. */
  numbers: readonly number[] | null;
  /** The reply says that nothing has to move. */
  keeps: boolean;
  attributes: LayoutAttributes;
  reasoning: string;
}

const NUMBER = '[-+]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)';
const BOX = new RegExp(
  `[[(]\\s*(${NUMBER})\\s*,\\s*(${NUMBER})\\s*,\\s*(${NUMBER})\\s*,\\s*(${NUMBER})\\s*[\\])]`,
  'g',
);
const KEY = /\b(?:(?:updated|new|proposed|final)\s+)?object(?:\s+(?:location|box|bounding box|position))?\b/gi;
const JSON_KEY = /^(?:(?:updated|new|proposed|final) )?(?:object ?)?(?:location|box|bbox|bounding box|position)$/;
/** What may stand between a key and its box: a label in brackets, quotes, a sign. */
const ADJACENT = /^["'\s]*(?:\(([^()]*)\))?["'\s]*(?:is\s*)?(?:[:=]|->|to)?\s*["']?$/i;
const NOT_THE_ANSWER = /original|human/i;
const KEPT = /^["'\s]*(?:\([^()]*\))?["'\s]*[:=]?\s*["']?(?:null|none|unchanged|no change|keep|same)/i;
/** How far back a word tells what a box is. */
const LOOK_BACK = 60;
const LONGEST_PROSE = 400;
const LONGEST_REASONING = 600;
const LONGEST_REPLY = 20_000;

/** @param options.object the word that the question used; a key labelled with it is preferred */
export function parseLayout(reply: string, options: { object: string }): ParsedLayout {
  const text = plain(reply.slice(0, LONGEST_REPLY));
  const fromJson = jsonBox(reply, options.object);
  const numbers = fromJson ?? textBox(text, options.object);
  const keeps = numbers === null && (keepsByKey(text) || keepsByJson(reply));
  return { numbers, keeps, attributes: attributesOf(text), reasoning: reasoningOf(text) };
}

/** Without emphasis and code marks, underscores as spaces, every minus sign alike. */
function plain(text: string): string {
  return text
    .replace(/[*`#>]/g, '')
    .replaceAll('_', ' ')
    .replace(/[\u2212\u2013\u2014]/g, '-');
}

function jsonBox(reply: string, object: string): number[] | null {
  const found = jsonObjects(reply).flatMap((value) => boxesIn(value, ''));
  const labelled = found.find(({ label }) => label.includes(object.toLowerCase()));
  return (labelled ?? found[0])?.numbers ?? null;
}

/** Boxes under a box's key at any depth, with the names around them. */
function boxesIn(value: Record<string, unknown>, path: string): { label: string; numbers: number[] }[] {
  const label = `${path} ${Object.values(value)
    .filter((v) => typeof v === 'string')
    .join(' ')}`.toLowerCase();
  return Object.entries(value).flatMap(([key, entry]) => {
    const name = plain(key).toLowerCase().trim();
    const numbers = Array.isArray(entry) ? entry.map(Number) : [];
    const isBox = numbers.length === 4 && numbers.every(Number.isFinite);
    if (isBox && JSON_KEY.test(name)) return [{ label, numbers }];
    const inner = Array.isArray(entry) ? entry : [entry];
    return inner.filter(isObject).flatMap((e) => boxesIn(e, `${label} ${name}`));
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface FoundBox {
  numbers: number[];
  start: number;
  end: number;
}

/** A box after a key: how they belong together decides which one is taken. */
interface KeyedBox {
  numbers: number[];
  kind: 'labelled' | 'adjacent' | 'prose';
}

function textBox(text: string, object: string): number[] | null {
  const boxes = [...text.matchAll(BOX)].map((match) => ({
    numbers: match.slice(1, 5).map(Number),
    start: match.index,
    end: match.index + match[0].length,
  }));
  const keyed = boxes
    .filter((box, i) => isAnswer(text, box, boxes[i - 1]))
    .flatMap((box) => keyedBox(text, box, object));
  for (const kind of ['labelled', 'adjacent', 'prose'] as const) {
    const last = keyed.filter((k) => k.kind === kind).at(-1);
    if (last) return last.numbers;
  }
  return null;
}

/** Whether nothing just before the box, in its line and after the box before it, calls it the original or the human's. */
function isAnswer(text: string, box: FoundBox, previous: FoundBox | undefined): boolean {
  const from = Math.max(box.start - LOOK_BACK, previous?.end ?? 0, text.lastIndexOf('\n', box.start - 1) + 1);
  return !NOT_THE_ANSWER.test(text.slice(from, box.start));
}

function keyedBox(text: string, { numbers, start }: FoundBox, object: string): KeyedBox[] {
  const paragraph = text.lastIndexOf('\n\n', start) + 1;
  const before = text.slice(paragraph, start);
  const key = [...before.matchAll(KEY)].at(-1);
  if (!key) return [];
  const between = before.slice(key.index + key[0].length);
  const adjacent = ADJACENT.exec(between);
  if (adjacent) {
    const label = adjacent[1]?.toLowerCase() ?? '';
    return [{ numbers, kind: label.includes(object.toLowerCase()) ? 'labelled' : 'adjacent' }];
  }
  return between.length <= LONGEST_PROSE ? [{ numbers, kind: 'prose' }] : [];
}

function keepsByKey(text: string): boolean {
  return [...text.matchAll(KEY)].some((key) => KEPT.test(text.slice(key.index + key[0].length)));
}

function keepsByJson(reply: string): boolean {
  return jsonObjects(reply).some((value) =>
    Object.entries(value).some(([key, entry]) => entry === null && JSON_KEY.test(plain(key).toLowerCase().trim())),
  );
}

function attributesOf(text: string): LayoutAttributes {
  const attributes: LayoutAttributes = {};
  for (const key of ATTRIBUTE_KEYS) {
    const line = new RegExp(`${ATTRIBUTE_NAMES[key]}["']?[^\\S\\n]*[:=]([^\\n]*)`, 'i').exec(text);
    const word = line && attributeWord(key, line[1]);
    if (word) attributes[key] = word;
  }
  return attributes;
}

function reasoningOf(text: string): string {
  const said = /reasoning["']?\s*[:=]\s*([^\n]+)/i.exec(text)?.[1] ?? text.split('\n').find((l) => l.length > 60) ?? '';
  return said.trim().slice(0, LONGEST_REASONING);
}
