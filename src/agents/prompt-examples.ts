// The three solved tasks that a remote model is shown; the last one also changes the object's size (record, 6.4).

/** Points that tell the pose, the others as in a task: made up for these examples. */
interface Example {
  prompt: string;
  action: string;
  points: string;
  human: string;
  object: string;
  original: string;
  attributes: string[];
  reasoning: string;
  updated: string;
}

const SOLVED: readonly Example[] = [
  {
    prompt: 'a girl is riding a horse',
    action: 'riding',
    points: 'nose (262, 92), hips (244, 232) (270, 231), knees (222, 288) (296, 284), ankles (226, 352) (290, 350)',
    human: '[196, 60, 318, 372]',
    object: 'horse',
    original: '[60, 240, 380, 480]',
    attributes: ['dynamic', 'angled', 'at viewer', 'under', 'six tenths'],
    reasoning:
      'The thighs spread below the hips, so the horse’s back has to be at hip height and its body centred below her; moved right and up.',
    updated: '[110, 206, 430, 446]',
  },
  {
    prompt: 'a boy is carrying a teddy bear',
    action: 'carrying',
    points: 'nose (250, 120), elbows (196, 262) (306, 258), wrists (232, 268) (276, 262), hips (226, 330) (276, 330)',
    human: '[176, 70, 330, 500]',
    object: 'teddy bear',
    original: '[250, 250, 380, 400]',
    attributes: ['static', 'frontal', 'down', 'on', 'three tenths'],
    reasoning: 'Both wrists meet before the belly, so the toy rests on them against the chest; moved left and up.',
    updated: '[214, 206, 344, 356]',
  },
  {
    prompt: 'a man is throwing a frisbee',
    action: 'throwing',
    points:
      'nose (210, 130), right wrist (352, 170), right elbow (300, 190), left wrist (150, 260), ankles (180, 470) (250, 480)',
    human: '[130, 90, 372, 496]',
    object: 'frisbee',
    original: '[300, 120, 500, 280]',
    attributes: ['dynamic', 'profile', 'at the object', 'near', 'two tenths'],
    reasoning:
      'The right arm reaches out with the disc at its hand. A frisbee is about as wide as a head is high, so the box is made much smaller.',
    updated: '[336, 140, 424, 188]',
  },
];

const NAMES = ['Pose type', 'Body orientation', 'Facial direction', 'Object relationship', 'Object size'];

/** Their lines. */
export const EXAMPLES: readonly (readonly string[])[] = SOLVED.map((e) => [
  `Prompt: ${e.prompt}`,
  `Action: ${e.action}`,
  `Keypoints (those that matter here): ${e.points}`,
  `Human box: ${e.human}`,
  `Original object location (${e.object}): ${e.original}`,
  `In the picture: one person, one ${e.object}`,
  ...NAMES.map((name, i) => `${name}: ${e.attributes[i]}`),
  `Reasoning: ${e.reasoning}`,
  `Updated object location (${e.object}): ${e.updated}`,
]);
