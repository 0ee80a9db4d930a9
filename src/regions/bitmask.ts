import { type MaskShape, maskKind } from './image/mask-kind.js';
import { maskPng } from './image/png.js';

const PREFIX = 'data:image/png;base64,';

const urlOf = (mask: Parameters<typeof maskPng>[0]) => `${PREFIX}${maskPng(mask).toString('base64')}`;

const LEFT_HALF = urlOf({ width: 2, height: 2, data: Uint8Array.of(1, 0, 1, 0) });

const SHAPE: MaskShape = {
  shapesOf: ({ mask }) => [{ imageDataURL: urlOf(mask) }],
  read: ({ imageDataURL }) =>
    typeof imageDataURL === 'string' && imageDataURL.startsWith(PREFIX) ? { imageDataURL } : undefined,
  example: { imageDataURL: LEFT_HALF },
  target: { imageDataURL: LEFT_HALF },
};

/** Masks to `<Bitmask>`, without labels. Format: https://labelstud.io/tags/bitmask */
export const bitmask = maskKind('Bitmask', SHAPE);

/** Masks to `<BitmaskLabels>`. Format: https://labelstud.io/tags/bitmasklabels */
export const bitmaskLabels = maskKind('BitmaskLabels', SHAPE);
