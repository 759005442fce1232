// Parts of ReCorD on their own: step sizes, windows, object boxes, and guidance on a toy network over many seeds.
import { afterAll, describe, expect, it } from 'vitest';
import { randomNormal } from '../../core/random.js';
import { float32, floats } from '../../core/tensor.js';
import {
  boxFeeds,
  boxLoss,
  type GradientPass,
  openGradientPass,
  tokenColumns,
  tokenMaps,
} from '../../diffusion/attention-control/index.js';
import { loadPipeline } from '../../diffusion/pipeline.js';
import { testCheckpoint } from '../../diffusion/test-checkpoint.js';
import { Add, ReduceSum } from '../../graph/index.js';
import { createRuntime } from '../../runtime/index.js';
import { isChanged, largestComponent, objectBox } from './object-box.js';
import { inWindow, stepSize } from './settings.js';

const runtime = createRuntime({ threads: 1 });
const pipeline = loadPipeline(testCheckpoint(), runtime);
afterAll(() => runtime.close());

describe('step sizes and windows', () => {
  it('have the golden values', () => {
    const at = (index: number) => stepSize(index, { steps: 50, scaleFactor: 20 });
    expect([0, 1, 10, 24].map((i) => Number(at(i).toFixed(3)))).toEqual([20, 19.898, 18.952, 17.379]);
  });

  it('scale with the number of steps', () => {
    const inside = (steps: number) =>
      Array.from({ length: steps }, (_, index) => index).filter((index) =>
        inWindow({ start: 0.1, end: 0.3 }, { index, steps }),
      );
    expect(inside(50)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    expect(inside(20)).toEqual([2, 3, 4, 5]);
  });
});

describe('box of an object', () => {
  const map = (rows: number[][]) => ({
    resolution: [rows.length, rows[0].length] as const,
    values: Float32Array.from(rows.flat()),
  });

  it('is that of the largest bright component, diagonals joined', () => {
    const rows = [
      [0, 0, 0, 0],
      [9, 0, 9, 0],
      [0, 0, 0, 9],
      [9, 0, 0, 9],
    ];
    expect(objectBox(map(rows))).toEqual([256, 128, 512, 512]);
  });

  it('keeps a line one cell thick and a single cell', () => {
    expect(
      objectBox(
        map([
          [0, 0, 0, 0],
          [9, 9, 9, 0],
          [0, 0, 0, 0],
          [0, 0, 0, 0],
        ]),
      ),
    ).toEqual([0, 128, 384, 256]);
    expect(
      objectBox(
        map([
          [0, 0],
          [0, 9],
        ]),
      ),
    ).toEqual([256, 256, 512, 512]);
  });

  it('is unknown on a constant map and over the whole canvas', () => {
    expect(
      objectBox(
        map([
          [1, 1],
          [1, 1],
        ]),
      ),
    ).toBeNull();
    expect(
      objectBox(
        map([
          [9, 9, 9],
          [9, 0, 9],
          [9, 9, 9],
        ]),
      ),
    ).toBeNull();
  });

  it('has a component of no cells in an empty mask', () => {
    expect(largestComponent(new Uint8Array(4), { height: 2, width: 2 })).toBeUndefined();
  });

  it('counts as changed from the moves of the published examples on', () => {
    expect(isChanged([0, 0, 100, 100], [0, 0, 100, 100], 0.1)).toBe(false);
    expect(isChanged([0, 0, 100, 100], [3, 0, 103, 100], 0.1)).toBe(false);
    expect(isChanged([0, 0, 100, 100], [15, 0, 115, 100], 0.1)).toBe(true);
    expect(isChanged(null, [0, 0, 100, 100], 0.1)).toBe(true);
  });
});

describe('guidance on a toy network', () => {
  const GRID = [4, 4] as const;
  const feeds = { columns: tokenColumns([4], { last: 7 }), ...boxFeeds([[256, 256, 512, 512]], GRID) };

  async function open(): Promise<GradientPass> {
    return openGradientPass(pipeline, {
      condition: await pipeline.condition('a b c d'),
      size: { heightPx: 8, widthPx: 8 },
      loss: (maps) => {
        const probs = maps.mean(GRID)!;
        const token = tokenMaps(probs, { resolution: GRID, columns: probs.graph.input('columns', 'float32', [6, 1]) });
        const { inside, outside, corners } = boxLoss(token);
        const loss = ReduceSum(Add(Add(inside, outside), corners), { keepdims: false });
        return { loss, outputs: { maps: token } };
      },
    });
  }
  const share = (map: Float32Array) =>
    [10, 11, 14, 15].reduce((sum, i) => sum + map[i], 0) / map.reduce((a, b) => a + b);

  it('has the gradient of central differences', async () => {
    const pass = await open();
    const x = randomNormal(1, { shape: [1, 4, 4, 4] });
    const { gradient } = await pass.run(x, { timestep: 500, feeds });
    const norm = Math.hypot(...gradient);
    const moved = async (by: number) => {
      const along = floats(x).map((v, i) => v + (by * gradient[i]) / norm);
      return (await pass.run(float32(along, x.shape), { timestep: 500, feeds })).loss;
    };
    const slope = ((await moved(0.02)) - (await moved(-0.02))) / 0.04;
    expect(Math.abs(slope - norm) / norm).toBeLessThan(5e-3);
  });

  it('lowers the loss and draws attention into the box on nearly all seeds', async () => {
    const pass = await open();
    let [lower, drawn] = [0, 0];
    for (let seed = 0; seed < 100; seed++) {
      let x = randomNormal(seed, { shape: [1, 4, 4, 4] });
      const first = await pass.run(x, { timestep: 500, feeds });
      let last = first;
      for (let i = 0; i < 4; i++) {
        const scale = 0.1 / Math.sqrt(last.gradient.reduce((sum, v) => sum + v * v, 0) / last.gradient.length);
        x = float32(
          floats(x).map((v, k) => v - scale * last.gradient[k]),
          x.shape,
        );
        last = await pass.run(x, { timestep: 500, feeds });
      }
      if (last.loss < first.loss) lower++;
      if (share(floats(last.outputs.maps)) > share(floats(first.outputs.maps))) drawn++;
    }
    expect(lower).toBeGreaterThanOrEqual(95);
    expect(drawn).toBeGreaterThanOrEqual(95);
  });
});
