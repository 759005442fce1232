import { fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float32 } from '../core/tensor.js';
import { ModelProtoSchema, NodeProtoSchema } from './gen/onnx_pb.js';
import { Add, Concat, Gelu, Graph, MatMul, serialise, Transpose } from './index.js';
import { ProtobufWriter } from './protobuf-writer.js';

describe('ProtobufWriter', () => {
  it('writes whole models as the general library does', () => {
    const graph = new Graph('all kinds of fields');
    const x = graph.input('x', 'float32', [2, 300]);
    const w = graph.parameter('w', [300, 300]);
    const bias = graph.constant(float32(new Float32Array(300).fill(0.25), [300]));
    const y = Gelu(Add(MatMul(x, w), bias), { approximate: 'tanh' });
    graph.output('y', Transpose(Concat([y, x], { axis: -1 }), [1, 0]));
    const located = { location: 'w.bin', offset: 2 ** 33 + 64, length: 180_000, stored: 'float16' } as const;
    for (const options of [
      {},
      { locate: () => located },
      {
        locate: () => ({ ...located, stored: 'int8' as const, scale: { location: 'w.bin', offset: 0, length: 1200 } }),
      },
      { locate: () => float32(new Float32Array(90_000), [300, 300]) },
    ]) {
      const bytes = serialise(graph, options);
      expect(toBinary(ModelProtoSchema, fromBinary(ModelProtoSchema, bytes))).toEqual(bytes);
    }
  });

  it('writes every whole number and every text', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.string({ unit: 'binary', maxLength: 300 }), (value, text) => {
        const attribute = new ProtobufWriter().string(1, text).int(3, value).ints(8, [value, 0]);
        const bytes = new ProtobufWriter().strings(1, [text, '']).message(5, attribute).toBytes();
        const { input, attribute: read } = fromBinary(NodeProtoSchema, bytes);
        const clean = new TextDecoder().decode(new TextEncoder().encode(text));
        expect(input).toEqual([clean, '']);
        expect(read[0]).toMatchObject({ name: clean, i: BigInt(value), ints: [BigInt(value), 0n] });
      }),
    );
  });

  it('rounds floats to single precision', () => {
    const bytes = new ProtobufWriter().message(5, new ProtobufWriter().floats(7, [0.1, -0])).toBytes();
    const [{ floats }] = fromBinary(NodeProtoSchema, bytes).attribute;
    expect(floats).toEqual([Math.fround(0.1), -0]);
  });
});
