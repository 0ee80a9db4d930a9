import { assert } from 'chai';
import fc from 'fast-check';
import { isUnassociated, isUnreadYcbcr, withoutAssociation } from '../../../src/inputs/image/tiff.js';

type Entry = readonly [tag: number, type: number, count: number, value: number];

const TYPES: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 16: 8 };

/** A file of tags alone. A value that does not fit into its entry stands behind the directory, the others of its tag are 0. */
function tiff(entries: readonly Entry[], { isBig = false, little = true } = {}): Uint8Array {
  const [word, counter, start] = isBig ? [8, 8, 16] : [4, 2, 8];
  const view = new DataView(new ArrayBuffer(512));
  const put = (place: number, size: number, value: number) => {
    if (size === 8) view.setBigUint64(place, BigInt(value), little);
    else if (size === 4) view.setUint32(place, value, little);
    else if (size === 2) view.setUint16(place, value, little);
    else view.setUint8(place, value);
  };
  put(0, 2, little ? 0x4949 : 0x4d4d);
  put(2, 2, isBig ? 43 : 42);
  if (isBig) put(4, 2, 8);
  put(isBig ? 8 : 4, word, start);
  put(start, counter, entries.length);
  let behind = start + counter + entries.length * (4 + 2 * word) + word;
  for (const [index, [tag, type, count, value]] of entries.entries()) {
    const place = start + counter + index * (4 + 2 * word);
    const size = TYPES[type] ?? 1;
    put(place, 2, tag);
    put(place + 2, 2, type);
    put(place + 4, word, count);
    if (size * count <= word) put(place + 4 + word, size, value);
    else {
      put(place + 4 + word, word, behind);
      put(behind, size, value);
      behind += size * count;
    }
  }
  return new Uint8Array(view.buffer, 0, behind);
}

describe('tags of TIFF', () => {
  it('are read in both orders of bytes, of both sizes, in their entry or elsewhere', () => {
    for (const isBig of [false, true]) {
      for (const little of [true, false]) {
        const how = { isBig, little };
        for (const type of [1, 3, 4, ...(isBig ? [16] : [])]) {
          for (const count of [1, 9]) {
            assert.isTrue(isUnassociated(tiff([[338, type, count, 2]], how)), JSON.stringify({ how, type }));
            const plain = withoutAssociation(tiff([[338, type, count, 1]], how));
            assert.deepEqual(plain, tiff([[338, type, count, 0]], how));
          }
        }
        const colours = (photometric: number, ...more: Entry[]) =>
          isUnreadYcbcr(tiff([...more, [262, 3, 1, photometric]], how));
        assert.isTrue(colours(6));
        assert.isTrue(colours(6, [259, 3, 1, 5]));
        assert.isFalse(colours(6, [259, 3, 1, 6]));
        assert.isFalse(colours(6, [259, 3, 1, 7]));
        assert.isFalse(colours(2, [259, 3, 1, 5]));
      }
    }
  });

  it('are those of the first entry, of whole numbers alone', () => {
    assert.isFalse(
      isUnassociated(
        tiff([
          [338, 3, 1, 0],
          [338, 3, 1, 2],
        ]),
      ),
    );
    assert.isFalse(isUnassociated(tiff([[338, 2, 1, 2]])));
    assert.isFalse(isUnassociated(tiff([[338, 3, 0, 2]])));
    const file = tiff([[338, 3, 1, 2]]);
    assert.equal(withoutAssociation(file), file);
  });

  it('are found as far as a damaged file has them', () => {
    const whole = tiff([
      [262, 3, 1, 6],
      [338, 3, 9, 2],
    ]);
    const ends = Array.from(whole, (_, end) => whole.subarray(0, end));
    // After the header, the number of entries and one of them.
    assert.deepEqual(
      ends.map(isUnreadYcbcr),
      ends.map(({ length }) => length >= 8 + 2 + 12 - 2),
    );
    assert.isFalse(ends.slice(0, -18).some(isUnassociated));
    const bytes = fc.uint8Array({ maxLength: 80 });
    const headers = fc.constantFrom([], [...whole.subarray(0, 10)], [...tiff([], { isBig: true })]);
    fc.assert(
      fc.property(headers, bytes, (header, rest) => {
        const file = Uint8Array.of(...header, ...rest);
        isUnreadYcbcr(file);
        isUnassociated(file);
        assert.lengthOf(withoutAssociation(file), file.length);
      }),
    );
  });
});
