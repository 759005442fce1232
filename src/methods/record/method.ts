// ReCorD as a method of `contrapposto generate`.
import { ContrappostoError } from '../../core/errors.js';
import type { Image } from '../../core/image.js';
import type { CaptionedPicture } from '../../core/picture-row.js';
import { CANVAS, type CanvasBox } from '../../diffusion/attention-control/index.js';
import type { Box } from '../../pose/person.js';
import type { GivenBox, IntendedBox, Method, MethodRequest } from '../method.js';
import { analysePrompt, type PromptAnalysis } from './prompt-analysis.js';
import { type RecordResult, record } from './record.js';
import { reportToJson } from './report-json.js';
import { RECORD_PRESETS, type RecordModule, type RecordPreset, SAMPLING } from './settings.js';

export const recordMethod: Method = {
  key: 'record',
  about: 'ReCorD: draws candidates, chooses the best pose, moves the object where it belongs, and draws again',
  defaults: SAMPLING,
  takes: ['boxes', 'agent', 'candidates', 'modules', 'preset'],
  check({ modules, preset }) {
    if (modules !== undefined) parseModules(modules);
    if (preset !== undefined) parsePreset(preset);
  },
  async generate(pipeline, request) {
    const { boxes, modules, preset, candidates, agent, ...options } = request;
    refuseNetworks(request);
    const result = await record(pipeline, {
      ...options,
      agent,
      boxes: boxesOf(analysePrompt(request.prompt), boxes ?? []),
      settings: {
        ...(candidates !== undefined && { candidates }),
        ...(modules !== undefined && { modules: parseModules(modules) }),
        ...(preset !== undefined && { preset: parsePreset(preset) }),
      },
    });
    const { image, latents, seed } = result;
    const report = reportToJson(result.report);
    return { image, latents, seed, report, layout: layoutOf(result), stages: stagesOf(result) };
  },
};

function refuseNetworks({ controls, adapters }: MethodRequest): void {
  if (!controls?.length && !adapters?.length) return;
  throw new ContrappostoError('unsupported', {
    operation: '--method record',
    expected: 'a run without ControlNets and adapters',
    got: 'one with them',
    hint: 'use --method sd',
  });
}

/** `GRC` or `G,R`; every letter once. */
function parseModules(text: string): RecordModule[] {
  const letters = text.toUpperCase().replace(/[\s,+]/g, '');
  if (/^[GRC]*$/.test(letters)) return [...new Set(letters)] as RecordModule[];
  throw new ContrappostoError('usage', {
    operation: '--modules',
    expected: 'some of G, R and C',
    got: `"${text}"`,
    hint: 'for example --modules GR: candidates and choice, without correction',
  });
}

function parsePreset(text: string): RecordPreset {
  const found = RECORD_PRESETS.find((name) => name === text);
  if (found) return found;
  throw new ContrappostoError('usage', {
    operation: '--preset',
    expected: RECORD_PRESETS.join(', '),
    got: `"${text}"`,
  });
}

/** One box an object of the prompt: by its word, else in order. */
function boxesOf({ prompt, objects }: PromptAnalysis, given: readonly GivenBox[]): (Box | undefined)[] {
  const placed: (Box | undefined)[] = objects.map(() => undefined);
  for (const { word, box } of given) {
    const named = word?.toLowerCase();
    const at = objects.findIndex(({ head, noun }, i) =>
      named === undefined ? placed[i] === undefined : head === named || noun === named,
    );
    if (at < 0) {
      throw new ContrappostoError('invalid-input', {
        operation: '--box',
        expected:
          objects.length > 0 ? `boxes for ${objects.map(({ noun }) => noun).join(', ')}` : 'an object in the prompt',
        got: `${word ?? 'one more box'} for "${prompt}"`,
      });
    }
    placed[at] = box;
  }
  return placed;
}

/** The boxes that were given or proposed, also where the object was there already. */
function layoutOf({ report, image }: RecordResult): IntendedBox[] {
  return report.layouts.flatMap(({ object, proposed }) =>
    proposed ? [{ word: object, role: 'object' as const, box: inPixels(proposed, image) }] : [],
  );
}

function inPixels(box: CanvasBox, { widthPx, heightPx }: Image): Box {
  const [x1, y1, x2, y2] = box;
  const [sx, sy] = [widthPx / CANVAS, heightPx / CANVAS];
  return [x1 * sx, y1 * sy, x2 * sx, y2 * sy];
}

const ORIGINAL = '#4aa3ff';
const PROPOSED = '#ff4a4a';
const PERSON = '#5ddc6a';

function stagesOf({ candidates, report, image, redrawn }: RecordResult): CaptionedPicture[] {
  const onPicture = (box: CanvasBox | null | undefined, colour: string) =>
    box ? [{ box: inPixels(box, image), colour }] : [];
  const drawn = candidates.map(({ image: picture, objectBoxes }, i) => ({
    caption: i === report.choice.index && candidates.length > 1 ? `candidate ${i + 1}, chosen` : `candidate ${i + 1}`,
    image: picture,
    boxes: objectBoxes.flatMap((box) => onPicture(box, ORIGINAL)),
  }));
  if (report.layouts.every(({ proposed }) => !proposed)) return [...drawn, { caption: 'result', image }];
  const layout = {
    caption: 'person, object before, after',
    image: candidates[report.choice.index].image,
    boxes: [
      ...onPicture(report.person?.box, PERSON),
      ...report.layouts.flatMap(({ original }) => onPicture(original, ORIGINAL)),
      ...report.layouts.flatMap(({ proposed }) => onPicture(proposed, PROPOSED)),
    ],
  };
  const boxes = report.layouts.flatMap(({ proposed }) => onPicture(proposed, PROPOSED));
  const corrected = redrawn ? [{ caption: 'corrected', image: redrawn, boxes }] : [];
  const kept = report.corrected ? [] : [{ caption: 'result: the candidate stays', image }];
  return [...drawn, layout, ...corrected, ...kept];
}
