import { type MaskShape, maskKind } from './image/mask-kind.js';
import { encodeRle } from './image/rle.js';

const RLE = [0, 0, 0, 16, 57, 27, 252, 127, 241, 128, 71, 255, 24, 0];

const SHAPE: MaskShape = {
  shapesOf: ({ mask }) => [{ format: 'rle', rle: encodeRle(mask) }],
  read: ({ rle }) => (Array.isArray(rle) && rle.length > 0 ? { rle } : undefined),
  example: { format: 'rle', rle: RLE },
  target: { rle: RLE },
};

/** Masks to `<Brush>`, without labels. Format: https://labelstud.io/tags/brush */
export const brush = maskKind('Brush', SHAPE);

/** Masks to `<BrushLabels>`. Format: https://labelstud.io/tags/brushlabels */
export const brushLabels = maskKind('BrushLabels', SHAPE);

/** Masks to `<MagicWand>`, which keeps them as brushes do. Format: https://labelstud.io/tags/magicwand */
export const magicWand = maskKind('MagicWand', SHAPE);
