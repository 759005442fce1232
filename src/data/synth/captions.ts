// Captions of a scene: several wordings of different length, all true to the picture.
import type { SceneRandom } from './scene-random.js';
import type { Attributes, CharacterInfo, SceneDescription, SceneObject } from './types.js';

export interface CaptionSource {
  description: SceneDescription;
  info: CharacterInfo;
  attributes: Attributes;
  /** Words for the place, e.g. `in a park`. */
  place: string;
  random: SceneRandom;
}

export interface Captions {
  /** At least five, all different; the first is of middling length. */
  captions: string[];
  /** Subject of the triplet. */
  subject: string;
}

/** Third person of each scene's present participle. */
const PRESENT: Readonly<Record<string, string>> = {
  riding: 'rides',
  carrying: 'carries',
  holding: 'holds',
  wearing: 'wears',
  pulling: 'pulls',
  'standing with': 'stands with',
  'standing next to': 'stands next to',
  'sitting on': 'sits on',
  'typing on': 'types on',
  'talking on': 'talks on',
  'texting on': 'texts on',
  reading: 'reads',
  'drinking from': 'drinks from',
  throwing: 'throws',
  kicking: 'kicks',
  dribbling: 'dribbles',
  eating: 'eats',
  flying: 'flies',
  hugging: 'hugs',
  'skiing on': 'skis on',
  swinging: 'swings',
  standing: 'stands',
  walking: 'walks',
  waving: 'waves',
};

const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  bicycle: ['bicycle', 'bicycle', 'bike'],
  motorcycle: ['motorcycle', 'motorcycle', 'motorbike'],
  'cell phone': ['cell phone', 'cell phone', 'phone'],
  couch: ['couch', 'couch', 'sofa'],
};

const PLURALS = new Set(['jeans', 'trousers', 'shorts', 'leggings', 'overalls']);

/** `noun` with its indefinite article. */
export function withArticle(noun: string): string {
  return `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`;
}

/** The colour word in front of a noun; glasses and the like have none. */
const coloured = (noun: string, colour?: string): string => (colour ? `${colour} ${noun}` : noun);

const wordOf = (object: SceneObject, random: SceneRandom): string =>
  object.word ?? random.pick(SYNONYMS[object.category] ?? [object.category]);

/** What somebody wears, e.g. `a red striped t-shirt and blue jeans`. */
function clothes({ top, bottom, hat }: Attributes): { short: string | null; long: string | null } {
  const upper = top && withArticle(`${top.colour} ${top.pattern ? `${top.pattern} ` : ''}${top.garment}`);
  const short = top && withArticle(`${top.colour} ${top.garment}`);
  // A suit's trousers are part of it.
  const lower =
    bottom && top?.garment !== 'suit'
      ? PLURALS.has(bottom.garment)
        ? `${bottom.colour} ${bottom.garment}`
        : withArticle(`${bottom.colour} ${bottom.garment}`)
      : null;
  const parts = [upper, lower, hat && withArticle(hat)].filter((part): part is string => Boolean(part));
  const last = parts.pop();
  return { short: short || null, long: last ? (parts.length > 0 ? `${parts.join(', ')} and ${last}` : last) : null };
}

/** `man`, or with his age where it shows: `old man`. */
function subjectWithAge(info: CharacterInfo, random: SceneRandom): string {
  if (info.age === 'old') return `${random.chance(0.75) ? 'old' : 'elderly'} ${info.subject}`;
  if (info.age === 'young' && info.subject !== 'person' && random.chance(0.15)) return `young ${info.subject}`;
  return info.subject;
}

function hairOf({ hairColour, hairStyle }: Attributes): string | null {
  if (!hairColour) return null;
  return hairStyle?.endsWith('hair') ? hairStyle.replace('hair', `${hairColour} hair`) : `${hairColour} hair`;
}

/** Captions and triplet subject of a scene. Equal sources give equal captions. */
export function captionsOf(source: CaptionSource): Captions {
  const { description, info, attributes, place, random } = source;
  const ways = description.wordings ?? [[description.phrase, PRESENT[description.phrase] ?? description.phrase]];
  const target = description.objects.find((object) => object.role === 'target');
  const seat = description.objects.find((object) => object.role === 'support' && object.category === 'chair');
  const noun = target ? wordOf(target, random) : null;
  const plain = noun ? ` ${withArticle(noun)}` : '';
  const full = noun ? ` ${withArticle(coloured(noun, target?.colour))}` : '';
  const subject = withArticle(info.subject);
  const who = withArticle(subjectWithAge(info, random));
  const { short, long } = clothes(attributes);
  const inShort = short ? ` in ${short}` : '';
  const wearing = long ? ` wearing ${long}` : '';
  const hair = hairOf(attributes);
  const seated = seat ? ` while sitting on a chair` : '';

  // Each caption chooses its own wording where there are several.
  const doing = () => random.pick(ways)[0];
  const does = () => random.pick(ways)[1];
  const medium = random.pick([
    `${who}${inShort} is ${doing()}${full}`,
    `${who} is ${doing()}${full} ${place}`,
    `${who}${inShort} ${does()}${full}`,
    `${who} ${doing()}${full}`,
  ]);
  const all = [
    medium,
    `${subject} is ${doing()}${plain}`,
    `${subject} is ${doing()}${full}`,
    `${who}${long ? ` in ${long}` : ''} ${does()}${full} ${place}`,
    `${who}${hair ? ` with ${hair}` : ''}${inShort} is ${doing()}${full}${seated} ${place}`,
    `${withArticle('picture')} of ${who}${wearing}, ${doing()}${full} ${place}`,
    `${info.subject} ${doing()}${noun ? ` ${noun}` : ''}`,
    `${place}, ${subject} ${does()}${plain}${seated}`,
  ];
  return { captions: [...new Set(all)], subject: info.subject };
}
