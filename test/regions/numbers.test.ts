import { assert } from 'chai';
import { encoded, probabilities, refusal, VALUE, value } from './encoded.js';

describe('Rating', () => {
  const rating = (most = '') => `<Rating name="c" toName="text" ${most}/>`;

  it('gets a value as the nearest star in its range', () => {
    const stars = (number: number, most?: string) => value(rating(most), VALUE, [number]);
    for (const [number, expected] of [
      [3.2, 3],
      [3.5, 4],
      [0.2, 1],
      [-7, 1],
      [99, 5],
    ] as const)
      assert.strictEqual(stars(number), expected);
    assert.strictEqual(stars(99, 'maxRating="10"'), 10);
    assert.isNull(encoded(rating(), VALUE, [3]).score);
  });

  it('gets classes that are numbers, with their probability', () => {
    assert.deepEqual(encoded(rating(), probabilities(['1', '3.0', '5']), [0.25, 0.5, 0.25]), {
      results: [{ value: { rating: 3 }, score: 0.5 }],
      score: 0.5,
    });
    assert.isNull(encoded(rating(), { kind: 'scores', labels: ['1', '2'] }, [-1, 1]).score);
  });

  it('gets the probability of all classes of one number', () => {
    const halves = probabilities(['4', '5', '4.0']);
    const answer = { value: { rating: 4 }, score: 0.625 };
    assert.deepEqual(encoded(rating(), halves, [0.375, 0.375, 0.25]), { results: [answer], score: 0.625 });
    assert.deepEqual(encoded('<Number name="c" toName="text"/>', halves, [0.25, 0.375, 0.375]).results, [
      { value: { number: 4 }, score: 0.625 },
    ]);
  });

  it('refuses classes that are no stars of it', () => {
    const of = (labels: string[], most?: string) => refusal(rating(most), probabilities(labels), [1, 0]);
    assert.equal(
      of(['bad', 'good']),
      "label_mismatch: the model 'm' predicts bad, good; the config's Rating 'c' has 1 to 5 stars",
    );
    for (const label of ['0', '6', '2.5', '', '-1', 'NaN']) assert.match(of(['1', label]), /^label_mismatch/);
    assert.match(of(['1', '4'], 'maxRating="3"'), /has 1 to 3 stars$/);
    assert.match(of(['1', '2'], 'maxRating="many"'), /^no_model_fits: .*"many"$/);
    assert.match(
      refusal(rating(), probabilities(['1', '2'], { rule: 'threshold', threshold: 0.5 }), [1, 0]),
      /holds one$/,
    );
  });

  it('fails the task when the value is no number', () => {
    for (const number of [Number.NaN, Number.POSITIVE_INFINITY])
      assert.match(
        refusal(rating(), VALUE, [number]),
        /^model_failed: the model gives (NaN|Infinity) for 'out'/,
      );
  });
});

describe('Number', () => {
  const number = (attributes = '') => `<Number name="c" toName="text" ${attributes}/>`;

  it('has a range whose attributes are in any case', () => {
    const range = '<Number name="c" toName="text" Min="5" MAX="10" Step="5"/>';
    assert.strictEqual(value(range, VALUE, [0.34]), 5);
    assert.strictEqual(value(range, VALUE, [99]), 10);
    assert.strictEqual(value(range, VALUE, [8]), 10);
    assert.match(
      refusal(range, probabilities(['5', '7']), [1, 0]),
      /takes numbers of min="5" max="10" step="5"$/,
    );
  });

  it('gets a value as it is, or the nearest one that its editor takes', () => {
    for (const [attributes, given, expected] of [
      ['', 152.125, 152.125],
      ['', -1e300, -1e300],
      ['min="0" max="10"', 10.5, 10],
      ['min="0" max="10"', -0.5, 0],
      ['step="1"', 7.5, 8],
      ['step="5"', -7.4, -5],
      ['min="1" step="10"', 27, 31],
      ['min="1" step="10"', -27, 1],
      ['min="1" max="30" step="10"', 30, 21],
      ['max="-3" step="5"', 4, -5],
      ['max="9" step="0.25"', 2.6, 2.5],
      ['min="0.1" step="0.2"', 0.29, 0.3],
      ['step="0.1"', 0.31, 0.3],
      ['step="1e-3"', 0.30001, 0.3],
      ['min="" max="none"', 4.5, 4.5],
      // Steps that doubles cannot count, and decimals that JavaScript cannot write.
      ['step="1e-320"', 0.3, 0.3],
      ['min="0" max="1" step="1e-320"', 7, 1],
      ['step="1e-20"', 1e300, 1e300],
      ['min="-1e308" step="1"', 1e308, 1e308],
      ['step="1e-301"', 1e-300, 1e-300],
      ['step="5e-324"', 1e-322, 1e-322],
    ] as const)
      assert.strictEqual(value(number(attributes), VALUE, [given]), expected, `${attributes}: ${given}`);
  });

  it('gets what passes the check of the editor wherever doubles have such a number', () => {
    for (const step of [1, 2, 0.5, 0.25, 10, 3]) {
      for (const min of [0, -1, 0.5, 7]) {
        for (let given = -20; given < 20; given += 1.37) {
          const got = value(number(`min="${min}" max="17" step="${step}"`), VALUE, [given]) as number;
          assert.isTrue(got >= min && got <= 17 && (got - min) % step === 0, `${got} of ${min}, ${step}`);
        }
      }
    }
  });

  it('gets classes that are numbers, and refuses others and those that it does not take', () => {
    assert.deepEqual(encoded(number('max="9"'), probabilities(['0', '9']), [0.25, 0.75]), {
      results: [{ value: { number: 9 }, score: 0.75 }],
      score: 0.75,
    });
    const of = (attributes: string, labels: string[]) =>
      refusal(number(attributes), probabilities(labels), [1, 0]);
    assert.equal(
      of('', ['low', 'high']),
      "label_mismatch: the model 'm' predicts low, high; the config's Number 'c' takes numbers",
    );
    assert.match(of('max="5"', ['5', '6']), /takes numbers of max="5"$/);
    assert.match(of('step="2"', ['4', '5']), /takes numbers of step="2"$/);
  });

  it('refuses a control that no number fits', () => {
    for (const attributes of ['step="any"', 'step="0"', 'step="-1"', 'min="3" max="2"'])
      assert.match(
        refusal(number(attributes), VALUE, [1]),
        /^no_model_fits: .*a Number that some number fits/,
      );
    assert.match(refusal(number(), VALUE, [Number.NaN]), /^model_failed/);
  });
});
