// Small ONNX models for tests, written by hand as other programs would write them.
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from '../gen/onnx_pb.js';

type ModelInit = MessageInitShape<typeof ModelProtoSchema>;

/** A tensor input or output; a string is the name of an open size, '' an open size without a name. */
export function info(name: string, shape: readonly (number | string)[], elemType = 1) {
  const dim = shape.map((d) => (typeof d === 'string' ? { dimParam: d } : { dimValue: BigInt(d) }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

/** float32 values as a tensor of the file. */
export function weights(name: string, dims: readonly number[], values: readonly number[]) {
  const rawData = new Uint8Array(Float32Array.from(values).buffer);
  return { name, dims: dims.map(BigInt), dataType: 1, rawData };
}

/** `y = x w + b`: x [batch, 2], w [2, 3], b in `float_data`. */
export const LINEAR = {
  name: 'linear',
  node: [
    { opType: 'MatMul', name: 'product', input: ['x', 'w'], output: ['xw'] },
    { opType: 'Add', name: 'sum', input: ['xw', 'b'], output: ['y'] },
  ],
  initializer: [
    weights('w', [2, 3], [1, 2, 3, 4, 5, 6]),
    { name: 'b', dims: [3n], dataType: 1, floatData: [10, 20, 30] },
  ],
  input: [info('x', ['batch', 2])],
  output: [info('y', ['batch', 3])],
};

/** The bytes of a model with this graph, whose fields are those of the format. */
export function onnxBytes(graph: object, fields: object = {}): Uint8Array {
  const model = { irVersion: 8n, producerName: 'test', opsetImport: [{ domain: '', version: 17n }], graph, ...fields };
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, model as ModelInit));
}
