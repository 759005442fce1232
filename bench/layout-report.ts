// The layout bench as a page: tables, a curve, and what can be compared with the paper.
import type { Image } from '../src/core/image.js';
import { pictureSheet } from '../src/core/picture-row.js';
import { overlaySvg } from '../src/core/svg-overlay.js';
import type { Box } from '../src/pose/person.js';
import type { Reached } from './layout-measures.js';

/** One line of a table: a name and what was reached on each set. */
export interface Line {
  name: string;
  reached: (Reached | undefined)[];
}

export interface Curve {
  name: string;
  colour: string;
  dashed?: boolean;
  /** Amplitude and mean overlap. */
  points: readonly (readonly [number, number])[];
}

export interface LayoutSummary {
  sets: { name: string; pairs: number }[];
  blind: Line[];
  verbs: { verb: string; pairs: number; median: number; model: number }[];
  /** By amplitude: the perturbed box itself and the model, on each set. */
  perturbed: { amplitude: number; untouched: (Reached | undefined)[]; model: (Reached | undefined)[] }[];
  others: { pairs: number; median: Reached; model: Reached };
  keypoints?: { without: Reached; with: Reached };
  command: string;
}

const percent = (v: number) => (100 * v).toFixed(1);
const cell = (r: Reached | undefined) => (r ? `${percent(r.mean)} (${percent(r.low)}-${percent(r.high)})` : '-');
const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

/** The page; `docs/layout.md` is its output. */
export function layoutPage(s: LayoutSummary): string {
  const names = s.sets.map(({ name, pairs }) => `${name} (${pairs} pairs)`);
  const rule = row(Array.from({ length: names.length + 1 }, () => '---'));
  const full = s.perturbed.find(({ amplitude }) => amplitude === 1);
  const paper = full?.model[1];
  return `# Placing objects

The local agent places an object with a small network learned from V-COCO's annotations ([\`models/layout\`](../models/layout/README.md)): from verb, object, person box, keypoints where there are any, and the object's present box where there is one. The numbers of this page are mean overlaps (intersection over union) with the annotated box in percent, in brackets the 95 % interval when pictures are drawn anew; they are written by

\`\`\`sh
${s.command}
\`\`\`

which needs the optional folder of reference data (\`CONTRAPPOSTO_SHARED\`) with the annotations of V-COCO and HICO-DET. Nothing was trained or chosen on a test set: the weights are of V-COCO trainval without every sixth picture, on which the settings were chosen.

## Blind: no object box is given

${row(['', ...names])}
${rule}
${s.blind.map((line) => row([line.name, ...line.reached.map(cell)])).join('\n')}

The medians are those of the object's corners in shares of the person's box over V-COCO trainval. "One person" is the paper's choice of pictures: one person, both boxes at least 5,000 square pixels on a canvas of 512 x 512. Of HICO-DET every fourth picture is asked about; its verbs are mapped only where V-COCO has the same one (\`verbOfHicoDet\`); its other pairs (${s.others.pairs}), with the verb taken for the nearest known one or none, reach ${cell(s.others.model)}, the median of all pairs ${cell(s.others.median)}.

A blind guess cannot be good: where someone looks, the thing may be anywhere. By verb, on V-COCO test:

${row(['verb', 'pairs', 'median of verb and object', 'model'])}
${row(['---', '---', '---', '---'])}
${s.verbs.map((v) => row([v.verb.replaceAll('_', ' '), `${v.pairs}`, percent(v.median), percent(v.model)])).join('\n')}

## Perturbed: the true box, moved and scaled at random, is given

At amplitude *a* each side is scaled by a factor drawn uniformly from 1 - *a*/2 to 1 + *a*/2, and the box is moved the share *a* of the way to a place drawn uniformly inside the canvas. At *a* = 1 that is a uniform place and sides scaled by 0.5 to 1.5. The model is not told the amplitude: it takes the given box for right with a fixed chance (\`present_trust\` 0.45, chosen on held-out pictures of trainval for the mean over amplitudes). "As it is" is the perturbed box itself; where boxes were hardly moved, leaving them alone is better than any correction that does not see the picture.

${row(['a', ...names.flatMap((name) => [`${name}: as it is`, 'model'])])}
${row(Array.from({ length: 2 * names.length + 1 }, () => '---'))}
${s.perturbed.map((p) => row([`${p.amplitude}`, ...p.model.flatMap((m, i) => [cell(p.untouched[i]), cell(m)])])).join('\n')}

The curve is that of the one-person choice:

![Overlap by amplitude](images/layout-curve.png)

## What can be compared with the paper

ReCorD reports 49.72 % for GPT-4V. The same are the measure (mean overlap), the choice of pictures (our column "one person") and the kind of perturbation. Not the same, or not known:

- The paper does not publish how far boxes were moved and scaled. Our figures go from ${percent(s.perturbed.at(-1)?.model[1]?.mean ?? 0)} % at *a* = ${s.perturbed.at(-1)?.amplitude} to ${percent(s.perturbed[0]?.model[1]?.mean ?? 0)} % at *a* = ${s.perturbed[0]?.amplitude}: any single number says as much about the amplitude as about the agent.
- GPT-4V saw the photograph, in which the object can be seen, and keypoints. Our model sees neither here: the annotation files hold no pictures, so it has boxes and two words.
- Which pictures were drawn, and how many, is not published; V-COCO's pair files do not tell the pictures' sizes, which are inferred from the boxes.

So ${paper ? `${percent(paper.mean)} %` : 'our figure'} at *a* = 1 is no replication of 49.72 %, and neither better nor worse than it.

## Keypoints

${
  s.keypoints
    ? `V-COCO's pair files have no keypoints; the network learned from rendered scenes what they tell. On ${s.keypoints.with.pairs} rendered scenes that it was not trained on, blind: ${cell(s.keypoints.without)} without and ${cell(s.keypoints.with)} with the 33 points of the body. They show the same things and the same ways to use them as the training scenes.`
    : 'V-COCO’s pair files have no keypoints; the network learned from rendered scenes what they tell.'
}

## Examples

The first pairs of V-COCO test, one a picture, of the one-person choice: the person grey, the truth green, blind orange, the box given at *a* = 0.5 dashed, what the model makes of it blue.

![Boxes](images/layout-examples.png)
`;
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 400, 60, 20, 20, 48];
const FONT = 'font-family="DejaVu Sans, Arial, sans-serif" font-size="13" fill="#343a40"';

/** Overlap over amplitude, one line a curve, on white. */
export function layoutCurve(curves: readonly Curve[]): Promise<Image> {
  const x = (amplitude: number) => LEFT + amplitude * (WIDTH - LEFT - RIGHT);
  const y = (overlap: number) => TOP + (1 - overlap) * (HEIGHT - TOP - BOTTOM);
  const grid = [0, 0.2, 0.4, 0.6, 0.8, 1].map(
    (v) =>
      `<path d="M${LEFT} ${y(v)}H${WIDTH - RIGHT}" stroke="#dee2e6"/><text x="${LEFT - 8}" y="${y(v) + 4}" text-anchor="end" ${FONT}>${100 * v} %</text>` +
      `<text x="${x(v)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle" ${FONT}>${v}</text>`,
  );
  const lines = curves.map(({ colour, points, dashed }) => {
    const path = points.map(([a, v], i) => `${i === 0 ? 'M' : 'L'}${x(a)} ${y(v)}`).join('');
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2.5" ${dashed ? 'stroke-dasharray="7 5"' : ''}/>`;
  });
  const legend = curves.map(({ name, colour, dashed }, i) => {
    const at = TOP + 14 + 20 * i;
    return (
      `<path d="M${WIDTH - 292} ${at}h30" stroke="${colour}" stroke-width="2.5" ${dashed ? 'stroke-dasharray="7 5"' : ''}/>` +
      `<text x="${WIDTH - 254}" y="${at + 4}" ${FONT}>${name}</text>`
    );
  });
  const axis = `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle" ${FONT}>amplitude of the perturbation</text>`;
  const white: Image = { widthPx: WIDTH, heightPx: HEIGHT, data: new Uint8Array(3 * WIDTH * HEIGHT).fill(255) };
  return overlaySvg(white, [...grid, ...lines, ...legend, axis].join(''));
}

export interface LayoutExample {
  caption: string;
  person: Box;
  truth: Box;
  blind: Box;
  given: Box;
  moved: Box;
}

/** Boxes on blank canvases, side by side. */
export async function layoutExamples(examples: readonly LayoutExample[], canvasPx: number): Promise<Image> {
  const side = 200;
  const drawn = examples.map(async ({ caption, ...boxes }) => {
    const rect = (box: Box, style: string) => {
      const [x1, y1, x2, y2] = box.map((v) => (v * side) / canvasPx);
      return `<rect x="${x1}" y="${y1}" width="${x2 - x1}" height="${y2 - y1}" ${style}/>`;
    };
    const line = (colour: string) => `fill="none" stroke="${colour}" stroke-width="2.5"`;
    const marks = [
      rect(boxes.person, 'fill="#ced4da" stroke="#868e96"'),
      rect(boxes.truth, line('#2b8a3e')),
      rect(boxes.given, `${line('#1971c2')} stroke-dasharray="5 4"`),
      rect(boxes.blind, line('#e8590c')),
      rect(boxes.moved, line('#1971c2')),
    ];
    const white: Image = { widthPx: side, heightPx: side, data: new Uint8Array(3 * side * side).fill(255) };
    return { caption, image: await overlaySvg(white, marks.join('')) };
  });
  return pictureSheet(await Promise.all(drawn), { columns: 4 });
}
