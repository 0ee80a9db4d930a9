import { attribute } from '../label-config/attribute.js';
import type { TagInfo } from '../label-config/parse.js';
import { audioLabels } from './audio-labels.js';
import { bitmask, bitmaskLabels } from './bitmask.js';
import { brush, brushLabels, magicWand } from './brush.js';
import { choices } from './choices.js';
import type { RegionKind } from './contract.js';
import { dateTime } from './date-time.js';
import { ellipse, ellipseLabels } from './ellipse.js';
import { hyperTextLabels } from './hypertext-labels.js';
import { imageLabels } from './image-labels.js';
import { keyPoint, keyPointLabels } from './key-point.js';
import { labels } from './labels.js';
import { number } from './number.js';
import { pairwise } from './pairwise.js';
import { paragraphLabels } from './paragraph-labels.js';
import { polygon, polygonLabels } from './polygon.js';
import { ranker } from './ranker.js';
import { rating } from './rating.js';
import { rectangle, rectangleLabels } from './rectangle.js';
import { regionChoices } from './region-choices.js';
import { regionTextArea } from './region-text-area.js';
import { taxonomy } from './taxonomy.js';
import { taxonomySpans } from './taxonomy-spans.js';
import { textArea } from './text-area.js';
import { timeSeriesLabels } from './time-series-labels.js';
import { timelineLabels } from './timeline-labels.js';
import { vector, vectorLabels } from './vector.js';
import { videoRectangle } from './video-rectangle.js';

const ROWS = [
  choices,
  taxonomy,
  rating,
  number,
  labels,
  paragraphLabels,
  textArea,
  regionTextArea,
  regionChoices,
  taxonomySpans,
  dateTime,
  pairwise,
  ranker,
  hyperTextLabels,
  rectangle,
  rectangleLabels,
  ellipse,
  ellipseLabels,
  keyPoint,
  keyPointLabels,
  vector,
  vectorLabels,
  polygon,
  polygonLabels,
  brush,
  brushLabels,
  magicWand,
  bitmask,
  bitmaskLabels,
  imageLabels,
  timeSeriesLabels,
  audioLabels,
  timelineLabels,
  videoRectangle,
] as readonly RegionKind[];

const table: Record<string, RegionKind> = Object.fromEntries(ROWS.map(kind => [kind.name ?? kind.tag, kind]));
const tags: string[] = [...new Set(ROWS.map(({ tag }) => tag))];

/** The region kinds by name, which is the control tag unless several share it. A new one is a file and its row here. */
export const REGIONS: Readonly<Record<string, RegionKind>> = table;

/** The control tags that can be filled. */
export const CONTROL_TAGS: readonly string[] = tags;

/** The rows that fill a control tag, each on objects of its own. */
export function rowsOf(tag: string): RegionKind[] {
  return Object.values(table).filter(kind => kind.tag === tag);
}

/**
 * The row that fills a control on an object tag. A control with `perRegion` or `labeling` that no row is for gets that of
 * whole tasks, which says why it does not fill it.
 */
export function rowFor(
  { tag, attributes }: Pick<TagInfo, 'tag' | 'attributes'>,
  objectTag: string,
): RegionKind | undefined {
  const rows = rowsOf(tag).filter(({ objectTags }) => objectTags?.includes(objectTag) ?? true);
  const mode = (['perRegion', 'labeling'] as const).find(each => attribute(attributes, each) === 'true');
  const own = mode && rows.find(row => row[mode]);
  return own ?? rows.find(({ perRegion, labeling }) => !perRegion && !labeling);
}

/** Adds one from elsewhere (see `loadKinds`). */
export function addRegion(kind: RegionKind): void {
  table[kind.name ?? kind.tag] = kind;
  if (!tags.includes(kind.tag)) tags.push(kind.tag);
}
