import { assert } from 'chai';
import type { PlainTensor } from '../../src/inputs/contract.js';
import type { ImageMeta } from '../../src/inputs/image/contract.js';
import { type FoundMask, findMasks } from '../../src/regions/image/found-masks.js';
import { type Mask, windowOf } from '../../src/regions/image/mask.js';
import type { OutputSpec } from '../../src/registry/version.js';
import { originals, type Packed, unpacked } from './originals.js';

interface Case {
  name: string;
  tensors: Record<string, Packed>;
  output: Omit<OutputSpec, 'name'>;
  meta: ImageMeta;
  /** In the order of their scores; of a segmentation, of their labels. */
  masks: string[];
  /** The mean score of each label. */
  means?: (number | null)[];
  pixel?: number;
}

const CASES = 100;
/** Cases that `things` of masks.py makes. */
const THINGS = 8;

function ours({ tensors, output, meta, pixel = 0.5 }: Case): FoundMask[] {
  const outputs: Record<string, PlainTensor> = {};
  for (const [name, packed] of Object.entries(tensors)) outputs[name] = unpacked(packed);
  const { tensor, ...parts } = Object.fromEntries(Object.keys(tensors).map(name => [name, name]));
  const spec = { name: 'out', ...output, ...(tensor && { tensor }), tensors: parts } as OutputSpec;
  const selection = { threshold: 0, overlap: null, most: 100, wants: () => true, pixel };
  return [...findMasks({ outputs, row: 0, metas: [meta] }, spec, selection)];
}

/** Pixels that both have, and that either has. */
function compared(mask: Mask | undefined, bits: Buffer, { width, height }: ImageMeta): [number, number] {
  const isIn = (x: number, y: number) => {
    if (mask === undefined) return 0;
    const { left, top, width, height } = windowOf(mask);
    const inside = x >= left && y >= top && x < left + width && y < top + height;
    return inside ? mask.data[(y - top) * width + x - left]! : 0;
  };
  let [both, either] = [0, 0];
  for (let y = 0, pixel = 0; y < height; y++) {
    for (let x = 0; x < width; x++, pixel++) {
      const other = (bits[pixel >> 3]! >> (7 - (pixel & 7))) & 1;
      const own = isIn(x, y);
      both += own & other;
      either += own | other;
    }
  }
  return [both, either];
}

describe('masks, as the libraries of the models make them', () => {
  let cases: Case[];

  before(async () => {
    cases = await originals<Case>('test/torch/masks.py', `${CASES}`);
  });

  for (const name of ['sam', 'ultralytics', 'segformer', 'independent', 'torchvision']) {
    it(`are the same as those of ${name}, in ${CASES} random cases`, () => {
      const own = cases.filter(each => each.name === name);
      assert.lengthOf(own, name === 'sam' ? CASES + THINGS : CASES);
      let [pixels, differing] = [0, 0];
      for (const each of own) {
        const made = ours(each);
        // Masks of which nothing is in are none.
        const theirs = each.masks.map(mask => Buffer.from(mask, 'base64'));
        const shown = theirs.flatMap((bits, label) => (bits.some(byte => byte > 0) ? [{ bits, label }] : []));
        assert.lengthOf(made, shown.length);
        for (const [at, { bits, label }] of shown.entries()) {
          const mask = each.means === undefined ? made[at]! : made.find(found => found.label === label)!;
          const [both, either] = compared(mask.mask, bits, each.meta);
          // A single pixel whose number is nearly 0 may be rounded to either side.
          assert.isTrue(both / either >= 0.99 || either - both <= 1, `${both} of ${either} pixels`);
          if (each.means !== undefined) assert.approximately(mask.score!, each.means[label]!, 1e-5);
          pixels += either;
          differing += either - both;
        }
      }
      assert.isAbove(pixels, 10_000);
      assert.isBelow(differing / pixels, 1e-4);
    });
  }
});
