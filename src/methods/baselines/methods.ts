// The comparators as methods of `contrapposto generate`.
import { ContrappostoError } from '../../core/errors.js';
import { CANVAS, type CanvasBox } from '../../diffusion/attention-control/index.js';
import type { GeneratedImage } from '../../diffusion/generation-settings.js';
import type { Pipeline } from '../../diffusion/pipeline.js';
import { textToImage } from '../../diffusion/text-to-image.js';
import type { Box } from '../../pose/person.js';
import type { Method, MethodPicture, MethodRequest } from '../method.js';
import { analysePrompt } from '../record/prompt-analysis.js';
import { attendExcite } from './attend-excite.js';
import { boxDiff } from './boxdiff.js';
import { SAMPLING } from './defaults.js';
import { type Layout, layoutFor } from './layout.js';
import { lmd } from './lmd.js';
import { multiDiffusion } from './multidiffusion.js';
import { type PlacedPhrase, promptPhrases } from './placed-phrases.js';

export const attendExciteMethod: Method = {
  key: 'attend-excite',
  about: 'Attend-and-Excite: everything that the prompt names must be attended to somewhere',
  defaults: SAMPLING,
  takes: [],
  async generate(pipeline, request) {
    const [picture] = await attendExcite(pipeline, sampled(request));
    const { phrases } = promptPhrases('attend-excite', request.prompt, pipeline.tokenizer);
    return { ...picture, report: { words: phrases.map(({ noun }) => noun) } };
  },
};

export const boxDiffMethod = layoutMethod({
  key: 'boxdiff',
  about: 'BoxDiff: attention to everything that the prompt names is drawn into its box',
  async draw(pipeline, request, placed) {
    const boxes = placed.map(({ box }) => box);
    const tokens = placed.map(({ token }) => token);
    return (await boxDiff(pipeline, { ...sampled(request), boxes, tokens }))[0];
  },
});

export const multiDiffusionMethod = layoutMethod({
  key: 'multidiffusion',
  about: 'MultiDiffusion: each box is denoised with a prompt of its own',
  draw(pipeline, request, placed) {
    refuseNetworks('multidiffusion', request);
    const { verbText } = analysePrompt(request.prompt);
    const regions = placed.map(({ kind, phrase, box }) => ({
      prompt: kind === 'subject' && verbText ? `${phrase} ${verbText}` : phrase,
      box,
    }));
    return multiDiffusion(pipeline, { ...sampled(request), regions });
  },
});

export const lmdMethod = layoutMethod({
  key: 'lmd',
  about: 'LLM-grounded diffusion: everything is drawn alone, and composed in its box',
  draw(pipeline, request, placed) {
    refuseNetworks('lmd', request);
    return lmd(pipeline, { ...sampled(request), objects: placed });
  },
});

interface LayoutMethod {
  key: string;
  about: string;
  draw(pipeline: Pipeline, request: MethodRequest, placed: readonly PlacedPhrase[]): Promise<GeneratedImage>;
}

function layoutMethod({ key, about, draw }: LayoutMethod): Method {
  return {
    key,
    about,
    defaults: SAMPLING,
    takes: ['boxes', 'agent'],
    placesSubject: true,
    async generate(pipeline, request) {
      const layout = await layoutFor(key, pipeline, request);
      if (layout.placed.length > 0) return reported(await draw(pipeline, request, layout.placed), layout);
      request.onProgress?.({ type: 'warning', message: `${key}: nothing has a box; the picture is a plain one` });
      const [plain] = await textToImage(pipeline, { ...SAMPLING, ...sampled(request) });
      return reported(plain, layout);
    },
  };
}

/** The options of plain sampling. */
function sampled({ boxes: _, agent, candidates, modules, preset, longPrompts, ...options }: MethodRequest) {
  return options;
}

const COLOURS = ['#5ddc6a', '#ff4a4a', '#4aa3ff', '#ffc94a'];

function reported(picture: GeneratedImage, { placed, source }: Layout): MethodPicture {
  const { image } = picture;
  const inPixels = (box: CanvasBox) =>
    box.map((v, i) => (v * (i % 2 === 0 ? image.widthPx : image.heightPx)) / CANVAS) as unknown as Box;
  const boxes = placed.map(({ box }, i) => ({ box: inPixels(box), colour: COLOURS[i % COLOURS.length] }));
  return {
    ...picture,
    report: { layout: { source, boxes: placed.map(({ noun, box }) => ({ word: noun, box: inPixels(box) })) } },
    layout: placed.map(({ noun, kind, box }) => ({ word: noun, role: kind, box: inPixels(box) })),
    stages: [
      { caption: 'layout', image, boxes },
      { caption: 'result', image },
    ],
  };
}

function refuseNetworks(key: string, { controls, adapters }: MethodRequest): void {
  if (!controls?.length && !adapters?.length) return;
  throw new ContrappostoError('unsupported', {
    operation: `--method ${key}`,
    expected: 'a run without ControlNets and adapters',
    got: 'one with them',
    hint: 'use --method sd',
  });
}
