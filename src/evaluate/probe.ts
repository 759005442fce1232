// What is looked at in a picture before anything is scored: costly, so each answer is kept, and measures are cheap functions of them.
import type { Image } from '../core/image.js';
import type { PerceptualNetwork } from '../models/index.js';
import type { Box } from '../pose/person.js';
import type { Runtime } from '../runtime/index.js';
import type { BenchmarkCase } from './benchmark.js';
import type { RunControl } from './method.js';

/** x, y, score. */
export type Point = [number, number, number];

/** Answers by the probe that gives them; all survive JSON. */
export interface Findings {
  /** MoveNet's 17 points of the one person that the picture is about. */
  movenet: { points: Point[] };
  /** CenterNet's objects and persons, the surest first. */
  centernet: { widthPx: number; heightPx: number; objects: { label: string; score: number; box: Box }[] };
  /** Pooled features of CenterNet's MobileNet. */
  mobilenet: number[];
  /** Everybody's box and 133 points, the surest first. */
  pose: { widthPx: number; heightPx: number; people: { box: Box; points: Point[] }[] };
  /** Each triplet that the judge knows with its probability, the likeliest first; and its features. */
  judge: { triplets: [verb: string, object: string | null, score: number][]; features: number[] };
  /** Cosines of the picture with the prompt and with the verb alone. */
  clip: { prompt: number; verb: number | null };
  /** Against the very picture that is wanted, in its size. */
  likeness: { ssim: number; psnr: number };
  /** LPIPS against the very picture that is wanted. */
  lpips: number;
  /** Last pooled features and logits of InceptionV3. */
  inception: { features: number[]; logits: number[] };
  pickscore: number;
}
export type ProbeName = keyof Findings;

/** A probe ready to look. */
export interface Probe<N extends ProbeName = ProbeName> {
  /**
   * What decides the answer besides the picture: the probe's version, digests of weights, the part of the case that it
   * looks at. Undefined where it has nothing to say about a case.
   */
  inputOf(one: BenchmarkCase): string | undefined;
  look(image: Image, one: BenchmarkCase): Promise<Findings[N]>;
  close?(): Promise<void>;
}

/** Where the networks are that pictures are looked at with. */
export interface ProbeWeights {
  /** Folder of the judge; default: the embedded one. */
  judge?: string;
  /** Folder of the CLIP that scores texts; default: the embedded scorer. */
  clip?: string;
  /** LPIPS: its network, and the safetensors files that have it and the linear layers between them. */
  lpips?: { network: PerceptualNetwork; weights: readonly string[] };
  /** Safetensors file of the InceptionV3 of FID. */
  inception?: string;
  /** Folder of the CLIP of PickScore. */
  pickscore?: string;
}

export interface ProbeContext extends RunControl {
  runtime: Runtime;
  weights: ProbeWeights;
  /** Path of a case's reference picture. */
  referenceOf(one: BenchmarkCase): string | undefined;
}

/** An entry of the table of probes. */
export interface ProbeKind<N extends ProbeName> {
  /** The option with its weights, which no copy of this program has. */
  needs?: keyof ProbeWeights;
  /** Throws `not-found` where its weights are not at hand. */
  open(context: ProbeContext): Promise<Probe<N>>;
}

/** Digits that are kept of features: far more than any score shows. */
export const rounded = (value: number): number => Number(value.toPrecision(6));
