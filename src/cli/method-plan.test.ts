// What the command line asks of a method, and what it refuses before a model is loaded.
import { describe, expect, it } from 'vitest';
import { loadMethod, planMethod, planMethodSettings } from './method-plan.js';

describe('the method', () => {
  it('is ReCorD unless something asks for plain sampling', () => {
    expect(planMethod(undefined, { plain: false })).toBe('record');
    expect(planMethod(undefined, { plain: true })).toBe('sd');
    expect(planMethod('sd', { plain: false })).toBe('sd');
    expect(() => planMethod('magic', { plain: false })).toThrow(/expected record, sd.*got "magic"/s);
  });

  it('takes boxes with and without a word', () => {
    const { boxes } = planMethodSettings({ box: ['1,2,3.5,4', 'cell phone=10,20,30,40'] }, undefined);
    expect(boxes).toEqual([{ box: [1, 2, 3.5, 4] }, { word: 'cell phone', box: [10, 20, 30, 40] }]);
  });

  it.each(['1,2,3', '3,2,1,4', 'a,b,c,d', '1,2,3,', 'ball='])('refuses the box "%s"', (text) => {
    expect(() => planMethodSettings({ box: [text] }, undefined)).toThrow(/--box: expected x1,y1,x2,y2.*hint/s);
  });

  it('lets options override the settings of a picture, and checks both', () => {
    const from = { candidates: 3, modules: 'GR' };
    expect(planMethodSettings({ candidates: 2 }, from)).toEqual({ candidates: 2, modules: 'GR' });
    expect(() => planMethodSettings({ agent: 'human' }, from)).toThrow(/local or openai/);
    expect(() => planMethodSettings({}, { candidates: 'many' })).toThrow(/candidates/);
  });

  it('refuses options that it does not know', async () => {
    await expect(loadMethod('sd', { candidates: 2 })).rejects.toThrow(/--method sd: expected no --candidates/);
    await expect(loadMethod('sd', {})).resolves.toBeUndefined();
    expect((await loadMethod('record', { candidates: 2, modules: 'G' }))?.key).toBe('record');
  });
});
