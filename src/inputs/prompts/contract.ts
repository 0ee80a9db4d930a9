import type { FileValue } from '../file.js';
import type { ImageMeta } from '../image/contract.js';

/** What an annotator points at, in percent of the image's sides. */
export interface Prompts {
  points: readonly { x: number; y: number; isIn: boolean }[];
  /** The value of a rectangle; null: none was drawn. */
  rectangle: Readonly<Record<string, unknown>> | null;
  /** The labels that were chosen for it; none where the control has none. */
  labels: readonly string[];
  /** The same for the same prompts, and another for others. */
  id: string;
}

/** An image, and what of it is meant; null: nothing yet. */
export interface PromptsValue extends FileValue {
  prompts: Prompts | null;
}

/** What the input `image-prompts` knows of a row. */
export interface PromptMeta extends ImageMeta {
  prompts: Pick<Prompts, 'labels' | 'id'>;
}
