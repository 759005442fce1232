// The questions as a remote model reads them (record, 6.2 and 6.4). The first line is a tag that tells the tasks apart.
import { MEDIAPIPE_NAMES } from '../pose/formats.js';
import type { Box } from '../pose/person.js';
import { CANVAS_PX, type LayoutQuestion } from './agent.js';
import { ATTRIBUTE_KEYS, ATTRIBUTE_NAMES, ATTRIBUTE_WORDS } from './attributes.js';
import { EXAMPLES } from './prompt-examples.js';

/** Tags of the tasks; a server that stands in for a model looks for them. */
export const TASK_TAGS = { pose: '[contrapposto:pose]', layout: '[contrapposto:layout]' } as const;

/** A box as it is written in questions and answers. */
export function boxText(box: Box): string {
  return `[${box.map((v) => Math.round(v)).join(', ')}]`;
}

/** @param options.pictures how many are shown; `count` how many to pick */
export function poseQuestion(prompt: string, options: { pictures: number; count: number }): string {
  const { pictures, count } = options;
  const format =
    count === 1 ? '{"choice": n}' : `{"choices": [n, ...]} with ${count} different numbers, the best first`;
  return [
    TASK_TAGS.pose,
    `You are shown ${pictures} pictures, numbered 1 to ${pictures} in the order in which they come.`,
    `All were meant to show: "${prompt}"`,
    'Compare the people’s bodies: limbs, balance, where hands and head are. Which body would really be seen during that',
    'action? Things may lie in the wrong place or be missing; they are put right afterwards and do not count.',
    `Answer with JSON only: ${format}`,
  ].join('\n');
}

/** Asked once more after an answer without a usable number. */
export function poseReminder(options: { pictures: number; count: number }): string {
  const example = options.count === 1 ? '{"choice": 1}' : '{"choices": [1, 2]}';
  return `Your last answer named no picture from 1 to ${options.pictures}. Answer with one line like ${example} and nothing else.`;
}

const GUIDELINES = [
  'Do what the prompt says, and what it says about the object’s look and size.',
  'Keep the box inside the canvas.',
  'Choose a size that fits the body beside it, at its distance from the viewer.',
  'Change the box only where it does not fit the scene; an object that lies right stays.',
  'Never change the human’s box.',
  'Let boxes overlap no more than the action needs.',
];

const STEPS = [
  'Say what the prompt asks of body and object.',
  'Read the keypoints: what do hands, hips, feet and face do?',
  'Settle the attributes, then the box.',
  'Give your reason in one or two sentences.',
  'Write the box in the last line.',
];

/** Everything a layout agent is told. */
export function layoutQuestion(question: LayoutQuestion): string {
  return [
    TASK_TAGS.layout,
    'You are a specialist in the analysis of human poses.',
    '',
    '## Objective',
    'Think in steps. From the person’s keypoints and the prompt, decide where the object’s box has to be.',
    '',
    '## Specification',
    `- Canvas: x from 0 (left) to ${CANVAS_PX}, y from 0 (top) to ${CANVAS_PX}, whatever the picture’s proportions.`,
    '- Box: [left, top, right, bottom].',
    `- Keypoints: ${MEDIAPIPE_NAMES.length} points (x, y), always in this order: ${MEDIAPIPE_NAMES.join(', ')}. They may lie outside; "?" is unknown.`,
    '- Object size: the longer side of its box as a part of the canvas.',
    '',
    '## Attributes, to be settled before the box',
    ...ATTRIBUTE_KEYS.map((key) => `- ${ATTRIBUTE_NAMES[key]}: one of ${ATTRIBUTE_WORDS[key].join(' | ')}`),
    '',
    '## Rules',
    ...GUIDELINES.map((rule) => `- ${rule}`),
    '',
    '## How to proceed',
    ...STEPS.map((step, i) => `${i + 1}. ${step}`),
    '',
    ...EXAMPLES.flatMap((example, i) => [`## Example ${i + 1}`, ...example, '']),
    '## Your task',
    ...taskLines(question),
    'Reasoning:',
  ].join('\n');
}

/** Asked once more after an answer without a box. */
export function layoutReminder({ object }: LayoutQuestion): string {
  return `Your last answer had no box that could be read. Answer with one line and nothing else: Updated object location (${object}): [left, top, right, bottom]`;
}

function taskLines(question: LayoutQuestion): string[] {
  const { prompt, verb, preposition, object, keypoints, personBox, objectBox, fixedBoxes = [] } = question;
  const points = keypoints?.map(({ x, y, score }) => (score > 0 ? `(${Math.round(x)}, ${Math.round(y)})` : '?'));
  return [
    `Prompt: ${prompt}`,
    `Action: ${[verb, preposition].filter(Boolean).join(' ')}`,
    `Keypoints: ${points ? points.join(' ') : 'unknown'}`,
    `Human box: ${boxText(personBox)}`,
    `Original object location (${object}): ${objectBox ? boxText(objectBox) : 'unknown'}`,
    ...fixedBoxes.map(({ label, box }) => `Fixed (${label}): ${boxText(box)}`),
    `In the picture: one person, ${['one', object].join(' ')}${fixedBoxes.map(({ label }) => `, one ${label}`).join('')}`,
  ];
}
