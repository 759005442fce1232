// Damaged files of every kind that users hand to the program: each is refused with our error, or opens as what it says.
// CONTRAPPOSTO_FUZZ=10000 for the whole of it; a tenth otherwise.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ContrappostoError, type ErrorCode } from '../../src/core/errors.js';
import { encodePng, readImage, readPngText } from '../../src/core/image.js';
import { BYTES_PER_ELEMENT, float32, sizeOf } from '../../src/core/tensor.js';
import { runRecordFromPngText } from '../../src/diffusion/run-record.js';
import { readOnnx } from '../../src/graph/onnx/read-onnx.js';
import { LINEAR, onnxBytes } from '../../src/graph/onnx/test-models.js';
import { openAutoencoder, parseClipTextConfig, parseUNet2DConditionConfig } from '../../src/models/index.js';
import { createRuntime } from '../../src/runtime/index.js';
import {
  encodeSafetensors,
  openCheckpoint,
  openSafetensors,
  openTokenizer,
  packTensors,
} from '../../src/weights/index.js';
import { openLora } from '../../src/weights/lora/lora-file.js';
import { mutate } from './mutate.js';

const TOTAL = Number(process.env['CONTRAPPOSTO_FUZZ'] ?? 1000);
const scratch = mkdtempSync(join(tmpdir(), 'fuzz-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** One damaged file may take this long; far more than any needs, so that only a hang reaches it. */
const HANG_MS = 10_000;
const REFUSALS: ErrorCode[] = ['corrupt-file', 'unsupported', 'invalid-input', 'limit', 'not-found', 'shape'];

/** Opens `count` damaged copies; `open` throws for a wrong success. Returns how many were refused. */
async function fuzz(
  intact: Uint8Array,
  { count, open }: { count: number; open: (bytes: Uint8Array) => unknown },
): Promise<number> {
  await open(intact);
  let refused = 0;
  for (let seed = 0; seed < count; seed++) {
    const bytes = mutate(intact, seed);
    const startMs = performance.now();
    try {
      await open(bytes);
    } catch (error) {
      if (!(error instanceof ContrappostoError)) throw new Error(`seed ${seed}: ${(error as Error)?.stack}`);
      expect(REFUSALS, `seed ${seed}: ${error.message}`).toContain(error.code);
      refused++;
    }
    expect(performance.now() - startMs, `seed ${seed} hangs`).toBeLessThan(HANG_MS);
  }
  return refused;
}

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

it('safetensors', async () => {
  const tensors = {
    weight: float32([1, 2, 3, 4, 5, 6], [2, 3]),
    bias: float32([1, 2], [2]),
    half: float32([1, 2, 3], [3]),
  };
  const format = (name: string) => (name === 'weight' ? 'int8' : name === 'half' ? 'float16' : 'float32');
  const intact = encodeSafetensors(packTensors(tensors, format), { metadata: { format: 'pt' } });
  const open = (bytes: Uint8Array) => {
    const file = openSafetensors(bytes);
    let total = 0;
    for (const name of file.names()) {
      const raw = file.rawRead(name);
      expect(raw.data.byteLength).toBe(sizeOf(raw.shape) * BYTES_PER_ELEMENT[raw.dtype]);
      expect(file.read(name).data.length).toBe(sizeOf(file.info(name).shape));
      total += raw.data.byteLength;
    }
    expect(total).toBeLessThanOrEqual(bytes.length);
  };
  expect(await fuzz(intact, { count: TOTAL * 0.3, open })).toBeGreaterThan(TOTAL * 0.1);
});

it('LoRA files', async () => {
  const key = 'lora_unet_mid_block_attentions_0_proj_in';
  const intact = encodeSafetensors(
    {
      [`${key}.lora_down.weight`]: float32([1, 2, 3, 4], [2, 2]),
      [`${key}.lora_up.weight`]: float32([1, 2, 3, 4, 5, 6], [3, 2]),
      [`${key}.alpha`]: float32([2], []),
    },
    { metadata: { lora_adapter_metadata: '{"unet.lora_alpha":4,"unet.alpha_pattern":{"to_q":2}}' } },
  );
  const path = join(scratch, 'lora.safetensors');
  const open = (bytes: Uint8Array) => {
    writeFileSync(path, bytes);
    const lora = openLora(path);
    try {
      for (const { downShape, upShape, scale, read } of lora.layers) {
        const { down, up } = read();
        expect([down.length, up.length]).toEqual([sizeOf(downShape), sizeOf(upShape)]);
        expect(Number.isFinite(scale)).toBe(true);
      }
    } finally {
      lora.close();
    }
  };
  expect(await fuzz(intact, { count: TOTAL * 0.1, open })).toBeGreaterThan(0);
});

it('single-file checkpoints and shards', async () => {
  const intact = json({ metadata: {}, weight_map: { a: 'model-1.safetensors', b: 'model-1.safetensors' } });
  const unet = join(scratch, 'checkpoint', 'unet');
  mkdirSync(unet, { recursive: true });
  writeFileSync(join(unet, 'config.json'), '{}');
  writeFileSync(join(unet, 'model-1.safetensors'), encodeSafetensors({ a: float32([1], [1]), b: float32([2], [1]) }));
  const open = (bytes: Uint8Array) => {
    writeFileSync(join(unet, 'model.safetensors.index.json'), bytes);
    const checkpoint = openCheckpoint(join(scratch, 'checkpoint'));
    try {
      const { weights } = checkpoint.component('unet');
      for (const name of weights.names()) expect(weights.read(name).data.length).toBe(1);
    } finally {
      checkpoint.close();
    }
  };
  expect(await fuzz(intact, { count: TOTAL * 0.1, open })).toBeGreaterThan(0);
  const single = encodeSafetensors({ 'model.diffusion_model.input_blocks.0.0.weight': float32([1], [1]) });
  writeFileSync(join(scratch, 'single.safetensors'), single);
  expect(() => openCheckpoint(join(scratch, 'single.safetensors'))).toThrow(ContrappostoError);
});

it('ONNX files', async () => {
  const path = join(scratch, 'model.onnx');
  writeFileSync(join(scratch, 'model.data'), new Uint8Array(64));
  const externalData = Object.entries({ location: 'model.data', offset: '8', length: '24' }).map(([key, value]) => ({
    key,
    value,
  }));
  const elsewhere = { name: 'w', dims: [2n, 3n], dataType: 1, dataLocation: 1, externalData };
  const runtime = createRuntime({ threads: 1 });
  const open = async (bytes: Uint8Array) => {
    writeFileSync(path, bytes);
    const model = readOnnx(path);
    const bound = model.bind(Object.fromEntries(model.dimensions.map((name) => [name, 1])));
    expect(bound.external.length).toBeLessThanOrEqual(128);
    for (const { dtype, shape } of bound.inputs.values()) {
      expect(sizeOf(shape) * BYTES_PER_ELEMENT[dtype]).toBeLessThanOrEqual(2 ** 31);
    }
    await (await runtime.foreignSession(bound)).release();
  };
  for (const initializer of [LINEAR.initializer, [elsewhere, LINEAR.initializer[1]]]) {
    expect(await fuzz(onnxBytes({ ...LINEAR, initializer }), { count: TOTAL * 0.05, open })).toBeGreaterThan(0);
  }
  await runtime.close();
});

it('tokenizer files', async () => {
  const words = ['a', 'b', 'c', 'a</w>', 'b</w>', 'c</w>', 'ab</w>', '<|startoftext|>', '<|endoftext|>'];
  const files: Record<string, Uint8Array> = {
    'vocab.json': json(Object.fromEntries(words.map((word, id) => [word, id]))),
    'merges.txt': new TextEncoder().encode('#version: 0.2\na b</w>\n'),
    'tokenizer_config.json': json({
      model_max_length: 8,
      bos_token: { content: '<|startoftext|>' },
      pad_token: 'a',
      unk_token: 'b',
    }),
    'special_tokens_map.json': json({ eos_token: '<|endoftext|>' }),
  };
  const folder = join(scratch, 'tokenizer');
  mkdirSync(folder);
  let refused = 0;
  for (const [name, intact] of Object.entries(files)) {
    for (const [other, bytes] of Object.entries(files)) writeFileSync(join(folder, other), bytes);
    const open = (bytes: Uint8Array) => {
      writeFileSync(join(folder, name), bytes);
      const tokenizer = openTokenizer(folder);
      const { ids, attentionMask } = tokenizer.encode('ab c äöü');
      expect(ids.length).toBe(tokenizer.modelMaxLength);
      expect(attentionMask.length).toBe(ids.length);
      expect(ids.every((id) => Number.isInteger(id) && id >= 0 && id < tokenizer.vocabSize)).toBe(true);
    };
    refused += await fuzz(intact, { count: TOTAL * 0.05, open });
  }
  expect(refused).toBeGreaterThan(0);
});

it('configurations of networks', async () => {
  const configs: [object, (config: unknown) => unknown][] = [
    [
      {
        block_out_channels: [32, 64],
        down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
        up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
        attention_head_dim: [4, 8],
        cross_attention_dim: 32,
        sample_size: [16, 16],
        norm_eps: 1e-5,
        mid_block_type: null,
      },
      parseUNet2DConditionConfig,
    ],
    [
      {
        _class_name: 'AutoencoderKL',
        block_out_channels: [16, 32],
        down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D'],
        up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D'],
        norm_num_groups: 8,
        scaling_factor: 0.18,
      },
      openAutoencoder,
    ],
    [
      {
        architectures: ['CLIPTextModel'],
        vocab_size: 10,
        hidden_size: 32,
        intermediate_size: 64,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        hidden_act: 'gelu',
      },
      parseClipTextConfig,
    ],
  ];
  const folder = join(scratch, 'configs', 'part');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.safetensors'), encodeSafetensors({ a: float32([1], [1]) }));
  for (const [config, parse] of configs) {
    const open = (bytes: Uint8Array) => {
      writeFileSync(join(folder, 'config.json'), bytes);
      const checkpoint = openCheckpoint(join(scratch, 'configs'));
      try {
        const parsed = parse(checkpoint.component('part').config);
        for (const value of Object.values(parsed as object))
          if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
      } finally {
        checkpoint.close();
      }
    };
    expect(await fuzz(json(config), { count: TOTAL * 0.05, open })).toBeGreaterThan(0);
  }
});

let png: Uint8Array;
beforeAll(async () => {
  const data = Uint8Array.from({ length: 16 * 12 * 3 }, (_, i) => (i * 37) & 255);
  const record = {
    schema: 1,
    method: 'sd',
    prompt: 'a',
    negative_prompt: '',
    seed: 1,
    steps: 2,
    guidance_scale: 7,
    scheduler: 'ddim',
    width: 64,
    height: 64,
    model: { name: 'mini', fingerprint: 'f' },
    software: {},
  };
  png = await encodePng(
    { widthPx: 16, heightPx: 12, data },
    { text: { contrapposto: JSON.stringify(record), ü: '自' } },
  );
});

it('PNG pixels', async () => {
  const open = async (bytes: Uint8Array) => {
    const { widthPx, heightPx, data } = await readImage(bytes, { maxPixels: 1e6 });
    expect(data.length).toBe(widthPx * heightPx * 3);
    expect(widthPx * heightPx).toBeLessThanOrEqual(1e6);
  };
  expect(await fuzz(png, { count: TOTAL * 0.1, open })).toBeGreaterThan(0);
});

it('PNG settings', async () => {
  const open = (bytes: Uint8Array) => {
    const record = runRecordFromPngText(readPngText(bytes), 'test');
    expect([typeof record.prompt, typeof record.seed, typeof record.model.name]).toEqual([
      'string',
      'number',
      'string',
    ]);
  };
  expect(await fuzz(png, { count: TOTAL * 0.05, open })).toBeGreaterThan(0);
});
