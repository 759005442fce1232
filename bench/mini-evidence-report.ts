// The evidence as Markdown: one table a question, the command that made it, and what its limits are.
import { TEXTS } from './mini-evidence-measures.js';
import type { Distance, Share, Summary } from './mini-evidence-summary.js';

const percent = ({ yes, of }: Share) => (of > 0 ? `${((100 * yes) / of).toFixed(1)} % (${yes} of ${of})` : '-');
const decimal = (value: number | null, digits = 1) => (value === null ? '-' : value.toFixed(digits));

export interface About {
  /** Names the model. */
  title: string;
  /** How the numbers were made. */
  command: string;
  prompts: number;
  /** Another model that was measured in the same way. */
  other?: { title: string; summary: Summary };
}

/** The whole page. */
export function markdown(summary: Summary, about: About): string {
  const { counts, plausible, named } = summary;
  return `# What the mini model can do

Model: ${about.title}. ${about.prompts} prompts ([\`benchmarks/hoi-mini.jsonl\`](../benchmarks/hoi-mini.jsonl)) are captions of rendered scenes that nothing was trained on; the number of a prompt is the seed of its picture. The renders of the same scenes pass the same measures: they show what a perfect generator would reach. The numbers of this page are written by

\`\`\`sh
${about.command}
\`\`\`

![Pictures of the first prompts](images/mini-evidence.jpg)

## Person and object, by networks trained on photographs

| | pictures of the model (${counts.pictures}) | renders of the same prompts (${counts.renders}) | these through the autoencoder (${counts.reconstructed}) |
|---|---|---|---|
| plausible person: MoveNet sees at least 12 of 17 points over 0.3 | ${percent(plausible.pictures)} | ${percent(plausible.renders)} | ${percent(plausible.reconstructed)} |
| the named object: CenterNet finds its class over 0.3 | ${percent(named.pictures)} | ${percent(named.renders)} | ${percent(named.reconstructed)} |

| object | pictures | renders |
|---|---|---|
${summary.classes.map(({ name, pictures, renders }) => `| ${name} | ${percent(pictures)} | ${percent(renders)} |`).join('\n')}

## Interaction, by the judge

The prompt's verb and object are among the judge's first three. Held-out combinations occur nowhere in training, though each verb and each object does. By chance: the prompt's triplet among the first three of a picture of another prompt of the same set.

| prompts | pictures | by chance | renders |
|---|---|---|---|
| combinations of training | ${judgedRow(summary.judged.training)} |
| held-out combinations | ${judgedRow(summary.judged['held-out'])} |

The judge was trained on renders, so it reads a render better than anything else; it never saw a generator's picture.

## Text and picture, by the scorer

The prompt of a picture fits it best of ${TEXTS} prompts spread over the list (by chance ${(100 / TEXTS).toFixed(0)} %): ${percent(summary.texts.pictures)} of the pictures, ${percent(summary.texts.renders)} of the renders. Prompts differ in clothes, colours and places, too.

## Distance to the renders

| Fréchet distance of | pictures to renders | floor: other renders to renders |
|---|---|---|
| pooled activations (720) of CenterNet's MobileNetV3, trained on photographs | ${distanceRow(summary.distances.photographs)} |
| the judge's features | ${distanceRow(summary.distances.judge)} |

Sets of ${counts.pictures} are smaller than the number of features, so the values are not comparable with those of other papers; the floor has the same bias.

## Reconstruction by the autoencoder

${reconstruction(summary)}

## Time and memory

${cost(summary)}
${about.other ? comparison([summary, about.other.summary], [about.title, about.other.title]) : ''}`;
}

/** The main numbers of two models side by side. */
function comparison(summaries: readonly Summary[], titles: readonly string[]): string {
  const row = (name: string, value: (summary: Summary) => string) =>
    `| ${name} | ${summaries.map((summary) => value(summary)).join(' | ')} |`;
  return `
## Two architectures, measured alike

| | ${titles.join(' | ')} |
|---|---|---|
${[
  row('plausible person', ({ plausible }) => percent(plausible.pictures)),
  row('named object found', ({ named }) => percent(named.pictures)),
  row('judge, combinations of training', ({ judged }) => percent(judged.training.pictures)),
  row('judge, held-out combinations', ({ judged }) => percent(judged['held-out'].pictures)),
  row('own prompt fits best of twenty', ({ texts }) => percent(texts.pictures)),
  row('Fréchet distance, photographs’ features', ({ distances }) => decimal(distances.photographs.pictures, 3)),
  row('Fréchet distance, judge’s features', ({ distances }) => decimal(distances.judge.pictures, 3)),
  row('reconstruction, dB', ({ reconstruction: found }) => decimal(found?.psnr ?? null)),
  row('reconstruction of faces and hands, dB', ({ reconstruction: found }) => decimal(found?.psnrFacesHands ?? null)),
  row('processor seconds a picture', ({ generation }) => decimal(generation?.cpuSecondsEach ?? null, 2)),
].join('\n')}
`;
}

function judgedRow({ pictures, renders, chance }: Summary['judged']['training']): string {
  const by = chance === null ? '-' : `${(100 * chance).toFixed(1)} %`;
  return [percent(pictures), by, percent(renders)].join(' | ');
}

function distanceRow({ pictures, floor }: Distance): string {
  return `${decimal(pictures, 3)} | ${decimal(floor, 3)}`;
}

function reconstruction({ reconstruction: found }: Summary): string {
  if (!found) return 'Not measured.';
  return `${found.count} held-out renders, mean PSNR: ${decimal(found.psnr)} dB over the picture, ${decimal(found.psnrFacesHands)} dB over faces and hands.`;
}

function cost({ generation, storage }: Summary): string {
  const lines = generation
    ? [
        `${decimal(generation.secondsEach, 2)} s a picture (${decimal(generation.cpuSecondsEach, 2)} s of processor time), ${Math.round(generation.peakMegabytes)} MB resident at most, all pictures in one process.`,
      ]
    : ['Not measured.'];
  if (storage) {
    lines.push(
      `Stored as int8 in place of float16, ${storage.pictures} pictures of the same seeds differ by ${decimal(storage.psnr)} dB PSNR.`,
    );
  }
  return lines.join('\n\n');
}
