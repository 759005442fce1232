// An agent with fixed answers, for tests.
import type { Image } from '../core/image.js';
import type { Agent, LayoutProposal, LayoutQuestion, PoseChoice } from './agent.js';

const nothing = { warnings: [], transcript: [], usage: { requests: 0, promptTokens: 0, completionTokens: 0 } };

export interface RecordedAgent extends Agent {
  readonly chosen: { prompt: string; images: number }[];
  readonly asked: LayoutQuestion[];
}

/** Picks the last picture and places everything in one box; remembers what it was asked. */
export function testAgent(): RecordedAgent {
  const chosen: RecordedAgent['chosen'] = [];
  const asked: LayoutQuestion[] = [];
  return {
    name: 'test',
    chosen,
    asked,
    choose(prompt, images): Promise<PoseChoice> {
      chosen.push({ prompt, images: images.length });
      const index = images.length - 1;
      return Promise.resolve({ index, indices: [index], source: 'local', ...nothing });
    },
    propose(question): Promise<LayoutProposal> {
      asked.push(question);
      const attributes = { poseType: 'dynamic', relation: 'under' };
      const box = [100, 200, 300, 400] as const;
      return Promise.resolve({
        status: 'proposed',
        box,
        attributes,
        reasoning: 'so it fits',
        source: 'local',
        ...nothing,
      });
    },
  };
}

/** A grey picture. */
export function testPicture(widthPx = 24, heightPx = 16): Image {
  return { widthPx, heightPx, data: new Uint8Array(3 * widthPx * heightPx).fill(128) };
}

/** A question with every field. */
export function testQuestion(): LayoutQuestion {
  return {
    prompt: 'a woman is riding a bicycle past a tree',
    verb: 'riding',
    object: 'bicycle',
    image: testPicture(),
    keypoints: Array.from({ length: 33 }, (_, i) => ({ x: 200 + i, y: 10 * i - 5, score: i === 4 ? 0 : 1 })),
    personBox: [180, 60, 320, 400],
    objectBox: [20, 100, 220, 300],
    fixedBoxes: [{ label: 'tree', box: [400, 0, 500, 400] }],
  };
}
