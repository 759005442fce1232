// Draws the curves of training logs, one or several runs: `npx tsx scripts/training-curves.ts LOG.jsonl... OUT.png`.
import { readFileSync } from 'node:fs';
import sharp from 'sharp';

/** A line of a log; `run` is the name in the `start` line above it. */
type Row = Record<string, number | string> & { run: string };
interface Panel {
  title: string;
  stage: string;
  /** The first key that a row has is drawn. */
  keys: string[];
  linear?: boolean;
}

const PANELS: Panel[] = [
  {
    title: 'autoencoder: weighted differences',
    stage: 'autoencoder',
    keys: ['reconstruction.reconstruction', 'adversarial.reconstruction'],
  },
  { title: 'denoiser: mean squared error of the velocity', stage: 'denoiser', keys: ['denoising.mse'] },
  { title: 'scorer: own caption found in the batch', stage: 'scorer', keys: ['contrast.accuracy'], linear: true },
  { title: 'judge: cross-entropy of the interaction', stage: 'judge', keys: ['judging.triplet_loss'] },
];
const COLOURS = ['#1864ab', '#d9480f', '#2b8a3e', '#862e9c'];
const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [520, 320, 56, 40, 44];
const COLUMNS = 2;

const logs = process.argv.slice(2);
const out = logs.pop() as string;
const rows = logs.flatMap(readLog);

function readLog(file: string): Row[] {
  let run = file;
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => {
      const row = JSON.parse(line);
      if (row.type === 'start') run = row.name;
      return { ...row, run };
    });
}

/** Step and value of each line, by run. */
function curvesOf({ stage, keys }: Panel): Map<string, [number, number][]> {
  const curves = new Map<string, [number, number][]>();
  for (const row of rows) {
    const key = keys.find((k) => row[k] !== undefined);
    if (row.type !== 'step' || row.stage !== stage || !key) continue;
    const curve = curves.get(row.run) ?? [];
    curves.set(row.run, [...curve, [Number(row.step), Number(row[key])]]);
  }
  return curves;
}

function draw(panel: Panel, { left, top }: { left: number; top: number }): string {
  const curves = curvesOf(panel);
  const all = [...curves.values()].flat();
  const last = Math.max(...all.map(([step]) => step));
  const scale = panel.linear ? (v: number) => v : Math.log10;
  const [low, high] = [Math.min(...all.map(([, v]) => v)), Math.max(...all.map(([, v]) => v))].map(scale);
  const x = (step: number) => left + LEFT + (step / last) * (WIDTH - LEFT - 20);
  const y = (scaled: number) => top + TOP + ((high - scaled) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const text = (px: number, py: number, { content, anchor = 'middle', fill = '#343a40' }: Label) =>
    `<text x="${px}" y="${py}" font-family="sans-serif" font-size="12" text-anchor="${anchor}" fill="${fill}">${content}</text>`;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((t) => {
    const at = low + t * (high - low);
    const content = (panel.linear ? at : 10 ** at).toPrecision(2);
    return `<path d="M${x(0)} ${y(at)}H${x(last)}" stroke="#dee2e6"/>${text(x(0) - 6, y(at) + 4, { content, anchor: 'end' })}`;
  });
  const steps = [0, 0.5, 1].map((t) =>
    text(x(t * last), top + HEIGHT - BOTTOM + 18, { content: `${Math.round(t * last)}` }),
  );
  const lines = [...curves].map(([run, curve], i) => {
    const path = curve.map(([step, v]) => `${x(step).toFixed(1)} ${y(scale(v)).toFixed(1)}`);
    const legendY = panel.linear ? top + HEIGHT - BOTTOM - 12 - 16 * i : top + TOP + 16 + 16 * i;
    const legend = text(x(last), legendY, { content: run, anchor: 'end', fill: COLOURS[i] });
    return `<path d="M${path.join('L')}" fill="none" stroke="${COLOURS[i]}" stroke-width="1.6"/>${legend}`;
  });
  const axis = panel.linear ? 'steps' : 'steps (values on a logarithmic scale)';
  return [
    text(left + WIDTH / 2, top + 22, { content: panel.title }),
    ...ticks,
    ...steps,
    text(x(last / 2), top + HEIGHT - 8, { content: axis }),
    ...lines,
  ].join('');
}

interface Label {
  content: string;
  anchor?: string;
  fill?: string;
}

const shown = PANELS.filter((panel) => curvesOf(panel).size > 0);
const panels = shown.map((panel, i) =>
  draw(panel, { left: (i % COLUMNS) * WIDTH, top: Math.floor(i / COLUMNS) * HEIGHT }),
);
const size = `width="${Math.min(COLUMNS, shown.length) * WIDTH}" height="${Math.ceil(shown.length / COLUMNS) * HEIGHT}"`;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${size}><rect width="100%" height="100%" fill="#ffffff"/>${panels.join('')}</svg>`;
await sharp(Buffer.from(svg)).png({ palette: true }).toFile(out);
