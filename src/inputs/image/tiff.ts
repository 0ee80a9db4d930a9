/** Numbers of tags: https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf (Appendix A: TIFF Tags Sorted by Number). */
const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const EXTRA_SAMPLES = 338;

/** Brightness and two differences of colour. */
const YCBCR = 6;
/** The old and the new way to put a JPEG into a TIFF: its decoder makes red, green and blue. */
const JPEGS: readonly number[] = [6, 7];

/** What a channel beside the colours is: https://libtiff.gitlab.io/libtiff/functions/TIFFGetField.html */
const UNSPECIFIED = 0;
const ASSOCIATED = 1;
const UNASSOCIATED = 2;

const CLASSIC = 42;
const BIG = 43;

/** Bytes of a whole number without a sign, by its type. */
const SIZES: ReadonlyMap<number, 1 | 2 | 4 | 8> = new Map([
  [1, 1],
  [3, 2],
  [4, 4],
  [16, 8],
]);

/** The first number of a tag, and where it stands in the file. */
interface Tag {
  value: number;
  at: number;
  /** Bytes that it has. */
  size: number;
}

/** Reads a whole number; undefined beyond the end of the file. */
type ReadNumber = (place: number, size: 1 | 2 | 4 | 8) => number | undefined;

/** @returns undefined for a file that says no order of bytes */
function numbersOf(file: Uint8Array): ReadNumber | undefined {
  const order = String.fromCharCode(...file.subarray(0, 2));
  if (order !== 'II' && order !== 'MM') return undefined;
  const littleEndian = order === 'II';
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  return (place, size) => {
    if (place + size > file.length) return undefined;
    if (size === 1) return view.getUint8(place);
    if (size === 2) return view.getUint16(place, littleEndian);
    return size === 4 ? view.getUint32(place, littleEndian) : Number(view.getBigUint64(place, littleEndian));
  };
}

/**
 * The tags of the first image of a TIFF or BigTIFF that are whole numbers; of a damaged file those that are found.
 *
 * @see https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf (Section 2: TIFF Structure)
 * @see https://libtiff.gitlab.io/libtiff/specification/bigtiff.html
 */
function tagsOf(file: Uint8Array): ReadonlyMap<number, Tag> {
  const tags = new Map<number, Tag>();
  const read = numbersOf(file);
  const version = read?.(2, 2);
  if (read === undefined || (version !== CLASSIC && version !== BIG)) return tags;
  const isBig = version === BIG;
  const [word, counter, entry] = isBig ? ([8, 8, 20] as const) : ([4, 2, 12] as const);
  const directory = read(isBig ? 8 : 4, word);
  const count = directory === undefined ? undefined : read(directory, counter);
  if (directory === undefined || count === undefined) return tags;
  for (let index = 0; index < count; index++) {
    const place = directory + counter + index * entry;
    const [id, type, values] = [read(place, 2), read(place + 2, 2), read(place + 4, word)];
    if (id === undefined || type === undefined || values === undefined) break;
    const size = SIZES.get(type);
    // Of a tag that comes twice the first one counts, as for libtiff.
    if (size === undefined || values === 0 || tags.has(id)) continue;
    const field = place + 4 + word;
    // Values stand elsewhere where they do not fit into the entry.
    const at = values * size <= word ? field : read(field, word);
    const value = at === undefined ? undefined : read(at, size);
    if (at !== undefined && value !== undefined) tags.set(id, { value, at, size });
  }
  return tags;
}

/** Whether pixels are brightness and differences of colour, which libvips takes for red, green and blue. */
export function isUnreadYcbcr(file: Uint8Array): boolean {
  const tags = tagsOf(file);
  return tags.get(PHOTOMETRIC)?.value === YCBCR && !JPEGS.includes(tags.get(COMPRESSION)?.value ?? 1);
}

/** Whether the channel beside the colours is a transparency that these were not multiplied with yet. */
export function isUnassociated(file: Uint8Array): boolean {
  return tagsOf(file).get(EXTRA_SAMPLES)?.value === UNASSOCIATED;
}

/**
 * The same file with colours that are not said to be multiplied with their transparency: libvips divides such ones by it.
 *
 * @returns a copy where it says so
 */
export function withoutAssociation(file: Uint8Array): Uint8Array {
  const tag = tagsOf(file).get(EXTRA_SAMPLES);
  if (tag?.value !== ASSOCIATED) return file;
  const plain = Uint8Array.from(file);
  plain.fill(UNSPECIFIED, tag.at, tag.at + tag.size);
  return plain;
}
