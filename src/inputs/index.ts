import { audio } from './audio.js';
import type { InputKind } from './contract.js';
import { image } from './image.js';
import { imagePrompts } from './image-prompts.js';
import { list } from './list.js';
import { ocr } from './ocr.js';
import { tabular } from './tabular.js';
import { text } from './text.js';
import { timeSeries } from './time-series.js';
import { tokens } from './tokens.js';
import { video } from './video.js';

const KINDS: readonly InputKind[] = [
  text,
  tabular,
  tokens,
  image,
  imagePrompts,
  ocr,
  list,
  timeSeries,
  audio,
  video,
];

const table: Record<string, InputKind> = Object.fromEntries(KINDS.map(kind => [kind.kind, kind]));

/** The input kinds by their word in the manifest. A new one is a file and its row here. */
export const INPUTS: Readonly<Record<string, InputKind>> = table;

/** Adds one from elsewhere (see `loadKinds`). */
export function addInput(kind: InputKind): void {
  table[kind.kind] = kind;
}
