import { assert } from 'chai';
import { pagesOf } from '../../src/inputs/shown/pages.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import { placeOfObject } from '../../src/label-config/places.js';

const config = readLabelConfig('<View><Image name="scan" valueList="$pages"/></View>');
const place = placeOfObject(config.objects.get('scan')!, config);

describe('the pages of an Image with valueList', () => {
  it('are found in time that grows with their number and that of the results alone', function () {
    this.timeout(20_000);
    const pages = Array.from({ length: 10_000 }, (_, index) => `https://example.com/${index}.png`);
    const result = Array.from({ length: 1_000_000 }, (_, index) => ({
      to_name: 'scan',
      item_index: index % 7,
    }));
    const found = pagesOf({ pages }, place, { result } as never);
    assert.deepEqual(
      found.map(({ item }) => item),
      [0, 1, 2, 3, 4, 5, 6],
    );
    assert.lengthOf(found[6]!.context!.result as unknown[], 142_857);
  });

  it('are ten thousand at most', () => {
    assert.throws(
      () => pagesOf({ pages: Array(10_001).fill('a') }, place, null),
      "the task has 10001 pages under 'pages', and may have 10000: split it",
    );
  });
});
