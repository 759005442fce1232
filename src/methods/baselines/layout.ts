// Layouts for methods that need one: the user's boxes, or, as a stand-in for annotations and language models, the agent's.
import type { Agent } from '../../agents/agent.js';
import { ContrappostoError } from '../../core/errors.js';
import type { CanvasBox } from '../../diffusion/attention-control/index.js';
import { type GenerationOptions, generationSettings } from '../../diffusion/generation-settings.js';
import type { Pipeline } from '../../diffusion/pipeline.js';
import { textToImage } from '../../diffusion/text-to-image.js';
import type { GivenBox } from '../method.js';
import { detectorFinder, type FoundPerson, onCanvas, type PersonFinder } from '../record/person.js';
import { definedOnly, SAMPLING } from './defaults.js';
import { type Phrase, type PlacedPhrase, promptPhrases } from './placed-phrases.js';

export interface LayoutRequest extends Omit<GenerationOptions, 'count' | 'noise'> {
  boxes?: readonly GivenBox[];
  agent?: Agent;
  /** Default: the networks of `src/pose`. */
  personFinder?: PersonFinder;
}

export interface Layout {
  /** In the prompt's order, the subject first. */
  placed: PlacedPhrase[];
  /** Where the boxes come from. */
  source: 'given' | 'agent';
}

/** Where a person stands in most pictures, for those in which nobody is found. */
const USUAL_PERSON: CanvasBox = [128, 64, 384, 480];

/**
 * The boxes of a prompt. Given ones count alone. Without any, a plain picture of the same seed is drawn, the person in it
 * keeps its place, and the agent says where the objects belong.
 *
 * @throws ContrappostoError `usage` without boxes and agent, and for boxes that fit no word of the prompt
 */
export async function layoutFor(operation: string, pipeline: Pipeline, request: LayoutRequest): Promise<Layout> {
  const { analysis, phrases } = promptPhrases(operation, request.prompt, pipeline.tokenizer);
  const options = { ...SAMPLING, ...definedOnly(request), prompt: request.prompt };
  const { height, width } = generationSettings(pipeline, options, { operation });
  const size = { heightPx: height, widthPx: width };
  if (request.boxes?.length)
    return { placed: given(operation, { phrases, boxes: request.boxes, size }), source: 'given' };
  const { agent, signal, onProgress } = request;
  if (!agent) {
    throw new ContrappostoError('usage', {
      operation: `--method ${operation}`,
      expected: `a box for each of ${phrases.map(({ noun }) => noun).join(', ')}`,
      got: 'none, and no agent to ask',
      hint: 'give --box x1,y1,x2,y2 once for each in the order of the prompt, or --agent local',
    });
  }
  onProgress?.({ type: 'stage', stage: 'propose layout' });
  const [{ image }] = await textToImage(pipeline, { ...options, attention: undefined, count: 1 });
  const person = await findPerson(request, image);
  if (!person) {
    onProgress?.({
      type: 'warning',
      message: `${operation}: nobody was found in the plain picture; the box is a usual one`,
    });
  }
  const placed: PlacedPhrase[] = [];
  for (const phrase of phrases) {
    if (phrase.kind === 'subject') placed.push({ ...phrase, box: person?.box ?? USUAL_PERSON });
    else {
      const question = {
        prompt: analysis.prompt,
        verb: analysis.verb?.text ?? '',
        ...(analysis.preposition && { preposition: analysis.preposition }),
        object: phrase.noun,
        image,
        keypoints: person?.keypoints ?? null,
        personBox: person?.box ?? USUAL_PERSON,
        objectBox: null,
        fixedBoxes: placed.filter(({ kind }) => kind === 'object').map(({ noun, box }) => ({ label: noun, box })),
      };
      const answer = await agent.propose(question, { signal, onProgress });
      if (answer.box) placed.push({ ...phrase, box: answer.box });
      else onProgress?.({ type: 'warning', message: `${operation}: no box for the ${phrase.noun} (${answer.status})` });
    }
  }
  return { placed, source: 'agent' };
}

async function findPerson(
  { personFinder, signal }: LayoutRequest,
  image: Parameters<PersonFinder['find']>[0],
): Promise<FoundPerson | undefined> {
  const finder = personFinder ?? detectorFinder();
  try {
    return await finder.find(image, { signal });
  } finally {
    if (!personFinder) await finder.close();
  }
}

interface Given {
  phrases: readonly Phrase[];
  boxes: readonly GivenBox[];
  size: { heightPx: number; widthPx: number };
}

/** Boxes by their words; those without a word in the prompt's order, to all phrases or to the objects alone. */
function given(operation: string, { phrases, boxes, size }: Given): PlacedPhrase[] {
  const placed = new Map<Phrase, CanvasBox>();
  const free = (some: readonly Phrase[]) => some.filter((phrase) => !placed.has(phrase));
  for (const { word, box } of boxes.filter((each) => each.word !== undefined)) {
    const named = word!.toLowerCase();
    const phrase = free(phrases).find(({ noun, phrase: whole }) => noun === named || whole.toLowerCase() === named);
    if (!phrase) throw misplaced(operation, { phrases, got: `"${word}"` });
    placed.set(phrase, onCanvas(box, size));
  }
  const unnamed = boxes.filter(({ word }) => word === undefined);
  const objects = phrases.filter(({ kind }) => kind === 'object');
  const takers = [free(phrases), free(objects)].find((some) => some.length === unnamed.length);
  if (unnamed.length > 0 && !takers) throw misplaced(operation, { phrases, got: `${boxes.length} boxes` });
  for (const [i, { box }] of unnamed.entries()) placed.set(takers![i], onCanvas(box, size));
  return phrases.flatMap((phrase) => (placed.has(phrase) ? [{ ...phrase, box: placed.get(phrase)! }] : []));
}

function misplaced(
  operation: string,
  { phrases, got }: { phrases: readonly Phrase[]; got: string },
): ContrappostoError {
  return new ContrappostoError('usage', {
    operation: `--method ${operation}: boxes`,
    expected: `one for each of ${phrases.map(({ noun }) => noun).join(', ')}, or for the objects alone`,
    got,
    hint: 'give --box x1,y1,x2,y2 once for each, in the order of the prompt',
  });
}
