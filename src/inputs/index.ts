import type { InputKind } from './contract.js';
import { image } from './image.js';
import { tabular } from './tabular.js';
import { text } from './text.js';
import { timeSeries } from './time-series.js';
import { tokens } from './tokens.js';
import { video } from './video.js';

/** The input kinds by their word in the manifest. A new one is a file and its row here. */
export const INPUTS: Readonly<Record<string, InputKind>> = Object.freeze(
  Object.fromEntries([text, tabular, tokens, image, timeSeries, video].map(kind => [kind.kind, kind])),
);
