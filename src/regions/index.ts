import { choices } from './choices.js';
import type { RegionKind } from './contract.js';
import { labels } from './labels.js';
import { number } from './number.js';
import { paragraphLabels } from './paragraph-labels.js';
import { rating } from './rating.js';
import { taxonomy } from './taxonomy.js';
import { textArea } from './text-area.js';

/** The region kinds by control tag. A new one is a file and its row here. */
export const REGIONS: Readonly<Record<string, RegionKind>> = Object.freeze(
  Object.fromEntries(
    [choices, taxonomy, rating, number, labels, paragraphLabels, textArea].map(kind => [
      kind.tag,
      kind as RegionKind,
    ]),
  ),
);
