// What `contrapposto models info FILE.onnx` says.
import type { OnnxValue } from '../graph/index.js';
import { readOnnx } from '../graph/onnx/read-onnx.js';
import type { CommandResult } from './execute.js';

/** Inputs, outputs, operators and size of an ONNX file. Throws as `readOnnx`. */
export function onnxInfo(path: string): CommandResult {
  const { name, producer, opset, inputs, outputs, operators, parameters, dimensions } = readOnnx(path);
  const lines = [
    `${name}  ONNX, operator set ${opset}  ${(parameters / 1e6).toFixed(1)} M parameters${producer && `  by ${producer}`}`,
    ...inputs.map((value) => `  input   ${described(value)}`),
    ...outputs.map((value) => `  output  ${described(value)}`),
    `  operators  ${[...operators].map(([operator, count]) => `${operator} ${count}`).join(', ')}`,
    ...(dimensions.length > 0 ? [`  open sizes  ${dimensions.join(', ')}`] : []),
  ];
  const json = { name, path, format: 'onnx', producer, opset, parameters, inputs, outputs, dimensions };
  return { json: { ...json, operators: Object.fromEntries(operators) }, text: lines.join('\n') };
}

function described({ name, dtype, shape }: OnnxValue): string {
  return `${name}  ${dtype} ${shape ? `[${shape.join(', ')}]` : 'of any shape'}`;
}
