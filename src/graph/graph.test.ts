import { fromBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelProtoSchema } from './gen/onnx_pb.js';
import {
  Add,
  Concat,
  Conv,
  Gemm,
  Graph,
  Identity,
  liveNodes,
  MatMul,
  Mul,
  parameterCount,
  Relu,
  Reshape,
  Resize,
  Slice,
  Split,
  scope,
  serialise,
  Transpose,
} from './index.js';

const dims = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });

describe('shape errors name operator, input and both shapes', () => {
  const g = new Graph('g');
  const a = g.input('a', 'float32', [2, 3, 8, 8]);
  const b = g.input('b', 'float32', [2, 4]);
  it.each<[string, () => unknown, string]>([
    ['Add', () => Add(a, b), 'Add: input B: expected a shape that broadcasts with A [2,3,8,8], got [2,4]'],
    ['MatMul', () => MatMul(b, b), 'MatMul: input B: expected float32 with 4 rows for A [2,4], got float32 [2,4]'],
    ['Gemm', () => Gemm(b, b), 'Gemm: input B: expected inner size 4 for A [2,4], got [2,4]'],
    ['Conv', () => Conv(a, g.parameter('w', [5, 4, 3, 3])), 'Conv: input W: expected 3 channels for X [2,3,8,8]'],
    ['Reshape', () => Reshape(b, [3, -1]), 'Reshape: input shape: expected 8 values of [2,4], got [3,-1]'],
    ['Transpose', () => Transpose(b, [0, 0]), 'Transpose: input perm'],
    ['Concat', () => Concat([a, b], { axis: 1 }), 'Concat: input 1: expected [2,3,8,8] except axis 1, got [2,4]'],
    ['Split', () => Split(b, [1, 2], { axis: 1 }), 'Split: input split: expected sizes adding to 4 of [2,4]'],
    ['Resize', () => Resize(a, { sizes: [1, 2] }), 'Resize: input sizes'],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(message);
  });
});

describe('Graph', () => {
  it('broadcasts as NumPy does, in either order', () => {
    fc.assert(
      fc.property(dims, fc.infiniteStream(fc.boolean()), (shape, ones) => {
        const g = new Graph('g');
        const other = shape.map((d) => (ones.next().value ? 1 : d));
        const [x, y] = [g.input('x', 'float32', shape), g.input('y', 'float32', other)];
        expect(Add(x, y).shape).toEqual(shape);
        expect(Mul(y, x).shape).toEqual(shape);
      }),
    );
  });

  it('slices as arrays do', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: -12, max: 12 }),
        fc.integer({ min: -12, max: 12 }),
        (n, s, e) => {
          const x = new Graph('g').input('x', 'float32', [n]);
          const expected = Array.from({ length: n }).slice(s, e).length;
          expect(Slice(x, { starts: [s], ends: [e] }).shape).toEqual([expected]);
        },
      ),
    );
  });

  it('ties parameters of one name and refuses another shape', () => {
    const p = scope(new Graph('g')).at('blocks', 0);
    expect(p.parameter('weight', [2, 2])).toBe(p.parameter('weight', [2, 2]));
    expect(() => p.parameter('weight', [3])).toThrow(
      'parameter "blocks.0.weight": expected [2,2] as first declared, got [3]',
    );
  });

  it('shares equal constants', () => {
    const g = new Graph('g');
    expect(g.constant(2)).toBe(g.constant(2));
    expect(g.constant(2)).not.toBe(g.constant(2, { dtype: 'int64' }));
  });

  it('refuses values of another graph', () => {
    const a = new Graph('a').input('x', 'float32', [1]);
    const b = new Graph('b').input('y', 'float32', [1]);
    expect(() => Add(a, b)).toThrow('expected a value of graph "a", got "y" of graph "b"');
  });

  it('serialises only what the outputs need, with parameters outside', () => {
    const g = new Graph('g');
    const x = g.input('x', 'float32', [2, 3]);
    const y = MatMul(x, scope(g).at('fc').parameter('weight', [3, 4]));
    Relu(MatMul(x, g.parameter('unused', [3, 9])));
    g.output('y', y);
    g.output('again', y);
    expect(liveNodes(g).map((n) => n.op)).toEqual(['MatMul', 'Identity']);
    expect(parameterCount(g)).toBe(12);
    const model = fromBinary(ModelProtoSchema, serialise(g));
    expect(model.graph?.output.map((o) => o.name)).toEqual(['y', 'again']);
    expect(model.graph?.initializer.map((i) => [i.name, i.rawData.length, i.externalData[0].value])).toEqual([
      ['fc.weight', 0, 'parameters'],
    ]);
    expect(model.opsetImport.map((o) => Number(o.version))).toEqual([21]);
  });

  it('passes an input through to an output', () => {
    const g = new Graph('g');
    g.output('y', g.input('x', 'float32', [1]));
    expect(liveNodes(g).map((n) => n.op)).toEqual(['Identity']);
    expect(Identity(g.inputs.get('x')!).shape).toEqual([1]);
  });
});
