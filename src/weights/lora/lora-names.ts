// How LoRA files name what belongs together: kohya's and diffusers' (PEFT's and older) keys taken apart.
import { ContrappostoError } from '../../core/errors.js';

export type LoraComponent = 'unet' | 'text_encoder' | 'text_encoder_2';
export type LoraRole = 'down' | 'up' | 'alpha';

export interface LoraKey {
  component: LoraComponent;
  /** The module that is changed; with kohya's names dots are underscores, so that it has to be matched. */
  module: string;
  flat: boolean;
  role: LoraRole;
}

const KOHYA: Readonly<Record<string, LoraComponent>> = {
  lora_unet: 'unet',
  lora_te: 'text_encoder',
  lora_te1: 'text_encoder',
  lora_te2: 'text_encoder_2',
};

/** What is behind the module's name; the first that fits counts. */
const ENDINGS: readonly (readonly [RegExp, LoraRole])[] = [
  [/\.lora_A(\.\w+)?\.weight$/, 'down'],
  [/\.lora_B(\.\w+)?\.weight$/, 'up'],
  [/\.lora(_linear_layer)?\.down\.weight$/, 'down'],
  [/\.lora(_linear_layer)?\.up\.weight$/, 'up'],
  [/_lora\.down\.weight$/, 'down'],
  [/_lora\.up\.weight$/, 'up'],
  [/(\.lora)?\.alpha$/, 'alpha'],
];

/** Takes a key apart; undefined when it is none of a LoRA. Throws `unsupported` for relatives of LoRA. */
export function parseLoraKey(key: string, operation: string): LoraKey | undefined {
  refuseRelatives(key, operation);
  const kohya = /^(lora_unet|lora_te[12]?)_(.+)\.(lora_down\.weight|lora_up\.weight|alpha)$/.exec(key);
  if (kohya) {
    const role = kohya[3] === 'alpha' ? 'alpha' : kohya[3].startsWith('lora_up') ? 'up' : 'down';
    return { component: KOHYA[kohya[1]], module: kohya[2], flat: true, role };
  }
  const plain = key.replace(/^(base_model\.model\.)+/, '');
  const dotted = /^(unet|text_encoder|text_encoder_2)\.(.+)$/.exec(plain);
  if (!dotted) return undefined;
  const ending = ENDINGS.find(([pattern]) => pattern.test(dotted[2]));
  if (!ending) return undefined;
  const module = dotted[2]
    .replace(ending[0], '')
    .replace(/^base_model\.model\./, '')
    // Attention processors of old: `attn1.processor.to_q_lora` is `attn1.to_q`.
    .replace('.processor.', '.')
    .replace(/(attn\d)\.to_out$/, '$1.to_out.0')
    // Text encoders of that time: their attention was named as the UNet's.
    .replace(/self_attn\.to_(q|k|v)$/, 'self_attn.$1_proj')
    .replace(/self_attn\.to_out$/, 'self_attn.out_proj');
  return { component: dotted[1] as LoraComponent, module, flat: false, role: ending[1] };
}

/** Methods that change weights by another formula; read as LoRA they would do something else without a word. */
const RELATIVES: readonly (readonly [RegExp, string])[] = [
  [/\.dora_scale$|lora_magnitude_vector/, 'DoRA'],
  [/\.hada_w[12]_/, 'LoHa'],
  [/\.lokr_/, 'LoKr'],
  [/\.lora_mid\./, 'LoCon in Tucker form'],
  [/\.(diff|diff_b)$/, 'differences of whole weights'],
  [/\.(oft_|boft_|on_input$)/, 'another adapter than LoRA'],
];

function refuseRelatives(key: string, operation: string): void {
  const found = RELATIVES.find(([pattern]) => pattern.test(key));
  if (!found) return;
  throw new ContrappostoError('unsupported', {
    operation,
    expected: 'LoRA layers (down, up and alpha)',
    got: `${found[1]}, at ${JSON.stringify(key)}`,
    hint: 'use a plain LoRA, or a checkpoint with this adapter merged in',
  });
}
