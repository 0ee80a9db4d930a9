import type { OutputSpec } from '../../../registry/version.js';
import type { RowOutputs } from '../../contract.js';
import type { Box, Point } from '../geometry.js';
import type { Scorer } from './activation.js';

/** Which detections are taken. */
export interface Selection {
  /** Detections must score more than this, as in the libraries that detectors come from; rows of padding score 0. */
  threshold: number;
  /** How much two of a class may overlap (intersection over union); null: overlaps are not suppressed. */
  overlap: number | null;
  /** How many, at most. */
  most: number;
  /** Whether a label is wanted. */
  wants(label: number): boolean;
}

/** A key point of an object. */
export interface ObjectPoint {
  place: Point;
  /** 0..1; null: the graph gives none. */
  score: number | null;
}

export interface Detection {
  /** Which one of the graph's candidates it is. */
  index: number;
  /** What names it in a prediction. One candidate with two labels is two detections, with two keys. */
  key: string;
  label: number;
  score: number;
  /** In pixels of the original. */
  box: Box;
  /** Its key points, in pixels of the original. */
  points: readonly ObjectPoint[];
  /** What its mask is made of: the coefficients of the prototypes. */
  coefficients: readonly number[];
}

/** What a graph gives for one image, in its own numbers. */
export interface Candidates {
  count: number;
  /** The labels and scores of each candidate. */
  scores: Scorer;
  /** Whether boxes may be turned. */
  turned: boolean;
  /** Middle, sides and angle, in the unit of the output. */
  box(index: number): Box;
  points(index: number): readonly ObjectPoint[];
  coefficients(index: number): readonly number[];
}

/**
 * Reads the candidates of one layout.
 *
 * @throws AppError `model_failed` when the tensors do not fit what the output declares
 * @throws AppError `version_invalid` when the output contradicts itself
 */
export type Decoder = (answer: RowOutputs, output: OutputSpec) => Candidates;
