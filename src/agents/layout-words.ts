// From the words of a prompt or a data set to the verbs and objects that the layout model knows.
import { COCO_CLASSES } from '../pose/detect/coco-classes.js';

/**
 * V-COCO's 24 verbs by the role of their object, named as HICO-DET names them where it has them, then those that only
 * rendered scenes show.
 */
export const LAYOUT_VERBS = [
  'hold',
  'sit_on',
  'ride',
  'look_at',
  'hit_with',
  'hit',
  'eat',
  'eat_with',
  'jump_on',
  'lie_on',
  'talk_on',
  'carry',
  'throw',
  'catch',
  'cut_with',
  'cut',
  'type_on',
  'ski_on',
  'surf_on',
  'skateboard_on',
  'drink_with',
  'kick',
  'read',
  'snowboard_on',
  'drag',
  'dribble',
  'fly',
  'hug',
  'text_on',
  'wear',
] as const;

export type LayoutVerb = (typeof LAYOUT_VERBS)[number];

/** COCO's 80 classes. */
export const LAYOUT_OBJECTS: readonly string[] = COCO_CLASSES;

/** V-COCO's verb with the role of its object. */
const V_COCO: Readonly<Record<string, LayoutVerb>> = {
  'hold obj': 'hold',
  'sit instr': 'sit_on',
  'ride instr': 'ride',
  'look obj': 'look_at',
  'hit instr': 'hit_with',
  'hit obj': 'hit',
  'eat obj': 'eat',
  'eat instr': 'eat_with',
  'jump instr': 'jump_on',
  'lay instr': 'lie_on',
  'talk_on_phone instr': 'talk_on',
  'carry obj': 'carry',
  'throw obj': 'throw',
  'catch obj': 'catch',
  'cut instr': 'cut_with',
  'cut obj': 'cut',
  'work_on_computer instr': 'type_on',
  'ski instr': 'ski_on',
  'surf instr': 'surf_on',
  'skateboard instr': 'skateboard_on',
  'drink instr': 'drink_with',
  'kick obj': 'kick',
  'read obj': 'read',
  'snowboard instr': 'snowboard_on',
};

/** HICO-DET's other names of the same thing. */
const HICO_DET: Readonly<Record<string, LayoutVerb>> = {
  watch: 'look_at',
  swing: 'hit_with',
  jump: 'jump_on',
};

/** What is ridden by standing on it has verbs of its own in V-COCO. */
const RIDDEN: Readonly<Record<string, LayoutVerb>> = {
  skis: 'ski_on',
  surfboard: 'surf_on',
  skateboard: 'skateboard_on',
  snowboard: 'snowboard_on',
};

/** Verbs without examples of their own: the known verb whose objects lie most alike. */
const NEAREST: Readonly<Record<LayoutVerb, string>> = {
  hold:
    'adjust assemble brush check clean control cook dry feed fill flip grab grip hand hose inspect install light lift ' +
    'load make open operate pack paint peel pet pick play point pour prepare pull push release repair scratch serve set ' +
    'show sign squeeze stick stir take tie toast touch turn use wash wave wield zip adjust_with brush_with pick_up ' +
    'play_with write_on write_with',
  sit_on: 'rest_on sit sit_at sit_in lean_on relax_on stand_on step_on climb climb_on',
  ride: 'board cycle drive gallop herd hop_on mount pedal race row run sail straddle train ride_on travel_on exit',
  look_at:
    'chase direct face greet hunt inspect_at look observe see stare_at stop_at teach view walk walk_with point_at',
  hit_with: 'bat wield_with swing_at golf_with',
  hit: 'block punch serve_to smash spin strike',
  eat: 'bite chew lick smell taste',
  eat_with: 'dip_with scoop_with',
  jump_on: 'flip_on grind leap_on hop',
  lie_on: 'lay_on lie sleep sleep_in sleep_on nap_on lie_in',
  talk_on: 'call_on speak_on talk_into',
  carry: 'bear bring hold_up lug move transport walk_to',
  throw: 'fling launch toss pitch bowl',
  catch: 'field receive reach_for',
  cut_with: 'chop_with shear slice_with stab',
  cut: 'carve chop slice',
  type_on: 'work_on type code_on',
  ski_on: 'ski slide_on',
  surf_on: 'surf paddle',
  skateboard_on: 'skateboard skate_on',
  drink_with: 'drink drink_from sip sip_from',
  kick: 'boot dribble_to shoot',
  read: 'browse study',
  snowboard_on: 'snowboard',
  drag: 'tow roll wheel',
  dribble: 'bounce',
  fly: 'pull_on',
  hug: 'cuddle embrace kiss',
  text_on: 'text look_at_phone scroll_on',
  wear: 'put_on',
};
const NEAREST_OF = new Map(
  LAYOUT_VERBS.flatMap((verb) => NEAREST[verb].split(' ').map((word): [string, LayoutVerb] => [word, verb])),
);

/** Common names of COCO's classes, and things without a class that are held or used like one. */
const OBJECT_NAMES: Readonly<Record<string, string>> = {
  bicycle: 'bike cycle tricycle',
  motorcycle: 'motorbike scooter moped',
  car: 'taxi jeep van',
  airplane: 'plane aeroplane jet aircraft',
  truck: 'lorry tractor',
  boat: 'canoe kayak raft ship rowboat',
  bench: 'pew',
  bird: 'parrot duck chicken pigeon',
  cat: 'kitten',
  dog: 'puppy',
  horse: 'pony donkey camel mule',
  sheep: 'lamb goat',
  cow: 'bull ox buffalo',
  backpack: 'rucksack bag',
  umbrella: 'parasol',
  handbag: 'purse basket',
  suitcase: 'luggage briefcase trolley box',
  skis: 'ski',
  'sports ball': 'ball football basketball soccer baseball volleyball balloon',
  'baseball bat': 'bat stick cane sword',
  'baseball glove': 'glove mitt',
  'tennis racket': 'racket racquet guitar violin',
  'wine glass': 'wineglass',
  cup: 'mug glass coffee tea drink',
  knife: 'dagger',
  spoon: 'ladle',
  bowl: 'pot pan plate',
  orange: 'lemon peach pear fruit',
  sandwich: 'burger hamburger bread toast',
  'hot dog': 'hotdog sausage',
  donut: 'doughnut bagel cookie',
  cake: 'pie dessert',
  chair: 'stool seat armchair swing throne',
  couch: 'sofa settee',
  'potted plant': 'plant flower flowers tree',
  bed: 'mattress hammock blanket',
  'dining table': 'table desk',
  tv: 'television monitor screen piano',
  laptop: 'computer notebook',
  remote: 'controller flashlight microphone camera',
  'cell phone': 'phone smartphone mobile telephone',
  book: 'newspaper magazine letter map paper',
  'teddy bear': 'teddy doll toy baby',
  toothbrush: 'brush pen pencil paintbrush',
  'hair drier': 'hairdryer drill',
};
const OBJECT_OF = new Map(
  Object.entries(OBJECT_NAMES).flatMap(([name, words]) => words.split(' ').map((word) => [word, name] as const)),
);

/** The layout model's verb for V-COCO's, e.g. `look` with `obj`. */
export function verbOfVCoco(verb: string, role: string): LayoutVerb | undefined {
  return V_COCO[`${verb} ${role}`];
}

/**
 * The layout model's verb for HICO-DET's where both mean the same, undefined elsewhere: nothing is guessed here.
 *
 * @param object COCO's class; riding a surfboard is V-COCO's `surf`
 */
export function verbOfHicoDet(verb: string, object: string): LayoutVerb | undefined {
  if (verb === 'ride') return RIDDEN[object] ?? 'ride';
  return known(verb) ?? HICO_DET[verb];
}

/**
 * The layout model's verb for a prompt's, in any inflection: itself, or the one whose objects lie most alike.
 * Undefined when no rule knows the word.
 */
export function layoutVerb(
  word: string,
  options: { preposition?: string; object?: string } = {},
): LayoutVerb | undefined {
  const { preposition } = options;
  const object = options.object && layoutObject(options.object);
  for (const lemma of lemmas(word)) {
    const withPreposition = preposition ? [`${lemma}_${preposition.toLowerCase()}`] : [];
    for (const name of [...withPreposition, lemma]) {
      const verb = (object && verbOfHicoDet(name, object)) || known(name) || HICO_DET[name] || NEAREST_OF.get(name);
      if (verb) return verb;
    }
  }
  return undefined;
}

/** COCO's class for a noun, singular or plural, itself or a common name; undefined when there is none. */
export function layoutObject(noun: string): string | undefined {
  const words = noun.toLowerCase().trim().replaceAll('_', ' ');
  const head = words.split(' ').at(-1) as string;
  for (const word of [words, singular(words), head, singular(head)]) {
    if (LAYOUT_OBJECTS.includes(word)) return word;
    const name = OBJECT_OF.get(word);
    if (name) return name;
  }
  return undefined;
}

function known(name: string): LayoutVerb | undefined {
  return LAYOUT_VERBS.find((verb) => verb === name);
}

/** What a word may be an inflection of, the word itself first: `riding` -> `rid`, `ride`; `hitting` -> `hitt`, `hit`. */
function lemmas(word: string): string[] {
  const plain = word.toLowerCase().trim().replaceAll(' ', '_');
  const [first, ...rest] = plain.split('_');
  const found = [first];
  if (/.ying$/.test(first)) found.push(first.replace(/ying$/, 'ie'));
  for (const ending of [/ing$/, /ed$/]) {
    const stem = first.replace(ending, '');
    if (stem !== first && stem.length > 1) found.push(stem, `${stem}e`, stem.replace(/(.)\1$/, '$1'));
  }
  if (/ies$/.test(first)) found.push(first.replace(/ies$/, 'y'));
  if (/s$/.test(first)) found.push(first.replace(/s$/, ''), first.replace(/es$/, ''));
  return [...new Set(found)].map((lemma) => [lemma, ...rest].join('_'));
}

function singular(noun: string): string {
  if (/(ch|sh|x|ss)es$/.test(noun)) return noun.slice(0, -2);
  return /[^s]s$/.test(noun) ? noun.slice(0, -1) : noun;
}
