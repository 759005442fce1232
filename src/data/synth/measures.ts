// Takes a character's measures at rest: sizes that scenes need to put things under, into or beside it.
import type { Character, HandMeasures, Measures, Side } from './types.js';
import { add, cross, distance, dot, mix, normalise, perpendicular, scale, subtract, type Vec3 } from './vector.js';

/** Everything of a character that exists before it is measured. */
export type Unmeasured = Pick<
  Character,
  'boneNames' | 'boneIndex' | 'heads' | 'tails' | 'positions' | 'boneIds' | 'vertexCount'
>;

/** Height of an adult of average size, in units of 10 cm, that counts as scale 1. */
const ADULT_HEIGHT = 16.6;

/** @param bodyVertexCount vertices of the bare body, which come first; they give the height. */
export function measure(character: Unmeasured, bodyVertexCount: number): Measures {
  const head = (bone: string) => character.heads[character.boneIndex[bone]];
  let height = 0;
  const { positions } = character;
  for (let v = 0; v < bodyVertexCount; v++) height = Math.max(height, positions[3 * v + 1]);
  const unit = height / ADULT_HEIGHT;
  const hip = head('upperleg01.L');
  const knee = head('lowerleg01.L');
  const ankle = head('foot.L');
  const elbow = head('lowerarm01.L');
  return {
    height,
    unit,
    ankleY: ankle[1],
    toeY: head('toe2-1.L')[1],
    hipX: hip[0],
    legLength: distance(hip, knee) + distance(knee, ankle),
    armLength: distance(head('upperarm01.L'), elbow) + distance(elbow, head('wrist.L')),
    ...girth(character, { unit, hipY: hip[1], chestY: head('spine02')[1], thighZ: mix(hip, knee, 0.45)[2] }),
    hands: { L: measureHand(character, 'L'), R: measureHand(character, 'R') },
  };
}

/** Extents of the trunk and a thigh, clothes included, arms left out. */
function girth(
  { positions, boneIds, boneNames, vertexCount }: Unmeasured,
  { unit, hipY, chestY, thighZ }: { unit: number; hipY: number; chestY: number; thighZ: number },
): Pick<Measures, 'hipHalfWidth' | 'chestZ' | 'backZ' | 'thighRadius'> {
  const isArm = boneNames.map((bone) => /arm|wrist|finger|clavicle/.test(bone));
  const isTrunk = boneNames.map((bone) => /^(root|spine)/.test(bone));
  let hipHalfWidth = 0;
  let chestZ = 0;
  let backZ = 0;
  let frontOfThigh = 0;
  for (let v = 0; v < vertexCount; v++) {
    const bone = boneIds[4 * v];
    if (isArm[bone]) continue;
    const x = positions[3 * v];
    const y = positions[3 * v + 1];
    const z = positions[3 * v + 2];
    if (Math.abs(y - hipY) < 1.2 * unit) hipHalfWidth = Math.max(hipHalfWidth, x);
    if (Math.abs(y - (hipY - 2 * unit)) < 0.5 * unit && x > 0) frontOfThigh = Math.max(frontOfThigh, z);
    if (!isTrunk[bone] || y < hipY + unit) continue;
    if (y < chestY + 2 * unit) chestZ = Math.max(chestZ, z);
    if (y < chestY + 3 * unit && Math.abs(x) < 1.2 * unit) backZ = Math.min(backZ, z);
  }
  return { hipHalfWidth, chestZ, backZ, thighRadius: Math.max(0.5 * unit, frontOfThigh - thighZ) };
}

function measureHand(character: Unmeasured, side: Side): HandMeasures {
  const at = (ends: readonly Vec3[], bone: string) => ends[character.boneIndex[`${bone}.${side}`]];
  const wrist = at(character.heads, 'wrist');
  const knuckle = at(character.heads, 'finger3-1');
  const fingers = normalise(subtract(knuckle, wrist));
  const across = subtract(at(character.heads, 'finger2-1'), at(character.heads, 'finger5-1'));
  const thumb = perpendicular(across, fingers);
  // Relaxed fingers bend towards the palm, which tells its side.
  const sideways = perpendicular(cross(thumb, fingers), fingers);
  const bend = subtract(at(character.tails, 'finger3-3'), at(character.heads, 'finger3-2'));
  const palm = dot(sideways, bend) < 0 ? scale(sideways, -1) : sideways;
  // The thumb closes across the palm, not onto it.
  const thumbCloses = normalise(add(scale(palm, 0.8), scale(thumb, -0.7)));
  const curlAxes = [1, 2, 3, 4, 5].map((finger) => {
    const along = subtract(at(character.tails, `finger${finger}-3`), at(character.heads, `finger${finger}-1`));
    return normalise(cross(normalise(along), finger === 1 ? thumbCloses : palm));
  });
  const thumbSign = dot(thumb, cross(fingers, palm)) > 0 ? 1 : -1;
  return { fingers, palm, thumb, palmLength: distance(wrist, knuckle), thumbSign, curlAxes };
}
