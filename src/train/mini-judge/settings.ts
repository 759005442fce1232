// Sizes of the judge, and of a toy with the same structure for tests on a CPU.
import type { JudgeConfig } from '../../models/index.js';
import { WHOLEBODY } from '../../pose/formats.js';

/** What the judge's graphs are built from. */
export interface JudgeSettings {
  name: string;
  /** Picture side in pixels. */
  pictureSize: number;
  network: Pick<JudgeConfig, 'stem_channels' | 'channels' | 'blocks' | 'decoder_channels' | 'norm_groups'>;
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Body, feet and both hands of the 133 points; in a full figure a whole face is smaller than a few cells of a heat map. */
export const JUDGED_POINTS: readonly number[] = upTo(WHOLEBODY.count).filter(
  (i) => i < WHOLEBODY.face.start || i >= WHOLEBODY.face.end,
);

/** 256 x 256 pixels, 3.6 M parameters. */
export const MINI_JUDGE: JudgeSettings = {
  name: 'mini-judge',
  pictureSize: 256,
  network: {
    stem_channels: 32,
    channels: [64, 128, 192, 256],
    blocks: [2, 2, 2, 1],
    decoder_channels: 96,
    norm_groups: 16,
  },
};

/** 64 x 64 pixels and a few thousand parameters. */
export const TOY_JUDGE: JudgeSettings = {
  name: 'toy-judge',
  pictureSize: 64,
  network: { stem_channels: 8, channels: [16, 32], blocks: [1, 1], decoder_channels: 16, norm_groups: 8 },
};

/** The judge's `config.json` for the triplets that the data holds. */
export function judgeConfig(settings: JudgeSettings, triplets: JudgeConfig['triplets']): JudgeConfig {
  return {
    architectures: ['Judge'],
    picture_size: settings.pictureSize,
    ...settings.network,
    keypoints: [...JUDGED_POINTS],
    triplets,
  };
}
