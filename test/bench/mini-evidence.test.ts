// The evidence's numbers from measurements whose answers are known, and measurements that survive a stop.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Ledger } from '../../bench/mini-evidence-ledger.js';
import type { Detected, Judged, Reconstructed } from '../../bench/mini-evidence-measures.js';
import { type EvidencePrompt, readPrompts } from '../../bench/mini-evidence-prompts.js';
import { markdown } from '../../bench/mini-evidence-report.js';
import { summarise } from '../../bench/mini-evidence-summary.js';
import { HELD_OUT_TRIPLETS } from '../../src/data/synth/scenes/triplets.js';

const folder = mkdtempSync(join(tmpdir(), 'evidence-'));
afterAll(() => rmSync(folder, { recursive: true }));

const prompts: EvidencePrompt[] = [
  { index: 0, prompt: 'a', scene: 1, set: 'training', verb: 'ride', object: 'bicycle' },
  { index: 1, prompt: 'b', scene: 2, set: 'training', verb: 'hold', object: 'cup' },
  { index: 2, prompt: 'c', scene: 3, set: 'held-out', verb: 'gesture', object: 'peace' },
];

describe('Ledger', () => {
  it('goes on with what an earlier run wrote', () => {
    const path = join(folder, 'ledger.jsonl');
    new Ledger<number>(path).add('renders', 4, 7);
    const again = new Ledger<number>(path);
    expect(again.has('renders', 4)).toBe(true);
    expect(again.has('pictures', 4)).toBe(false);
    again.add('renders', 1, 5);
    expect(new Ledger<number>(path).all('renders')).toEqual([
      { source: 'renders', index: 1, value: 5 },
      { source: 'renders', index: 4, value: 7 },
    ]);
  });
});

describe('summarise', () => {
  const detectors = new Ledger<Detected>(join(folder, 'detectors.jsonl'));
  detectors.add('pictures', 0, { points: 12, object: 0.4, person: 1 });
  detectors.add('pictures', 1, { points: 11, object: 0.2, person: 1 });
  detectors.add('pictures', 2, { points: 17, person: 1 });
  detectors.add('pictures', 9, { points: 17, person: 1 }); // of a prompt that is not asked about
  const judged = new Ledger<Judged>(join(folder, 'judge.jsonl'));
  // Five triplets: the first picture's own is the best, the second's the worst.
  judged.add('pictures', 0, { own: 0, scores: [0.6, 0.2, 0.1, 0.06, 0.04], features: [0] });
  judged.add('pictures', 1, { own: 4, scores: [0.3, 0.25, 0.2, 0.15, 0.1], features: [2] });
  judged.add('renders', 0, { own: 0, scores: [1, 0, 0, 0, 0], features: [5] });
  judged.add('renders', 1, { own: 4, scores: [0, 0, 0, 0, 1], features: [9] });
  const reconstruction = new Ledger<Reconstructed>(join(folder, 'reconstruction.jsonl'));
  reconstruction.add('renders', 0, { whole: 0.001, fine: 0.01 });
  reconstruction.add('renders', 1, { whole: 0.01, fine: null });
  writeFileSync(
    join(folder, 'generation.json'),
    JSON.stringify({ pictures: 4, seconds: 10, cpuSeconds: 18, peakMegabytes: 500 }),
  );
  const summary = summarise(folder, prompts);

  it('counts people, named objects and first triplets', () => {
    expect(summary.plausible.pictures).toEqual({ yes: 2, of: 3 });
    expect(summary.named.pictures).toEqual({ yes: 1, of: 2 }); // no class for a gesture
    expect(summary.judged.training.pictures).toEqual({ yes: 1, of: 2 });
    expect(summary.judged.training.renders).toEqual({ yes: 2, of: 2 });
    // Picture 1 puts triplet 0 first; picture 0 puts triplet 4 last.
    expect(summary.judged.training.chance).toBe(0.5);
    expect(summary.judged['held-out'].pictures).toEqual({ yes: 0, of: 0 });
  });

  it('computes distances, ratios and costs', () => {
    expect(summary.distances.judge.pictures).toBeCloseTo(36 + 2, 9); // means 1 and 7, variances 2 and 8
    expect(summary.distances.judge.floor).toBeNull();
    expect(summary.reconstruction?.psnr).toBeCloseTo(25, 9);
    expect(summary.reconstruction?.psnrFacesHands).toBeCloseTo(20, 9);
    expect(summary.generation).toEqual({ secondsEach: 2.5, cpuSecondsEach: 4.5, peakMegabytes: 500 });
  });

  it('is written as a page without holes', () => {
    const other = { title: 'eight channels', summary: { ...summary, named: summary.plausible } };
    const page = markdown(summary, { title: 'mini', command: 'run', prompts: 3, other });
    expect(page).toContain('66.7 % (2 of 3)');
    expect(page).toContain('| named object found | 50.0 % (1 of 2) | 66.7 % (2 of 3) |');
    expect(page).not.toMatch(/undefined|NaN|null/);
  });
});

describe('the frozen prompts', () => {
  it('are 200, numbered, with every held-out combination', () => {
    const all = readPrompts();
    expect(all.map((p) => p.index)).toEqual(Array.from({ length: 200 }, (_, i) => i));
    const held = new Set(all.filter((p) => p.set === 'held-out').map((p) => `${p.verb} ${p.object}`));
    expect([...held].sort()).toEqual(HELD_OUT_TRIPLETS.map(([verb, object]) => `${verb} ${object}`).sort());
    const trained = all.filter((p) => p.set === 'training').map((p) => `${p.verb} ${p.object}`);
    expect(trained.filter((name) => held.has(name))).toEqual([]);
  });
});
