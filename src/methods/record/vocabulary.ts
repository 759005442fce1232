// Closed lists of English words that the analysis of a prompt goes by; what is in none of them counts as a noun or adjective.

const list = (words: string) => new Set(words.split(/\s+/));

export const AUXILIARIES = list('is are was were am be being');

export const DETERMINERS = list(
  `a an the this that these those his her their its my your our some any another each every no several many few two
  three four five six seven eight nine ten one both all`,
);

/** Words that may lead from a verb to its object, or into a scene. */
export const PREPOSITIONS = list(
  `on in at with to from of over under into onto through across along around behind beside besides near by for about
  above below between inside outside toward towards against among upon off past during before after without within
  next`,
);

/** They belong to the verb: "looking up at". */
export const PARTICLES = list('up down out away back together forward over off along around');

export const CONJUNCTIONS = list('and or but while as when because so then if');

export const RELATIVES = list('that which who whom whose where');

export const PRONOUNS = list(
  `it them him her himself herself themselves itself me us you someone somebody something anything everything nothing
  each other`,
);

/** Prepositions behind which a place usually follows. */
export const LOCATIVES = list(
  'in at on through along across around inside outside near by behind down up under over beside',
);

/** Places rather than things that somebody uses. */
export const SCENES = list(
  `park beach street road room kitchen field forest garden backyard yard gym pool lake river ocean sea sky city town
  village stadium court museum zoo restaurant cafe bar office classroom school library store shop market mall station
  airport driveway sidewalk neighborhood mountain mountains desert snow rain grass ground floor background countryside
  woods playground arena stage studio lab laboratory hospital church house home bedroom bathroom theater theatre night
  day morning evening sunrise sunset dusk dawn festival party event competition front distance air water square plaza
  path trail hill meadow farm barn skatepark cage rink track hall concert shelter corner spring summer autumn winter
  sun shade darkness world`,
);

/** They measure the noun behind "of", which is what one sees. */
export const MEASURES = list(
  'slice piece cup glass bottle pair bunch group set game bit lot stack pile bowl plate box bag can mug bouquet row kind sort',
);

/** Words in -ly that are no adverbs. */
export const LY_WORDS = list(
  `family fly butterfly belly jelly lily bully reply supply assembly doily dolly elderly friendly lovely lonely ugly curly
  hilly early silly holy woolly chilly lively only burly cuddly wobbly bubbly costly daily weekly kindly rally ally`,
);

/** Nouns in -ing. */
export const ING_NOUNS = list(
  `thing king ring string wing spring building painting morning evening ceiling clothing swing earring wedding railing
  pudding sling sibling duckling something anything nothing everything lightning ping darling viking bedding`,
);

/** Irregular pasts and participles with their base form, of what pictures show. */
export const IRREGULAR: Readonly<Record<string, string>> = {
  ...{
    ate: 'eat',
    rode: 'ride',
    threw: 'throw',
    caught: 'catch',
    held: 'hold',
    sat: 'sit',
    stood: 'stand',
    ran: 'run',
  },
  ...{
    swam: 'swim',
    wrote: 'write',
    read: 'read',
    drank: 'drink',
    drove: 'drive',
    flew: 'fly',
    hit: 'hit',
    cut: 'cut',
  },
  ...{ wore: 'wear', took: 'take', gave: 'give', made: 'make', did: 'do', lay: 'lie', fed: 'feed', led: 'lead' },
  ...{ swung: 'swing', drew: 'draw', sang: 'sing', bit: 'bite', blew: 'blow', built: 'build', slept: 'sleep' },
  ...{ has: 'have', does: 'do', goes: 'go', lies: 'lie', ties: 'tie', dies: 'die', skis: 'ski' },
};

/** Base forms by which a simple present is recognised: the verbs of HICO-DET and V-COCO, and common ones besides. */
export const VERBS = list(
  `adjust assemble block blow board break brush buy carry catch chase check clean control cook cut direct drag dribble
  drink drive dry eat enter exit extract feed fill flip flush fly gesture greet grind groom herd hit hold hop hose hug
  hunt inspect install jump kick kiss lasso launch lick lie lift light load lose make milk move open operate pack paint
  park pay peel pet pick point pour pull push race read release repair ride row run sail scratch serve set shear sign
  sip sit slide smell spin squeeze stab stand steer stick stir surf swing tag talk teach text throw tie toast train
  turn type walk wash watch wave wear wield work write zip look play skateboard ski snowboard point sing dance swim
  climb use take give put show reach draw sew knit fish bake mix build fix lead sleep smile laugh speak listen practice
  study ring wait bring keep love enjoy admire touch shake tie hang dig plant water sweep mop iron comb shave juggle
  balance stretch lean rest kneel crouch do have go perform style frame snap photograph film examine measure weigh`,
);
