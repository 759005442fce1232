import { describe, expect, it } from 'vitest';
import { parseObj, triangulate } from './obj.js';

const QUAD = 'g body\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 1\nf 1/1 2/2 3/1 4/2\n';

describe('parseObj', () => {
  it('reads positions, texture places and groups', () => {
    const mesh = parseObj(QUAD, 'quad');
    expect([...mesh.positions.subarray(6, 9)]).toEqual([1, 1, 0]);
    expect(mesh.faces).toEqual([{ group: 'body', vertices: [0, 1, 2, 3], uvs: [0, 1, 0, 1] }]);
  });

  it('fans faces into triangles', () => {
    expect(triangulate(parseObj(QUAD, 'quad').faces)).toEqual({
      vertices: [0, 1, 2, 0, 2, 3],
      uvs: [0, 1, 0, 0, 0, 1],
    });
  });

  it('refuses what is no mesh', () => {
    expect(() => parseObj('hello', 'x')).toThrow(/no vertices/);
    expect(() => parseObj('v 0 0 0\nf 1 2 3\n', 'x')).toThrow(/makes no sense/);
  });
});
