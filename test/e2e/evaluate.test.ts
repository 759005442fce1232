import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePng } from '../../src/core/image.js';
import { type Results, resultsSchema } from '../../src/evaluate/results.js';
import { Program } from './program.js';
import { writeTinyCheckpoint } from './tiny-checkpoint.js';

const cwd = mkdtempSync(join(tmpdir(), 'evaluate-'));
let program: Program;

const PROMPTS = ['a man is riding a bicycle', 'a woman is holding a cup', 'a man is reading', 'a woman waves'];
const TRIPLETS = [
  { verb: 'ride', object: 'bicycle' },
  { verb: 'hold', object: 'cup' },
  { verb: 'read', object: 'book' },
  { verb: 'wave', object: null },
];

beforeAll(async () => {
  program = await Program.build('evaluate');
  await writeTinyCheckpoint(join(cwd, 'model'));
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7) % 256);
  writeFileSync(join(cwd, 'wanted.png'), await encodePng({ widthPx: 64, heightPx: 64, data }));
  const cases = PROMPTS.map((prompt, i) => ({
    ...{ id: `case-${i}`, prompt, seed: i, triplet: TRIPLETS[i], tags: [i < 2 ? 'first' : 'last'] },
    ...(i === 0 && { reference: 'wanted.png', boxes: { object: [4, 4, 40, 40] } }),
  }));
  writeFileSync(join(cwd, 'cases.jsonl'), cases.map((one) => JSON.stringify(one)).join('\n'));
});
afterAll(() => {
  program?.dispose();
  rmSync(cwd, { recursive: true, force: true });
});

const METHODS = 'sd:guidance=1:steps=15,sd:guidance=6:steps=15';
const MEASURES = 'judge-top1,ssim,clip-score,seconds';
const args = (out: string, ...rest: string[]) => [
  'evaluate',
  'cases.jsonl',
  '--model',
  'model',
  '--methods',
  METHODS,
  '--out',
  out,
  '--json',
  ...rest,
];

/** Results without what differs from run to run: times and memory. */
function resultsOf(out: string): Results {
  const results = resultsSchema.parse(JSON.parse(readFileSync(join(cwd, out, 'results.json'), 'utf8')));
  const costs = results.measures.filter(({ kind }) => kind === 'cost').map(({ name }) => name);
  const isKept = ({ measure }: { measure: string }) => !costs.includes(measure);
  for (const { scores } of results.cases.flatMap(({ pictures }) => pictures)) {
    for (const name of costs) delete scores[name];
  }
  const { summary, differences } = results;
  return { ...results, summary: summary.filter(isKept), differences: differences.filter(isKept) };
}

function digests(out: string): Record<string, string> {
  const folder = join(cwd, out, 'pictures');
  const files = (readdirSync(folder, { recursive: true }) as string[]).filter((path) => path.endsWith('.png')).sort();
  const digest = (path: string) =>
    createHash('sha256')
      .update(readFileSync(join(folder, path)))
      .digest('hex');
  return Object.fromEntries(files.map((path) => [path, digest(path)]));
}

describe('evaluate', () => {
  it('gives the same pictures and results however it was killed', async () => {
    const whole = await program.run(args('whole', '--measures', MEASURES), { cwd });
    expect(whole.stderr).not.toContain('error:');
    expect(whole.code).toBe(0);
    const { results: path, table, report, pictures } = JSON.parse(whole.stdout);
    expect(pictures).toEqual({ made: 8, kept: 0, failed: 0 });
    for (const file of [path, table, report]) expect(existsSync(join(cwd, file))).toBe(true);

    // Killed while pictures are made, interrupted in the second method, killed while they are measured, then finished.
    const first = program.start(args('killed', '--measures', MEASURES), { cwd });
    await first.says(/guidance=1:steps=15 1\/4/);
    first.child.kill('SIGKILL');
    await first.finished;
    const second = program.start(args('killed', '--measures', MEASURES), { cwd });
    await second.says(/guidance=6:steps=15 1\/4/);
    second.child.kill('SIGINT');
    expect((await second.finished).code).toBe(130);
    const third = program.start(args('killed', '--measures', MEASURES), { cwd });
    await third.says(/measure 1\/8/);
    third.child.kill('SIGKILL');
    await third.finished;
    expect(existsSync(join(cwd, 'killed/results.json'))).toBe(false);
    const last = await program.run(args('killed', '--measures', MEASURES), { cwd });
    expect(JSON.parse(last.stdout).pictures).toEqual({ made: 0, kept: 8, failed: 0 });

    expect(digests('killed')).toEqual(digests('whole'));
    expect(resultsOf('killed')).toEqual(resultsOf('whole'));
  }, 600_000);

  it('makes a picture that generate repeats, and makes one again when another is asked for', async () => {
    const out = join('whole', 'pictures', 'sd-guidance-6-steps-15', 'case-1-1.png');
    const again = await program.run(['generate', '--from', out, '--out', 'again.png', '--json'], { cwd });
    expect(again.code).toBe(0);
    expect(readFileSync(join(cwd, 'again.png'))).toEqual(readFileSync(join(cwd, out)));

    const methods = ['--methods', 'sd:guidance=1:steps=2:label=a', '--measures', 'seconds'];
    const run = (...rest: string[]) =>
      program.run(['evaluate', 'cases.jsonl', ...rest, '--out', 'relabel', '--json'], { cwd });
    await run(...methods, '--model', 'model', '--limit', '2');
    const changed = await run(
      '--methods',
      'sd:guidance=2:steps=2:label=a',
      '--measures',
      'seconds',
      '--model',
      'model',
    );
    expect(JSON.parse(changed.stdout).pictures).toEqual({ made: 4, kept: 0, failed: 0 });
  });

  it('compares methods with boxes, keeps what they meant, and goes on as for plain sampling', async () => {
    const methods = 'sd:steps=2,record:candidates=2,steps=2,boxdiff:steps=2';
    const measures = ['--measures', 'layout-iou,box-iou,seconds,memory'];
    const command = ['evaluate', 'cases.jsonl', '--model', 'model', '--methods', methods, ...measures, '--limit', '1'];
    const run = () => program.run([...command, '--out', 'boxes', '--json'], { cwd });
    const first = await run();
    expect(first.stderr).not.toContain('error:');
    expect(JSON.parse(first.stdout).pictures).toEqual({ made: 3, kept: 0, failed: 0 });
    const { cases, summary } = resultsOf('boxes');
    const [plain, recorded, boxed] = cases[0].pictures;
    // Tiny pictures of noise: no detector finds a bicycle.
    expect(plain).toMatchObject({ scores: { 'layout-iou': null, 'box-iou': 0 } });
    const intended = { word: 'bicycle', role: 'object', box: [4, 4, 40, 40] };
    for (const picture of [recorded, boxed]) {
      expect(picture).toMatchObject({ layout: [intended], scores: { 'layout-iou': 0, 'box-iou': 0 } });
    }
    expect(summary.filter(({ measure, cases: counted }) => measure === 'layout-iou' && counted === 1)).toHaveLength(2);

    expect(JSON.parse((await run()).stdout).pictures).toEqual({ made: 0, kept: 3, failed: 0 });
    expect(resultsOf('boxes').cases).toEqual(cases);
    for (const { file } of [recorded, boxed]) {
      const again = await program.run(['generate', '--from', join('boxes', file), '--out', 'again.png'], { cwd });
      expect(again.code).toBe(0);
      expect(readFileSync(join(cwd, 'again.png'))).toEqual(readFileSync(join(cwd, 'boxes', file)));
    }
  }, 300_000);

  it('counts a picture that is missing as failed', async () => {
    mkdirSync(join(cwd, 'elsewhere'));
    for (const i of [0, 1, 2]) {
      writeFileSync(join(cwd, `elsewhere/case-${i}.png`), readFileSync(join(cwd, 'wanted.png')));
    }
    const measures = ['--measures', 'ssim,clip-score'];
    const run = await program.run(
      [
        'evaluate',
        'cases.jsonl',
        '--methods',
        'folder:elsewhere:label=theirs',
        ...measures,
        '--out',
        'folder',
        '--json',
      ],
      { cwd },
    );
    const { pictures, warnings } = JSON.parse(run.stdout);
    expect(pictures).toEqual({ made: 3, kept: 0, failed: 1 });
    expect(warnings.join()).toContain('case-3');
    const { cases, summary } = resultsOf('folder');
    expect(cases[3].pictures[0].scores).toEqual({ ssim: null, 'clip-score': 0 });
    expect(summary.find(({ measure }) => measure === 'clip-score')).toMatchObject({ cases: 4, failed: 1 });
    expect(summary.find(({ measure }) => measure === 'ssim')).toMatchObject({ mean: 1, cases: 1, failed: 0 });
  });

  it('refuses bad usage with exit code 2 and writes nothing', async () => {
    const before = readdirSync(cwd).sort();
    const { code, stderr } = await program.run(['evaluate', 'cases.jsonl', '--methods', 'magic'], { cwd });
    expect(stderr).toContain('lmd, folder, reference');
    expect(code).toBe(2);
    expect(readdirSync(cwd).sort()).toEqual(before);
  });

  it('says with --dry-run what it would do, and writes nothing', async () => {
    const run = await program.run(args('planned', '--dry-run', '--seeds', '2'), { cwd });
    const plan = JSON.parse(run.stdout);
    expect(plan).toMatchObject({ dry_run: true, cases: 4, pictures: 16, kept: 0 });
    // What the cases carry the truth for, and nothing else.
    const pictureMeasures = ['person', 'detection-score', 'object', 'box-iou', 'judge-top1', 'judge-top3'];
    expect(plan.measures).toEqual([
      ...[...pictureMeasures, 'clip-score', 'verb-clip-score', 'ssim', 'psnr'],
      ...['frechet-mobilenet', 'kernel-mobilenet', 'frechet-judge', 'inception-judge', 'seconds', 'memory'],
    ]);
    expect(existsSync(join(cwd, 'planned'))).toBe(false);
  });
});
