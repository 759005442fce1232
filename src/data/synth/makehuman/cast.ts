// Draws the people of a pack: sex, age, origin, build, skin, hair and clothes, as plain recipes.
import { SceneRandom } from '../scene-random.js';
import type { Manifest } from './manifest.js';
import { drawOutfit, FEMALE_HAIR, MALE_HAIR, type Outfit } from './wardrobe.js';

export interface Recipe {
  sex: 'female' | 'male';
  age: 'child' | 'young' | 'middle' | 'old';
  race: 'african' | 'asian' | 'caucasian';
  /** Morph target -> weight. */
  morphs: Record<string, number>;
  /** Height without shoes, in units of 10 cm. */
  stature: number;
  skin: string;
  eyes: string;
  brows: string;
  hair: string | null;
  hat: string | null;
  shoes: string;
  outfit: Outfit;
}

const RACES = ['caucasian', 'african', 'asian'] as const;
const SKIN_AGE = { child: 'young', young: 'young', middle: 'middleage', old: 'old' } as const;

/** Who comes in turn: of ten, five are young, two middle-aged, two old, one a child. */
const AGES = ['young', 'middle', 'young', 'old', 'young', 'child', 'young', 'middle', 'old', 'young'] as const;

/** Recipe number `index` of the cast of `seed`; a longer cast begins with the shorter one. */
export function drawRecipe(manifest: Manifest, { seed, index }: { seed: number; index: number }): Recipe {
  const random = new SceneRandom(seed, `character ${index}`);
  const sex = index % 2 ? 'male' : 'female';
  const age = AGES[Math.floor(index / 2) % AGES.length];
  const race = RACES[Math.floor(index / 2) % 3];
  const skins = manifest.skins.filter((skin) => {
    // A man's young skin has stubble.
    return skin.race === race && skin.sex === (age === 'child' ? 'female' : sex) && skin.age === SKIN_AGE[age];
  });
  const isBald = sex === 'male' && age !== 'child' && random.chance(0.08);
  const hat =
    !isBald && sex === 'male' && age !== 'child' && random.chance(0.08) ? random.pick(manifest.hats).name : null;
  return {
    sex,
    age,
    race,
    morphs: drawMorphs(random.fork('body'), { sex, age, race }),
    stature: drawStature(random.fork('stature'), sex, age),
    skin: random.pick(skins).name,
    eyes: drawEyes(random, manifest.eyes.textures, race),
    brows: random.pick(manifest.eyebrows).name,
    hair: isBald ? null : hat ? 'short04' : drawHair(random, sex, race),
    hat,
    shoes: random.pick(manifest.shoes).name,
    outfit: drawOutfit(random.fork('clothes'), sex, age === 'child'),
  };
}

function drawHair(random: SceneRandom, sex: 'female' | 'male', race: Recipe['race']): string {
  if (race === 'african' && random.chance(0.35)) return 'afro01';
  return random.weighted(sex === 'female' ? FEMALE_HAIR : MALE_HAIR);
}

function drawEyes(random: SceneRandom, textures: readonly string[], race: Recipe['race']): string {
  const brown = textures.filter((texture) => texture.includes('brown'));
  return random.pick(race === 'caucasian' || brown.length === 0 ? textures : brown);
}

/** Mean heights of adults about 164 and 177 cm, a little less in old age; children of about 5 to 11 years. */
function drawStature(random: SceneRandom, sex: 'female' | 'male', age: Recipe['age']): number {
  if (age === 'child') return random.between(11, 14);
  const mean = (sex === 'female' ? 16.4 : 17.7) - (age === 'old' ? 0.4 : 0);
  return mean + random.normal(0.65);
}

/** Weights of the targets that make the body: origin, age, muscle and weight as mixtures that sum to 1, and height. */
function drawMorphs(
  random: SceneRandom,
  { sex, age, race }: Pick<Recipe, 'sex' | 'age' | 'race'>,
): Record<string, number> {
  const ages = drawAgeMixture(random, age);
  const second = RACES[(RACES.indexOf(race) + 1) % 3];
  const mixed = random.chance(0.3) ? random.between(0, 0.3) : 0;
  const muscle = random.between(-0.7, sex === 'male' ? 0.85 : 0.5);
  const weight = random.between(-0.6, 0.75);
  const height = random.between(-0.5, sex === 'male' ? 0.1 : 0.4);
  const muscles = level(muscle, 'muscle');
  const weights = level(weight, 'weight');
  const morphs: Record<string, number> = {};
  const put = (name: string, amount: number) => {
    if (Math.abs(amount) > 1e-3) morphs[name] = (morphs[name] ?? 0) + amount;
  };
  for (const [stage, share] of Object.entries(ages)) {
    put(`${race}-${sex}-${stage}`, share * (1 - mixed));
    put(`${second}-${sex}-${stage}`, share * mixed);
    for (const [m, a] of muscles)
      for (const [w, b] of weights) put(`universal-${sex}-${stage}-${m}-${w}`, share * a * b);
    const end = height > 0 ? 'max' : 'min';
    put(`height-${sex}-${stage}-averagemuscle-averageweight-${end}height`, share * Math.abs(height));
  }
  return morphs;
}

/** Children are mixed with the next stage either way, so they come in several ages. */
function drawAgeMixture(random: SceneRandom, age: Recipe['age']): Record<string, number> {
  if (age === 'young') return { young: 1 };
  if (age === 'child') {
    const grown = random.between(-0.3, 0.3);
    return { child: 1 - grown, young: grown };
  }
  const old = age === 'old' ? random.between(0.75, 1) : random.between(0.25, 0.55);
  return { young: 1 - old, old };
}

/** A signed amount as a mixture of the average with the minimum or the maximum. */
function level(amount: number, what: string): [string, number][] {
  return [
    [`average${what}`, 1 - Math.abs(amount)],
    [`${amount < 0 ? 'min' : 'max'}${what}`, Math.abs(amount)],
  ];
}
