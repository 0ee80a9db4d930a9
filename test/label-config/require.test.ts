import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import { requireLabelConfig } from '../../src/label-config/require.js';

const config = (body: string) => `<View><Text name="text" value="$text"/>${body}</View>`;
const ratings = (count: number, toName = 'text') =>
  config(Array.from({ length: count }, (_, at) => `<Rating name="r${at}" toName="${toName}"/>`).join(''));
const choices = (count: number, toName = 'text') =>
  config(
    `<Choices name="c" toName="${toName}">${Array.from({ length: count }, (_, at) => `<Choice value="${at}"/>`).join('')}</Choices>`,
  );
const names = (count: number) => Array(count).fill('text').join(',');

describe('the size of a labeling config', () => {
  const refused: [what: string, xml: string, message: string][] = [
    ['controls', ratings(1_001), 'has 1001 controls, and this server reads at most 1000'],
    ['names', ratings(100, names(31)), 'has 3100 names in the toName="..." of its controls, and'],
    ['labels', choices(1_001, names(100)), 'has 100100 labels, counted once for each name in the toName'],
  ];
  for (const [what, xml, message] of refused)
    it(`is bounded in ${what}`, () => {
      assert.throws(() => requireLabelConfig(xml), AppError, `the labeling config ${message}`);
    });

  it('may be what projects have', () => {
    assert.equal(requireLabelConfig(ratings(1_000)).controls.size, 1_000);
    assert.lengthOf(requireLabelConfig(choices(40_000)).parsed.c!.labels, 40_000);
  });
});
