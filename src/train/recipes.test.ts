// The exported recipes: sizes within their bounds, and every variant named.
import { describe, expect, it } from 'vitest';
import { sizeOf } from '../core/tensor.js';
import { liveParameters } from '../graph/index.js';
import { miniClipRecipe } from './mini-clip/recipe.js';
import { MINI_CLIP } from './mini-clip/settings.js';
import { miniSdRecipe } from './mini-sd/recipe.js';
import { MINI, withLatentChannels } from './mini-sd/settings.js';
import type { Recipe } from './training-export.js';

/** Parameters whose names begin with the prefix, over all graphs of a recipe. */
function parameters(recipe: Recipe, prefix: string): number {
  const shapes = new Map<string, readonly number[]>();
  for (const graph of Object.values(recipe.graphs)) {
    for (const p of liveParameters(graph)) if (p.name.startsWith(prefix)) shapes.set(p.name, p.shape);
  }
  return [...shapes.values()].reduce((n, shape) => n + sizeOf(shape), 0);
}

const vocabulary = { vocabulary: 1400, start: 1, end: 2 };
const empty = Array.from({ length: MINI.promptTokens }, () => 2);
const size = { seconds: 1, steps: null, batch: 2 };

function miniSd(latentChannels: number): Recipe {
  return miniSdRecipe({
    settings: withLatentChannels(MINI, latentChannels),
    vocabulary,
    emptyPrompt: empty,
    gridPrompts: [empty, empty],
    autoencoder: size,
    denoiser: size,
    heldOutRows: 4,
  });
}

describe('recipes', () => {
  it.each([4, 8])('keeps mini-sd with %i latent channels within the sizes of the design', (channels) => {
    const recipe = miniSd(channels);
    expect(recipe.plan.name).toBe(channels === 4 ? 'mini-sd' : 'mini-sd-8');
    expect(parameters(recipe, 'vae.')).toBeLessThanOrEqual(2.5e6);
    expect(parameters(recipe, 'unet.')).toBeLessThanOrEqual(18e6);
    expect(JSON.parse(recipe.files['configs/vae/config.json'])).toMatchObject({ latent_channels: channels });
    expect(recipe.graphs['denoiser-loss.onnx'].inputs.get('latents')?.shape).toEqual([2, channels, 32, 32]);
  });

  it('keeps the scorer and the text encoder within 6 M parameters together', () => {
    const scorer = miniClipRecipe({ settings: MINI_CLIP, vocabulary, size, heldOutRows: 4 });
    const together = parameters(scorer, 'clip.') + parameters(miniSd(4), 'text_encoder.');
    expect(together).toBeGreaterThan(5e6);
    expect(together).toBeLessThanOrEqual(6e6);
  });
});
