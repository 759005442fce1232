import { describe, expect, it } from 'vitest';
import type { BenchmarkCase } from './benchmark.js';
import type { Knowledge, PictureMeasure } from './measure.js';
import { PICTURE_MEASURES } from './picture-measures.js';
import type { Findings, Point } from './probe.js';
import { SET_MEASURES } from './set-measures.js';

const measureOf = (name: string): PictureMeasure => PICTURE_MEASURES.find((one) => one.name === name)!;
const one = (fields: Partial<BenchmarkCase> = {}): BenchmarkCase => ({ id: 'a', prompt: 'b', ...fields });
const knowledge = (fields: Partial<Knowledge> = {}): Knowledge => ({
  benchmark: { name: '', about: '', cases: [], references: 'paired' },
  judged: new Set(),
  hasReference: () => false,
  plansLayout: false,
  ...fields,
});

describe('measures of a picture', () => {
  it('find a person plausible from twelve sure points on', () => {
    const found = (sure: number): Findings['movenet'] => ({
      points: Array.from({ length: 17 }, (_, i): Point => [0, 0, i < sure ? 0.31 : 0.3]),
    });
    const person = measureOf('person');
    expect([11, 12, 17].map((sure) => person.score(found(sure), one()))).toEqual([0, 1, 1]);
  });

  it('want the named object, where its box should be in the canvas', () => {
    const found: Findings['centernet'] = {
      ...{ widthPx: 100, heightPx: 200 },
      objects: [
        { label: 'person', score: 0.9, box: [0, 0, 100, 200] },
        { label: 'cup', score: 0.5, box: [10, 20, 30, 60] },
        { label: 'cup', score: 0.4, box: [0, 0, 5, 5] },
        { label: 'horse', score: 0.3, box: [0, 0, 5, 5] },
      ],
    };
    const cup = one({
      triplet: { verb: 'hold', object: 'cup' },
      // Half the cup's height.
      boxes: { object: [20, 20, 60, 40] },
      canvas: { widthPx: 200, heightPx: 200 },
    });
    const horse = one({ triplet: { verb: 'ride', object: 'horse' } });
    expect(measureOf('object').score(found, cup)).toBe(1);
    expect(measureOf('object').score(found, horse)).toBe(0);
    expect(measureOf('box-iou').score(found, cup)).toBe(0.5);
    expect(measureOf('detection-score').score(found, cup)).toBe(0.9);
    const layout = [
      { word: 'man', role: 'subject' as const, box: [0, 0, 1, 1] as const },
      { word: 'table', role: 'object' as const, box: [50, 50, 60, 60] as const },
      { word: 'cup', role: 'object' as const, box: [10, 20, 30, 40] as const },
    ];
    expect(measureOf('layout-iou').score(found, cup, layout)).toBe(0.5);
    expect(measureOf('layout-iou').score(found, cup, layout.slice(0, 2))).toBe(0);
    expect(measureOf('layout-iou').applies(cup, knowledge())).toBe(false);
    expect(measureOf('layout-iou').applies(cup, knowledge({ plansLayout: true }))).toBe(true);
    expect(measureOf('object').applies(one({ triplet: { verb: 'gesture', object: 'ok' } }), knowledge())).toBe(false);
    expect(measureOf('box-iou').applies(horse, knowledge())).toBe(false);
  });

  it('ask the judge only about what it knows', () => {
    const found: Findings['judge'] = {
      features: [],
      triplets: [
        ['hold', 'cup', 0.5],
        ['wave', null, 0.3],
        ['ride', 'horse', 0.1],
        ['kick', 'ball', 0.05],
      ],
    };
    const wave = one({ triplet: { verb: 'wave', object: null } });
    const kick = one({ triplet: { verb: 'kick', object: 'ball' } });
    expect([wave, kick].map((c) => measureOf('judge-top1').score(found, c))).toEqual([0, 0]);
    expect([wave, kick].map((c) => measureOf('judge-top3').score(found, c))).toEqual([1, 0]);
    const known = knowledge({ judged: new Set(['wave', 'kick ball']) });
    expect(measureOf('judge-top1').applies(wave, known)).toBe(true);
    expect(measureOf('judge-top1').applies(one({ triplet: { verb: 'eat', object: 'cup' } }), known)).toBe(false);
  });

  it('compare poses in the picture, of the person who is where one is wanted', () => {
    const truth = Array.from({ length: 17 }, (_, i) => ({ x: 10 + 5 * i, y: 20 + 9 * i, score: i < 10 ? 1 : 0 }));
    const points = (dx: number): Point[] => Array.from({ length: 133 }, (_, i) => [20 + 10 * i + dx, 20 + 9 * i, 0.5]);
    const found: Findings['pose'] = {
      ...{ widthPx: 200, heightPx: 400 },
      people: [
        { box: [150, 0, 200, 50], points: points(90) },
        { box: [20, 20, 110, 101], points: points(0) },
      ],
    };
    const canvas = { widthPx: 100, heightPx: 400 };
    const placed = one({ keypoints: truth, canvas, boxes: { person: [10, 20, 55, 101] } });
    const free = one({ keypoints: truth, canvas });
    expect(measureOf('oks').score(found, placed)).toBeCloseTo(1, 12);
    expect(measureOf('pck').score(found, placed)).toBe(1);
    expect(measureOf('mpjpe').score(found, placed)).toBeCloseTo(0, 12);
    // Without a box the surest person counts, who is 90 pixels of 200 to the right.
    expect(measureOf('pck').score(found, free)).toBe(0);
    expect(measureOf('mpjpe').score(found, free)).toBeCloseTo(0.45, 12);
    const nobody = { ...found, people: [] };
    for (const name of ['oks', 'pck']) expect(measureOf(name).score(nobody, free)).toBe(0);
  });

  it('compare pixel by pixel only with the very picture that is wanted', () => {
    const [paired, sample] = (['paired', 'sample'] as const).map((references) =>
      knowledge({ benchmark: { name: '', about: '', cases: [], references }, hasReference: () => true }),
    );
    const applies = (k: Knowledge) => measureOf('ssim').applies(one(), k);
    expect([paired, sample, knowledge()].map(applies)).toEqual([true, false, false]);
  });

  it('have names of their own, and a worst that no score is worse than', () => {
    const names = [...PICTURE_MEASURES, ...SET_MEASURES].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(PICTURE_MEASURES.every(({ better, worst }) => (better === 'higher' ? worst === 0 : worst > 0))).toBe(true);
  });
});
