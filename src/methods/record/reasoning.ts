// Module R: an agent picks the candidate with the best pose and says where each object belongs (record, section 6).
import type { AgentUsage, Exchange, LayoutAgent, PoseAgent } from '../../agents/agent.js';
import type { Image } from '../../core/image.js';
import type { CanvasBox } from '../../diffusion/attention-control/index.js';
import type { Candidate } from './candidates.js';
import { isChanged } from './object-box.js';
import type { FoundPerson, PersonFinder } from './person.js';
import type { LayoutReport, RecordReport } from './report.js';
import type { Scene } from './scene.js';

export interface Reasoners {
  pose?: PoseAgent;
  layout?: LayoutAgent;
  person: PersonFinder;
}

/** What the questions cost together, and all of them with their answers. */
export class AgentLog {
  readonly transcript: Exchange[] = [];
  usage: AgentUsage = { requests: 0, promptTokens: 0, completionTokens: 0 };

  add(answer: { transcript: readonly Exchange[]; usage: AgentUsage }): void {
    this.transcript.push(...answer.transcript);
    const { usage } = answer;
    const cost = usage.costUsd === undefined ? this.usage.costUsd : usage.costUsd + (this.usage.costUsd ?? 0);
    this.usage = {
      requests: this.usage.requests + usage.requests,
      promptTokens: this.usage.promptTokens + usage.promptTokens,
      completionTokens: this.usage.completionTokens + usage.completionTokens,
      ...(cost !== undefined && { costUsd: cost }),
    };
  }
}

export interface Choice {
  /** Indices of candidates, the best first; at least one. */
  order: number[];
  report: RecordReport['choice'];
}

/** R1: the candidate whose pose shows the action best; the first one without an agent. */
export async function choosePose(
  scene: Scene,
  { candidates, agent, log }: { candidates: readonly Candidate[]; agent?: PoseAgent; log: AgentLog },
): Promise<Choice> {
  const all = candidates.map((_, i) => i);
  if (candidates.length === 1) return { order: all, report: { index: 0, source: 'only' } };
  if (!agent) return { order: all, report: { index: 0, source: 'first' } };
  const { analysis, sampling, warnings } = scene;
  sampling.onProgress?.({ type: 'stage', stage: 'choose pose' });
  const choice = await agent.choose(
    analysis.prompt,
    candidates.map(({ image }) => image),
    {
      verb: analysis.verb?.text,
      object: scene.objects[0]?.object.noun ?? null,
      count: Math.min(2, candidates.length),
      signal: sampling.signal,
      onProgress: sampling.onProgress,
    },
  );
  log.add(choice);
  for (const { code, message } of choice.warnings) warnings.add(code, message);
  const { index, source, scores, indices } = choice;
  const second = indices.find((i) => i !== index) ?? bestBut(index, { scores, count: candidates.length });
  return { order: [index, second], report: { index, source, ...(scores && { scores }) } };
}

function bestBut(index: number, { scores, count }: { scores?: readonly number[]; count: number }): number {
  const others = Array.from({ length: count }, (_, i) => i).filter((i) => i !== index);
  return scores ? others.reduce((a, b) => (scores[b] > scores[a] ? b : a)) : others[0];
}

export interface Located {
  /** The candidate that goes on: the second best when nobody is found in the best. */
  index: number;
  person?: FoundPerson;
}

/** The person of the best candidate, or else of the next best. */
export async function findPerson(
  scene: Scene,
  { candidates, order, finder }: { candidates: readonly Candidate[]; order: readonly number[]; finder: PersonFinder },
): Promise<Located> {
  const { signal, onProgress } = scene.sampling;
  onProgress?.({ type: 'stage', stage: 'find the person' });
  for (const index of order.slice(0, 2)) {
    const person = await finder.find(candidates[index].image, { signal });
    if (!person) continue;
    if (index !== order[0]) {
      scene.warnings.add('NO_POSE', 'nobody was found in the chosen candidate; the next best one is taken');
    }
    if (person.people > 1) scene.warnings.add('MULTI_PERSON', `${person.people} people were found; the surest counts`);
    return { index, person };
  }
  scene.warnings.add('NO_POSE', 'nobody was found; the candidate stays as it is');
  return { index: order[0] };
}

interface LayoutTask {
  candidate: Candidate;
  person?: FoundPerson;
  agent?: LayoutAgent;
  /** The user's own boxes, one an object, on the canvas; undefined where the agent decides. */
  given: readonly (CanvasBox | undefined)[];
  log: AgentLog;
}

/** R2: one question an object; boxes settled earlier are told as fixed. */
export async function proposeLayouts(scene: Scene, task: LayoutTask): Promise<LayoutReport[]> {
  const reports: LayoutReport[] = [];
  for (const [i, { object }] of scene.objects.entries()) {
    const original = task.candidate.objectBoxes[i];
    const given = task.given[i];
    const about = { object: object.noun, original, attributes: {}, reasoning: '' };
    if (given) reports.push({ ...about, status: 'given', proposed: given });
    else if (!task.agent) reports.push({ ...about, status: 'none', proposed: null });
    else if (!task.person) reports.push({ ...about, status: 'no-person', proposed: null });
    else reports.push(await askLayout(scene, { ...task, index: i, earlier: reports }));
  }
  return reports;
}

async function askLayout(
  { analysis, objects, sampling, settings, warnings }: Scene,
  { candidate, person, agent, log, index, earlier }: LayoutTask & { index: number; earlier: readonly LayoutReport[] },
): Promise<LayoutReport> {
  const { object } = objects[index];
  const original = candidate.objectBoxes[index];
  sampling.onProgress?.({ type: 'stage', stage: 'propose layout', detail: object.noun });
  if (!original) warnings.add('NO_OBJECT_BOX', `where the ${object.noun} is could not be told from its attention`);
  const answer = await agent!.propose(
    {
      prompt: analysis.prompt,
      verb: analysis.verb?.text ?? '',
      ...(index === 0 && analysis.preposition && { preposition: analysis.preposition }),
      object: object.noun,
      image: candidate.image,
      keypoints: person!.keypoints,
      personBox: person!.box,
      objectBox: original,
      fixedBoxes: earlier.flatMap(({ object: label, proposed }) => (proposed ? [{ label, box: proposed }] : [])),
    },
    { signal: sampling.signal, onProgress: sampling.onProgress },
  );
  log.add(answer);
  for (const { code, message } of answer.warnings) warnings.add(code, message);
  const about = { object: object.noun, original, attributes: answer.attributes, reasoning: answer.reasoning };
  if (answer.status !== 'proposed' || !answer.box) {
    if (answer.status !== 'none') warnings.add('NO_LAYOUT', `no box for the ${object.noun}: ${answer.status}`);
    return { ...about, status: answer.status, proposed: null };
  }
  const changed = !settings.changeCheck || isChanged(original, answer.box, settings.changeThreshold);
  return { ...about, status: changed ? 'changed' : 'unchanged', proposed: answer.box };
}

/** Whether an agent finds the corrected picture at least as good as the candidate. */
export async function isBetter(
  scene: Scene,
  { agent, log, before, after }: { agent: PoseAgent; log: AgentLog; before: Image; after: Image },
): Promise<boolean> {
  const { analysis, objects, sampling, warnings } = scene;
  const answer = await agent.choose(analysis.prompt, [after, before], {
    verb: analysis.verb?.text,
    object: objects[0]?.object.noun ?? null,
    signal: sampling.signal,
    onProgress: sampling.onProgress,
  });
  log.add(answer);
  if (answer.index === 0) return true;
  warnings.add('CORRECTION_REJECTED', 'the agent finds the candidate better than its correction; it stays as it was');
  return false;
}

/** Whether module C has something to do. */
export function needsCorrection(layouts: readonly LayoutReport[]): boolean {
  return layouts.some(({ status }) => status === 'changed' || status === 'given');
}
