// The layout recipe: what the rows hold, that perturbed boxes stay inside, that the loss is the expected overlap.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { LAYOUT_OBJECTS, LAYOUT_VERBS } from '../../agents/layout-words.js';
import { float32, floats, type Tensor } from '../../core/tensor.js';
import { Graph, liveParameters, parameterCount } from '../../graph/index.js';
import { apartness, layoutGraph, overlap, randomWeights } from '../../models/index.js';
import { type Box, iou } from '../../pose/person.js';
import { createRuntime } from '../../runtime/index.js';
import { memorySource } from '../../weights/index.js';
import { layoutAnchors } from './anchors.js';
import { inferredCanvas } from './canvas.js';
import { layoutEvaluation, layoutLoss, perturbed } from './loss-graphs.js';
import { layoutRecipe } from './recipe.js';
import { countLayoutRows, type LayoutRow, V_COCO_FILE, writeLayoutRows } from './rows.js';
import { LAYOUT, layoutConfig, TOY_LAYOUT } from './settings.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());
const folder = mkdtempSync(join(tmpdir(), 'layout-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('inferredCanvas', () => {
  it.each<[Box[], number[]]>([
    [[[0, 0, 639.5, 420]], [640, 427]],
    [[[0, 0, 300, 640]], [333, 640]],
    [[[0, 0, 500, 370]], [500, 375]],
    [[[0, 0, 610, 600]], [640, 640]],
  ])('of %j is %j', (boxes, [widthPx, heightPx]) => {
    expect(inferredCanvas(boxes)).toEqual({ widthPx, heightPx });
  });
});

const annotation = (number: number) => ({
  file_name: `COCO_train2014_${String(number).padStart(12, '0')}.jpg`,
  ...{ boxes_h: [[100, 100, 200, 400]], boxes_o: [[64, 240, 320, 480]], actions: [0], objects: [1] },
});
const vCoco = {
  annotations: [5, 6, 7].map(annotation),
  classes: ['ride instr'],
  objects: ['background', 'bicycle'],
  action_to_object: [[1]],
};
const scene = {
  ...{ width: 100, height: 50, person: { box: [10, 10, 30, 50] }, triplet: { verb: 'drag', object: 'suitcase' } },
  objects: [{ category: 'suitcase', role: 'target', box: [40, 20, 60, 50] }],
  mediapipe_keypoints: Array.from({ length: 33 }, (_, i) => [50, 25, i === 0 ? 0 : 2]).flat(),
};
const unused = { ...scene, triplet: { verb: 'no_interaction', object: 'suitcase' } };

describe('writeLayoutRows', () => {
  it('holds one picture in six out, adds scenes, leaves out things that are not used', async () => {
    writeFileSync(join(folder, V_COCO_FILE), JSON.stringify(vCoco));
    writeFileSync(join(folder, 'shard-0.jsonl'), `${JSON.stringify(scene)}\n${JSON.stringify(unused)}\n`);
    const { heldOut, training } = await writeLayoutRows(folder);
    expect([heldOut, training.length, await countLayoutRows(folder)]).toEqual([1, 3, 4]);
    const floatsIn = (name: string) => readFileSync(join(folder, `shard-layout.${name}`)).byteLength / 4;
    expect(floatsIn('layout_box.f32')).toBe(16);
    const [ridden, , dragged] = training;
    expect(ridden).toMatchObject({ aspect: 333 / 640, verbId: LAYOUT_VERBS.indexOf('ride') + 1 });
    expect(ridden.objectId).toBe(LAYOUT_OBJECTS.indexOf('bicycle') + 1);
    expect(dragged).toMatchObject({ aspect: 2, person: [0.1, 0.2, 0.3, 1], object: [0.4, 0.4, 0.6, 1] });
    expect(dragged.keypoints.slice(0, 6)).toEqual([0.5, 0.5, 0, 0.5, 0.5, 1]);
  });

  it('says what is missing', async () => {
    await expect(writeLayoutRows(tmpdir())).rejects.toThrow(V_COCO_FILE);
  });
});

/** Runs a graph of two boxes [1, 4] each. */
async function ofBoxes(build: (a: never, b: never) => never, a: readonly number[], b: readonly number[]) {
  const graph = new Graph('boxes');
  const inputs = ['a', 'b'].map((name) => graph.input(name, 'float32', [1, 4]));
  graph.output('y', build(inputs[0] as never, inputs[1] as never));
  const session = await runtime.session(graph, memorySource({}));
  return floats((await session.run({ a: float32([...a], [1, 4]), b: float32([...b], [1, 4]) })).y);
}

const span = fc.tuple(fc.double({ min: 0, max: 0.8, noNaN: true }), fc.double({ min: 0.05, max: 0.2, noNaN: true }));
const anyBox = fc.tuple(span, span).map(([[x, w], [y, h]]): Box => [x, y, x + w, y + h]);

describe('boxes in graphs', () => {
  it('overlap as elsewhere, and lie apart by the uncovered share of their hull', async () => {
    const property = fc.asyncProperty(anyBox, anyBox, async (a, b) => {
      const [share] = await ofBoxes(overlap as never, a, b);
      expect(share).toBeCloseTo(iou(a, b), 4);
    });
    await fc.assert(property, { numRuns: 30 });
    const [apart] = await ofBoxes(apartness as never, [0, 0, 0.25, 1], [0.75, 0, 1, 1]);
    expect(apart).toBeCloseTo(0.5);
  });

  it('are perturbed inside the canvas, not at all at amplitude 0', async () => {
    const graph = new Graph('perturbed');
    const truth = graph.input('truth', 'float32', [1, 4]);
    const amplitude = graph.input('amplitude', 'float32', [1, 1]);
    graph.output('y', perturbed(truth, { amplitude, draws: graph.input('draws', 'float32', [1, 4]) }));
    const session = await runtime.session(graph, memorySource({}));
    const draw = fc.double({ min: 0, max: 0.999, noNaN: true });
    const property = fc.asyncProperty(anyBox, fc.tuple(draw, draw, draw, draw), draw, async (box, draws, a) => {
      const feeds = { truth: float32([...box], [1, 4]), draws: float32(draws, [1, 4]) };
      const [x1, y1, x2, y2] = floats((await session.run({ ...feeds, amplitude: float32([a], [1, 1]) })).y);
      for (const v of [x1, y1, x2, y2]) expect(v >= -1e-5 && v <= 1 + 1e-5).toBe(true);
      const scale = (x2 - x1) / (box[2] - box[0]);
      expect(scale).toBeGreaterThan(1 - a / 2 - 1e-3);
      expect(scale).toBeLessThan(1 + a / 2 + 1e-3);
      const still = floats((await session.run({ ...feeds, amplitude: float32([0], [1, 1]) })).y);
      for (let i = 0; i < 4; i++) expect(still[i]).toBeCloseTo(box[i], 5);
    });
    await fc.assert(property, { numRuns: 30 });
  });
});

const config = layoutConfig(TOY_LAYOUT);
const rows = Array.from({ length: 40 }, (_, i): LayoutRow => {
  const person: Box = [0.3, 0.2, 0.5, 0.9];
  const low = (i % 5) / 10;
  return { person, object: [low, 0.5, low + 0.2, 0.7], aspect: 1, verbId: 1, objectId: 2, keypoints: [] };
});

/** Zeros for every input of a graph, except those given. */
function feedsOf(graph: Graph, given: Record<string, Tensor>): Record<string, Tensor> {
  const zeros = [...graph.inputs.values()].map(({ name, shape, dtype }): [string, Tensor] => {
    const size = shape.reduce((a, b) => a * b, 1);
    return [name, { dtype, shape, data: dtype === 'int32' ? new Int32Array(size) : new Float32Array(size) }];
  });
  return { ...Object.fromEntries(zeros), ...given };
}

const filled = (shape: number[], values: readonly number[]) =>
  float32(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => values[i % values.length]),
    shape,
  );

describe('layoutRecipe', () => {
  const recipe = layoutRecipe({
    settings: TOY_LAYOUT,
    training: rows,
    size: { seconds: null, steps: 5, batch: 4 },
    heldOutRows: 1,
  });

  it('gives every input of its graphs a source, and every anchor a value', () => {
    const [stage] = recipe.plan.stages;
    for (const graph of Object.values(recipe.graphs)) {
      const known = { ...stage.inputs, ...stage.evaluate?.inputs };
      for (const name of graph.inputs.keys()) expect(Object.keys(known)).toContain(name);
      for (const { name, shape } of liveParameters(graph)) {
        if (name.endsWith('_anchors')) expect(recipe.given?.[name].shape).toEqual(shape);
      }
    }
    expect(layoutAnchors(config, rows)).toEqual(recipe.given);
  });

  it('loses less where the hypotheses lie on the truth', async () => {
    const batch = 2;
    const graph = layoutLoss({ config, batch });
    const session = await runtime.session(graph, randomWeights(graph, 3));
    const person = filled([batch, 4], [0.3, 0.2, 0.5, 0.9]);
    const common = { layout_person: person, layout_aspect: filled([batch, 1], [1]), progress: float32([1], []) };
    const at = async (box: number[]) => {
      const feeds = feedsOf(graph, { ...common, layout_box: filled([batch, 4], box) });
      const out = await session.run(feeds);
      return { loss: floats(out.loss)[0], overlap: floats(out.expected_overlap)[0] };
    };
    const [near, far] = [await at([0.3, 0.3, 0.6, 0.8]), await at([0, 0, 0.01, 0.01])];
    expect(near.overlap).toBeGreaterThan(far.overlap);
    expect(near.loss).toBeLessThan(far.loss);
    // With the progress at its end only the overlap counts, once for each member and ten-fold.
    expect(near.loss).toBeCloseTo(-10 * config.members * near.overlap, 3);
  });

  it('evaluates without a box and with one', async () => {
    const graph = layoutEvaluation({ config, batch: 2 });
    const session = await runtime.session(graph, randomWeights(graph, 3));
    const boxes = filled([2, 4], [0.2, 0.2, 0.6, 0.9]);
    const given = { layout_person: boxes, layout_box: boxes, layout_aspect: filled([2, 1], [1]) };
    const out = await session.run(feedsOf(graph, { ...given, places: filled([2, 4], [0.5]) }));
    for (const name of ['blind', 'perturbed', 'untouched']) {
      const [value] = floats(out[name]);
      expect(value >= 0 && value <= 1).toBe(true);
    }
  });

  it('builds the embedded model small enough', () => {
    expect(2 * parameterCount(layoutGraph(layoutConfig(LAYOUT), { batch: 1 }))).toBeLessThan(2_000_000);
  });
});
