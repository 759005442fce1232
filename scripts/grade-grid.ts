// Grades the grids that the trainer draws: how many pictures the scorer gives their own prompt among all of the grid's,
// and in how many the judge sees the prompt's interaction (`missed` says what it sees instead): `npx tsx scripts/grade-grid.ts RUN/denoiser-100.png...`.
import sharp from 'sharp';
import type { Image } from '../src/core/image.js';
import { openClipScorer } from '../src/metrics/clip-scorer.js';
import { openJudge } from '../src/metrics/judge.js';
import { createRuntime } from '../src/runtime/index.js';
import { GRID_PROMPTS } from '../src/train/mini-sd/grid-prompts.js';

const SIDE = 256;
/** Columns of a grid, and the white line between pictures, as in trainer/png.py and the recipe. */
const [COLUMNS, GAP] = [8, 2];

/** What is seen in a prompt's picture, in the judge's words and in the order of GRID_PROMPTS; people who only stand may be seen to walk. */
const INTERACTIONS = [
  ['ride bicycle'],
  ['ride skateboard'],
  ['hold umbrella', 'carry umbrella'],
  ['kick sports ball'],
  ['sit_on bench'],
  ['read book'],
  ['talk_on cell phone'],
  ['type_on laptop'],
  ['swing tennis racket'],
  ['swing baseball bat'],
  ['carry suitcase', 'hold suitcase'],
  ['wear backpack', 'carry backpack'],
  ['drink_with cup'],
  ['sit_on chair'],
  ['hold sports ball'],
  ['ride motorcycle'],
  ['ride bicycle'],
  ['hold frisbee'],
  ['stand', 'walk'],
  ['carry surfboard', 'hold surfboard'],
  ['gesture peace', 'gesture peace_inverted'],
  ['gesture like'],
  ['wave'],
  ['sit_on couch'],
];

async function cells(file: string): Promise<Image[]> {
  return Promise.all(
    GRID_PROMPTS.map(async (_, i) => {
      const [left, top] = [i % COLUMNS, Math.floor(i / COLUMNS)].map((at) => at * (SIDE + GAP));
      const cut = sharp(file).extract({ left, top, width: SIDE, height: SIDE }).removeAlpha();
      return { widthPx: SIDE, heightPx: SIDE, data: new Uint8Array(await cut.raw().toBuffer()) };
    }),
  );
}

const runtime = createRuntime();
const [scorer, judge] = [openClipScorer(runtime), openJudge(runtime)];
for (const file of process.argv.slice(2)) {
  const count = { prompt: 0, interactionFirst: 0, interactionAmongThree: 0 };
  const missed: string[] = [];
  for (const [i, image] of (await cells(file)).entries()) {
    const [best] = await scorer.rankTexts(image, GRID_PROMPTS);
    if (best.text === GRID_PROMPTS[i]) count.prompt++;
    const seen = (await judge.judgeInteraction(image)).map(({ triplet }) =>
      [triplet.verb, triplet.object].filter(Boolean).join(' '),
    );
    if (INTERACTIONS[i].includes(seen[0])) count.interactionFirst++;
    else missed.push(`${INTERACTIONS[i][0]}: ${seen[0]}`);
    if (seen.slice(0, 3).some((name) => INTERACTIONS[i].includes(name))) count.interactionAmongThree++;
  }
  console.log(JSON.stringify({ file, of: GRID_PROMPTS.length, ...count, missed }));
}
await runtime.close();
