/** Bytes before the palette. */
const HEADER = 13;
const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;

export interface Rgb {
  r: number;
  g: number;
  b: number;
}

/** Colours of the palette of the whole file. */
function paletteSize(gif: Uint8Array): number {
  const packed = gif[10] ?? 0;
  return (packed & 0x80) === 0 ? 0 : 2 ** ((packed & 7) + 1);
}

/**
 * The same file with a first frame that has no transparent colour: it is drawn with what the palette has in its place.
 *
 * @see https://www.w3.org/Graphics/GIF/spec-gif89a.txt (23. Graphic Control Extension)
 */
export function withoutTransparency(gif: Uint8Array): Uint8Array {
  let at = HEADER + 3 * paletteSize(gif);
  while (gif[at] === EXTENSION) {
    if (gif[at + 1] === GRAPHIC_CONTROL && (gif[at + 3]! & 1) === 1) {
      const opaque = Uint8Array.from(gif);
      opaque[at + 3]! &= ~1;
      return opaque;
    }
    // An extension is a chain of blocks, each with its length before it; the last one has none.
    at += 2;
    while ((gif[at] ?? 0) > 0) at += 1 + gif[at]!;
    at++;
  }
  return gif;
}

/** The colour that a file says is behind its frames; black where it says none. */
export function backgroundOf(gif: Uint8Array): Rgb {
  const index = gif[11] ?? 0;
  if (index >= paletteSize(gif)) return { r: 0, g: 0, b: 0 };
  const [r = 0, g = 0, b = 0] = gif.subarray(HEADER + 3 * index);
  return { r, g, b };
}
