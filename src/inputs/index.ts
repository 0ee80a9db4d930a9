import { audio } from './audio.js';
import type { InputKind } from './contract.js';
import { image } from './image.js';
import { ocr } from './ocr.js';
import { tabular } from './tabular.js';
import { text } from './text.js';
import { timeSeries } from './time-series.js';
import { tokens } from './tokens.js';
import { video } from './video.js';

const ROWS: readonly InputKind[] = [text, tabular, tokens, image, ocr, timeSeries, audio, video];

/** The input kinds by their word in the manifest. A new one is a file and its row here. */
export const INPUTS: Readonly<Record<string, InputKind>> = Object.freeze(
  Object.fromEntries(ROWS.map(kind => [kind.kind, kind])),
);
