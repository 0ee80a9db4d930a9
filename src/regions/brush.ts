import { type MaskShape, maskKind } from './image/mask-kind.js';
import { encodeRle, isRle } from './image/rle.js';

const RLE = [0, 0, 0, 16, 57, 27, 252, 127, 241, 128, 71, 255, 24, 0];

const SHAPE: MaskShape = {
  shapesOf: ({ mask }) => [{ format: 'rle', rle: encodeRle(mask) }],
  read({ rle }, { original_width: width, original_height: height }) {
    // The bytes tell how many pixels there are, and not how many make a row.
    if (!isSide(width) || !isSide(height) || !isRle(rle, width * height)) return undefined;
    return { width, height, rle };
  },
  example: { format: 'rle', rle: RLE },
  target: { width: 2, height: 2, rle: RLE },
};

function isSide(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** Masks to `<Brush>`, without labels. Format: https://labelstud.io/tags/brush */
export const brush = maskKind('Brush', SHAPE);

/** Masks to `<BrushLabels>`. Format: https://labelstud.io/tags/brushlabels */
export const brushLabels = maskKind('BrushLabels', SHAPE);

/** Masks to `<MagicWand>`, which keeps them as brushes do. Format: https://labelstud.io/tags/magicwand */
export const magicWand = maskKind('MagicWand', SHAPE);
