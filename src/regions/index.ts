import { choices } from './choices.js';
import type { RegionKind } from './contract.js';
import { number } from './number.js';
import { rating } from './rating.js';
import { taxonomy } from './taxonomy.js';

/** The region kinds by control tag. A new one is a file and its row here. */
export const REGIONS: Readonly<Record<string, RegionKind>> = Object.freeze(
  Object.fromEntries([choices, taxonomy, rating, number].map(kind => [kind.tag, kind as RegionKind])),
);
