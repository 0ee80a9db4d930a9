import type { Selection } from '../detections/contract.js';
import type { Mask } from '../mask.js';

export interface MaskSelection extends Selection {
  /** A pixel must score more than this to be in. */
  pixel: number;
}

export interface FoundMask {
  label: number;
  /** Null where the graph has none: numbers of labels. */
  score: number | null;
  mask: Mask;
  /** Whether it is one thing, and not all that has a label. */
  isThing: boolean;
}
