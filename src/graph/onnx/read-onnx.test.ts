// Foreign ONNX files: what is read of them, that they run, and that hostile ones end in one clear error.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ContrappostoError } from '../../core/errors.js';
import { float32, floats } from '../../core/tensor.js';
import { createRuntime } from '../../runtime/index.js';
import { readOnnx } from './read-onnx.js';
import { info, LINEAR, onnxBytes, weights } from './test-models.js';

const scratch = mkdtempSync(join(tmpdir(), 'onnx-'));
const runtime = createRuntime({ threads: 1 });
afterAll(async () => {
  await runtime.close();
  rmSync(scratch, { recursive: true, force: true });
});

const model = join(scratch, 'model', 'linear.onnx');
mkdirSync(join(scratch, 'model'));
writeFileSync(join(scratch, 'secret.bin'), new Uint8Array(24));
writeFileSync(join(scratch, 'model', 'short.bin'), new Uint8Array(20));

/** The linear model with `w` in a file of its own. */
function external(entries: Record<string, string | number>): Uint8Array {
  const externalData = Object.entries(entries).map(([key, value]) => ({ key, value: String(value) }));
  const w = { name: 'w', dims: [2n, 3n], dataType: 1, dataLocation: 1, externalData };
  return onnxBytes({ ...LINEAR, initializer: [w, LINEAR.initializer[1]] });
}

describe('readOnnx', () => {
  it('says what a model takes, gives and is made of', () => {
    expect(readOnnx(onnxBytes(LINEAR))).toMatchObject({
      name: 'linear',
      producer: 'test',
      opset: 17,
      inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 2] }],
      outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 3] }],
      operators: new Map([
        ['Add', 1],
        ['MatMul', 1],
      ]),
      parameters: 9,
      dimensions: ['batch'],
    });
  });

  it('runs for any size of what is open', async () => {
    const read = readOnnx(onnxBytes(LINEAR));
    for (const batch of [1, 3]) {
      const session = await runtime.foreignSession(read.bind({ batch }));
      const { y } = await session.run({ x: float32(new Float32Array(2 * batch).fill(1), [batch, 2]) });
      expect([y.shape, [...floats(y)].slice(-3)]).toEqual([
        [batch, 3],
        [15, 27, 39],
      ]);
      await expect(session.run({ x: float32([1, 1], [2, 1]) })).rejects.toThrow(`input "x" float32 [${batch},2]`);
      await session.release();
    }
  });

  it('reads data outside the file, from the offset that it names', async () => {
    const data = new Float32Array([0, 0, 1, 2, 3, 4, 5, 6]);
    writeFileSync(join(scratch, 'model', 'linear.data'), new Uint8Array(data.buffer));
    writeFileSync(model, external({ location: 'linear.data', offset: 8, length: 24 }));
    const bound = readOnnx(model).bind({ batch: 1 });
    for (let i = 0; i < 2; i++) {
      const session = await runtime.foreignSession(bound);
      expect([...floats((await session.run({ x: float32([1, 1], [1, 2]) })).y)]).toEqual([15, 27, 39]);
    }
    expect(() => readOnnx(external({ location: 'linear.data' }))).toThrow(/give the path of the file/);
  });

  it('gives open sizes without a name one', () => {
    const graph = { ...LINEAR, input: [info('x', ['', 2])] };
    expect(readOnnx(onnxBytes(graph)).dimensions).toEqual(['x.0']);
    expect(readOnnx(onnxBytes(graph)).bind({ 'x.0': 4 }).inputs.get('x')?.shape).toEqual([4, 2]);
  });

  it('runs branches, which read what is around them', async () => {
    const branch = (op: string) => ({
      name: op,
      node: [{ opType: op, input: ['x', 'one'], output: ['result'] }],
      output: [info('result', [2])],
    });
    const attribute = [
      { name: 'then_branch', type: 5, g: branch('Add') },
      { name: 'else_branch', type: 5, g: branch('Sub') },
    ];
    const graph = {
      name: 'branches',
      node: [{ opType: 'If', input: ['up'], output: ['y'], attribute }],
      initializer: [weights('one', [2], [1, 1])],
      input: [info('x', [2]), info('up', [], 9)],
      output: [info('y', [2])],
    };
    const read = readOnnx(onnxBytes(graph));
    expect([...read.operators.keys()]).toEqual(['Add', 'If', 'Sub']);
    const session = await runtime.foreignSession(read.bind());
    for (const up of [1, 0]) {
      const feeds = { x: float32([5, 6], [2]), up: { dtype: 'bool' as const, shape: [], data: Uint8Array.of(up) } };
      expect([...floats((await session.run(feeds)).y)]).toEqual(up ? [6, 7] : [4, 5]);
    }
  });
});

describe('a hostile or foreign file', () => {
  const graph = (changes: object) => onnxBytes({ ...LINEAR, ...changes });
  const [product, sum] = LINEAR.node;
  const [w, b] = LINEAR.initializer;
  const nested = (depth: number): object =>
    depth === 0 ? LINEAR : { node: [{ opType: 'If', attribute: [{ name: 'g', type: 5, g: nested(depth - 1) }] }] };
  const loop = [
    { opType: 'Add', name: 'first', input: ['x', 'later'], output: ['early'] },
    { opType: 'Relu', name: 'second', input: ['early'], output: ['later'] },
    { opType: 'Relu', input: ['later'], output: ['y'] },
  ];
  it.each<[string, Uint8Array, string, RegExp]>([
    ['nothing', new Uint8Array(), 'corrupt-file', /expected an ONNX model/],
    ['text', new TextEncoder().encode('this is no model at all'), 'corrupt-file', /expected an ONNX model/],
    ['a cut file', onnxBytes(LINEAR).subarray(0, 60), 'corrupt-file', /expected an ONNX model/],
    ['a model without nodes', onnxBytes({ name: 'empty' }), 'corrupt-file', /expected an ONNX model/],
    ['graphs in graphs without end', onnxBytes(nested(200)), 'corrupt-file', /expected an ONNX model/],
    [
      'an old operator set',
      onnxBytes(LINEAR, { opsetImport: [{ version: 5n }] }),
      'unsupported',
      /from 7 to \d+, got 5/,
    ],
    ['an operator set of the future', onnxBytes(LINEAR, { opsetImport: [{ version: 99n }] }), 'unsupported', /got 99/],
    ['no operator set', onnxBytes(LINEAR, { opsetImport: [] }), 'unsupported', /operator set.*got none/],
    ['another IR', onnxBytes(LINEAR, { irVersion: 99n }), 'unsupported', /IR version.*got 99/],
    ['functions', onnxBytes(LINEAR, { functions: [{ name: 'f', domain: 'd' }] }), 'unsupported', /functions.*d\.f/],
    [
      'custom operators',
      graph({ node: [{ ...product, domain: 'my.ops' }, sum] }),
      'unsupported',
      /got my\.ops\.MatMul/,
    ],
    ['a cycle', graph({ node: loop }), 'corrupt-file', /"first" \(Add\) waits for its own result/],
    ['a value from nowhere', graph({ node: [sum] }), 'corrupt-file', /"sum" \(Add\).*"xw", which nothing produces/],
    ['two producers', graph({ node: [product, product, sum] }), 'corrupt-file', /two of "xw"/],
    ['an output from nowhere', graph({ output: [info('z', [1])] }), 'corrupt-file', /the output "z"/],
    [
      'too few bytes',
      graph({ initializer: [{ ...w, dims: [2n, 4n] }, b] }),
      'corrupt-file',
      /"w": expected 32 bytes.*24/,
    ],
    [
      'too few values',
      graph({ initializer: [w, { ...b, dims: [4n] }] }),
      'corrupt-file',
      /"b": expected 4 values.*got 3/,
    ],
    [
      'huge dimensions',
      graph({ initializer: [{ ...w, dims: [2n ** 40n, 2n ** 40n] }, b] }),
      'corrupt-file',
      /dimensions/,
    ],
    ['negative dimensions', graph({ initializer: [{ ...w, dims: [-2n, -3n] }, b] }), 'corrupt-file', /dimensions/],
    ['an unknown element type', graph({ initializer: [{ ...w, dataType: 77 }, b] }), 'corrupt-file', /number 77/],
    ['strings as input', graph({ input: [info('x', [1], 8)] }), 'unsupported', /input "x".*got string/],
    ['two inputs of one name', graph({ input: [info('x', [1]), info('x', [1])] }), 'corrupt-file', /two of that name/],
  ])('is refused: %s', (_, bytes, code, message) => {
    const read = () => readOnnx(bytes);
    expect(read).toThrow(ContrappostoError);
    expect(read).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });

  it.each<[string, Record<string, string | number>, RegExp]>([
    ['a parent folder', { location: '../secret.bin' }, /in the folder of the model.*"\.\.\/secret\.bin"/],
    ['a hidden parent', { location: 'a/../../secret.bin' }, /in the folder of the model/],
    ['a root', { location: join(scratch, 'secret.bin') }, /in the folder of the model/],
    ['another system’s root', { location: 'C:\\secret.bin' }, /in the folder of the model/],
    ['another system’s parent', { location: '..\\secret.bin' }, /in the folder of the model/],
    ['no name', {}, /in the folder of the model/],
    ['another length', { location: 'short.bin', length: 23 }, /24 bytes.*got 23/],
    ['a negative offset', { location: 'short.bin', offset: -8 }, /whole offset.*"-8"/],
    ['a short file', { location: 'short.bin' }, /short\.bin.*24 bytes.*got 20/],
    ['a file that is not there', { location: 'none.bin' }, /none\.bin/],
    ['a folder', { location: '.' }, /a folder/],
  ])('is refused with data in %s', (_, entries, message) => {
    writeFileSync(model, external(entries));
    expect(() => readOnnx(model).bind({ batch: 1 })).toThrow(message);
  });

  it('is refused with tensors over each other', () => {
    writeFileSync(join(scratch, 'model', 'long.bin'), new Uint8Array(64));
    const tensor = (name: string, offset: number) => ({
      ...{ name, dims: [2n, 3n], dataType: 1, dataLocation: 1 },
      externalData: Object.entries({ location: 'long.bin', offset: `${offset}` }).map(([key, value]) => ({
        key,
        value,
      })),
    });
    const bytes = (second: number) => onnxBytes({ ...LINEAR, initializer: [tensor('w', 0), b, tensor('v', second)] });
    writeFileSync(model, bytes(4));
    expect(() => readOnnx(model).bind({ batch: 1 })).toThrow(/two over each other in "long.bin"/);
    for (const fine of [0, 24]) {
      writeFileSync(model, bytes(fine));
      expect(readOnnx(model).bind({ batch: 1 }).external.length).toBe(fine === 0 ? 64 : 128);
    }
  });

  it('is refused with sizes that are missing, unknown or absurd', () => {
    const read = readOnnx(onnxBytes(LINEAR));
    expect(() => read.bind()).toThrow(/a size for batch.*\{ "batch": 1 \}/s);
    expect(() => read.bind({ batch: 1, width: 2 })).toThrow(/sizes of batch alone, got "width"/);
    expect(() => read.bind({ batch: 0 })).toThrow(/whole batch above 0/);
    expect(() => read.bind({ batch: 1e12 })).toThrow(expect.objectContaining({ code: 'limit' }));
  });

  it('is refused by name when ONNX Runtime has not its operator', async () => {
    const unknown = readOnnx(graph({ node: [{ ...product, opType: 'Teleport' }, sum] })).bind({ batch: 1 });
    await expect(runtime.foreignSession(unknown)).rejects.toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringMatching(/Teleport/) }),
    );
  });
});
