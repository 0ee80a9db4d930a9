/** An SVG of a few kilobytes whose filters take minutes. */
export function endlessSvg(): Buffer {
  const filters =
    '<feTurbulence baseFrequency="0.9" numOctaves="9"/><feGaussianBlur stdDeviation="90"/><feMorphology radius="99"/>';
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="2000" height="2000"><filter id="f">${filters.repeat(60)}</filter><rect filter="url(#f)" width="2000" height="2000"/></svg>`,
  );
}

/** The header of a TIFF without pixels: https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf */
export function tiffOf(size: { width: number; height: number; tile?: number; bands?: number }): Buffer {
  const { width, height, tile, bands = 1 } = size;
  const tags: [id: number, value: number][] = [
    [256, width],
    [257, height],
    [258, 8],
    [259, 8],
    [262, 1],
    [277, bands],
    ...(tile === undefined
      ? ([
          [273, 8],
          [278, height],
          [279, 8],
        ] as [number, number][])
      : ([
          [322, tile],
          [323, tile],
          [324, 8],
          [325, 8],
        ] as [number, number][])),
  ];
  const file = Buffer.alloc(8 + 2 + 12 * tags.length + 4);
  file.write('II*\0', 0, 'latin1');
  file.writeUInt32LE(8, 4);
  file.writeUInt16LE(tags.length, 8);
  for (const [index, [id, value]] of tags.sort(([a], [b]) => a - b).entries()) {
    const at = 10 + 12 * index;
    file.writeUInt16LE(id, at);
    file.writeUInt16LE(4, at + 2);
    file.writeUInt32LE(1, at + 4);
    file.writeUInt32LE(value, at + 8);
  }
  return file;
}
