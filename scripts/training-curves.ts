// Draws the losses of a training log: `npx tsx scripts/training-curves.ts LOG.jsonl OUT.png`.
import { readFileSync } from 'node:fs';
import sharp from 'sharp';

type Row = Record<string, number | string>;
interface Panel {
  title: string;
  stage: string;
  /** Legend -> keys, the first that a row has is drawn. */
  series: Record<string, { keys: string[]; colour: string }>;
}

const PANELS: Panel[] = [
  {
    title: 'autoencoder: weighted L1 pyramid',
    stage: 'autoencoder',
    series: {
      reconstruction: { keys: ['reconstruction.reconstruction', 'adversarial.reconstruction'], colour: '#1864ab' },
    },
  },
  {
    title: 'denoiser: loss (weighted) and mean squared error of the velocity',
    stage: 'denoiser',
    series: {
      loss: { keys: ['denoising.loss'], colour: '#1864ab' },
      mse: { keys: ['denoising.mse'], colour: '#d9480f' },
    },
  },
];
const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [520, 340, 56, 40, 44];

const [log, out] = process.argv.slice(2);
const rows: Row[] = readFileSync(log, 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line));

function points(panel: Panel, keys: string[]): [number, number][] {
  return rows
    .filter((row) => row.type === 'step' && row.stage === panel.stage)
    .map((row) => [Number(row.step), Number(keys.map((k) => row[k]).find((v) => v !== undefined))]);
}

function draw(panel: Panel, at: number): string {
  const all = Object.values(panel.series).flatMap(({ keys }) => points(panel, keys));
  const last = Math.max(...all.map(([step]) => step));
  const [low, high] = [Math.min(...all.map(([, v]) => v)), Math.max(...all.map(([, v]) => v))].map(Math.log10);
  const x = (step: number) => at + LEFT + (step / last) * (WIDTH - LEFT - 20);
  const y = (v: number) => TOP + ((high - Math.log10(v)) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const text = (px: number, py: number, content: string, anchor = 'middle') =>
    `<text x="${px}" y="${py}" font-family="sans-serif" font-size="12" text-anchor="${anchor}" fill="#343a40">${content}</text>`;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((t) => {
    const value = 10 ** (low + t * (high - low));
    const line = `<path d="M${x(0)} ${y(value)}H${x(last)}" stroke="#dee2e6"/>`;
    return line + text(x(0) - 6, y(value) + 4, value.toPrecision(2), 'end');
  });
  const steps = [0, 0.5, 1].map((t) => text(x(t * last), HEIGHT - BOTTOM + 18, `${Math.round(t * last)}`));
  const curves = Object.entries(panel.series).map(([name, { keys, colour }], i) => {
    const path = points(panel, keys).map(([step, v]) => `${x(step).toFixed(1)} ${y(v).toFixed(1)}`);
    const legend = `<text x="${x(last)}" y="${TOP + 16 + 16 * i}" font-family="sans-serif" font-size="12" text-anchor="end" fill="${colour}">${name}</text>`;
    return `<path d="M${path.join('L')}" fill="none" stroke="${colour}" stroke-width="1.6"/>${legend}`;
  });
  const title = text(at + WIDTH / 2, 22, panel.title);
  return [
    title,
    ...ticks,
    ...steps,
    text(x(last / 2), HEIGHT - 8, 'steps (losses on a logarithmic scale)'),
    ...curves,
  ].join('');
}

const panels = PANELS.map((panel, i) => draw(panel, i * WIDTH)).join('');
const size = `width="${PANELS.length * WIDTH}" height="${HEIGHT}"`;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${size}><rect width="100%" height="100%" fill="#ffffff"/>${panels}</svg>`;
await sharp(Buffer.from(svg)).png({ palette: true }).toFile(out);
