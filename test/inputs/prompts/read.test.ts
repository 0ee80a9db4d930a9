import { assert } from 'chai';
import { readPrompts } from '../../../src/inputs/prompts/read.js';

describe('what is drawn to show what is meant', () => {
  it('is read in time that grows with the results alone', function () {
    this.timeout(20_000);
    const result = Array.from({ length: 300_000 }, (_, index) => ({
      id: String(index),
      type: 'keypoint',
      from_name: 'points',
      to_name: 'image',
      value: { x: index % 100, y: 50 },
    }));
    const prompts = readPrompts({ result } as never, 'image');
    assert.lengthOf(prompts!.points, 300_000);
    assert.deepInclude(prompts!.points[7], { x: 7, y: 50, isIn: true });
  });
});
