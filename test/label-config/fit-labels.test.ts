import { assert } from 'chai';
import {
  fitNames,
  LabelMismatchError,
  type LabelRules,
  type Labels,
  type LeftOut,
  toldLeftOut,
} from '../../src/label-config/fit-labels.js';
import { readLabelConfig } from '../../src/label-config/parse.js';

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

/** What the labels of a model are in a config with such labels: `value`, or the attributes of a `<Label>`. */
function fitted(
  model: readonly (string | null)[],
  config: readonly (string | Record<string, string>)[],
  scope: Labels<string>['scope'],
  rules: LabelRules = {},
) {
  const labels = config.map(label => {
    const attributes = typeof label === 'string' ? { value: label } : label;
    return `<Label ${Object.entries(attributes)
      .map(([key, text]) => `${key}="${escaped(text)}"`)
      .join(' ')}/>`;
  });
  const { parsed } = readLabelConfig(`<View><Labels name="c" toName="t">${labels.join('')}</Labels></View>`);
  return fitNames({ tag: 'Labels', name: 'c', parsed: parsed.c! }, model, { scope, verb: 'marks' }, rules);
}

function refusal(...input: Parameters<typeof fitted>): LabelMismatchError {
  try {
    fitted(...input);
  } catch (error) {
    assert.instanceOf(error, LabelMismatchError);
    return error as LabelMismatchError;
  }
  return assert.fail('it fits');
}

const SCOPES = ['class', 'regions'] as const;

describe('labels of a model and of a config', () => {
  for (const scope of SCOPES) {
    describe(`for ${scope}`, () => {
      const fit = (
        model: readonly string[],
        config: readonly (string | Record<string, string>)[],
        rules?: LabelRules,
      ) => fitted(model, config, scope, rules);

      it('fit when the config has all of the model', () => {
        assert.deepEqual(fit(['a', 'b'], ['b', 'a']), ['a', 'b']);
        assert.deepEqual(fit(['Positive', 'Negative'], ['Negative', 'Neutral', 'Positive', 'Unsure']), [
          'Positive',
          'Negative',
        ]);
        assert.deepEqual(fit(['Positive'], ['Positive', 'Positiv']), ['Positive']);
      });

      it('fit when the model has all of the config, and the others are left out', () => {
        assert.deepEqual(fit(['Food', 'Sports', 'Tech'], ['Tech', 'Food']), ['Food', null, 'Tech']);
        assert.deepEqual(fit(['Food', 'Foods'], ['Food']), ['Food', null]);
      });

      it('are found by alias, by what is shown, by predicted_values and in another case', () => {
        const config = [
          { value: 'Male', alias: 'M' },
          { value: 'Gut', predicted_values: 'pos, positive' },
          { value: 'Schlecht', alias: 'S', Predicted_Values: 'neg' },
        ];
        assert.deepEqual(fit(['male', 'positive', 'pos', 'neg', 'other'], config), [
          'M',
          'Gut',
          'Gut',
          'S',
          null,
        ]);
      });

      it('do not fit when they have none in common, whatever the project says', () => {
        for (const rules of [{}, { partial: true }, { trained: true }]) {
          const { message, nearness } = refusal(['a', 'b'], ['c'], scope, rules);
          assert.equal(
            message,
            "marks a, b; the config's Labels 'c' has c" +
              ('trained' in rules
                ? ''
                : '. None is in common: map them, such as with predicted_values="a" on a label, or use another model'),
          );
          assert.equal(nearness, 'none');
        }
        assert.equal(
          refusal(['a'], [], scope).message,
          "marks a; the config's Labels 'c' has none: add the labels",
        );
      });

      it('fit when each has others, with `partial` and for a version that was trained for the project', () => {
        for (const rules of [{ partial: true }, { trained: true }])
          assert.deepEqual(fit(['Positive', 'Negative'], ['Positiv', 'Negative'], rules), [null, 'Negative']);
      });

      it('are refused with the nearest label when each has others and one is a near miss', () => {
        const error = refusal(['Negative', 'Positive'], ['Negative', 'Positiv'], scope);
        assert.equal(
          error.of('sentiment').message,
          "the model 'sentiment' marks Negative, Positive; the config's Labels 'c' has Negative, Positiv: did you mean " +
            'Positive by \'Positiv\'? Rename the label, or set its predicted_values="Positive"',
        );
        assert.equal(error.nearness, 'near miss');
        assert.deepInclude(error.of('sentiment'), { nearness: 'near miss', target: 'c' });
      });

      it('are refused with all near misses', () => {
        const model = ['Negative', 'Neutral', 'Positive'];
        assert.match(
          refusal(model, ['Positiv', 'Neutral', 'Negativ'], scope).message,
          /has Positiv, Neutral, Negativ: did you mean Positive by 'Positiv', Negative by 'Negativ'\? Rename the labels, or set predicted_values of each$/,
        );
      });

      it('are refused with the attribute that is misspelled', () => {
        for (const predicted_values of ['Positve', 'positive', 'pos, Positve']) {
          const spelled = { value: 'Gut', predicted_values };
          const { message } = refusal(['Negative', 'Positive'], ['Negative', spelled], scope);
          const name = predicted_values.split(', ').at(-1);
          assert.include(
            message,
            `has Negative, Gut: did you mean Positive by predicted_values="${name}" of Gut? predicted_values must be exactly what`,
          );
        }
        assert.include(
          refusal(['Negative', 'Positive'], ['Negative', { value: 'Positiv', alias: 'P' }], scope).message,
          'has Negative, P: did you mean Positive by value="Positiv" of P? Rename the label, or set its predicted_values="Positive"',
        );
      });

      it('are told by the nearest one when none is in common', () => {
        const error = refusal(['Neutral', 'Mixed'], ['Neutal'], scope);
        assert.match(error.message, /has Neutal: did you mean Neutral by 'Neutal'\? Rename the label, or /);
        assert.equal(error.nearness, 'none');
      });

      it('are told within 300 characters, those first that matter, however many there are', () => {
        const many = (count: number, word: string) =>
          Array.from({ length: count }, (_, at) => `${word} ${at}`);
        const { message } = refusal(
          [...many(1000, 'Category'), 'Positive'],
          [...many(1000, 'Product group'), 'Positiv'],
          scope,
        ).of('a-model-of-many-categories');
        assert.isAtMost(message.length, 300);
        assert.match(message, /marks Positive, Category 0, .* and 99\d more; /);
        assert.match(
          message,
          /has Positiv, Product group 0.* and 99\d more: did you mean Positive by 'Positiv'\?/,
        );
        const long = refusal(
          [`${'x'.repeat(500)} 1`, 'a'],
          [`${'y'.repeat(500)} 1`, 'a', ...many(9, 'b')],
          'class',
        );
        assert.isAtMost(long.of('model').message.length, 300);
      });

      it('are told when they are left out', () => {
        const told: LeftOut[] = [];
        const leaveOut = (each: LeftOut) => void told.push(each);
        fit(['a'], ['a'], { leaveOut });
        assert.deepEqual(told, []);
        fit(['a', 'b'], ['a', 'c'], { leaveOut, trained: true });
        fit(['a', 'b'], ['a', 'c'], { leaveOut, partial: true });
        assert.deepEqual(
          told.splice(0).map(({ isPartly }) => isPartly),
          [true, false],
        );
        fit(['a', 'Dog', 'Cat'], ['a'], { leaveOut });
        fit(['a'], ['a', 'b'], { leaveOut });
        assert.deepEqual(told.flatMap(toldLeftOut), [
          "leaves out Dog, Cat, which the config's Labels 'c' does not have",
          "never answers b of the config's Labels 'c'",
        ]);
      });
    });
  }

  it('are refused for one class and fit for regions when each has others', () => {
    assert.match(
      refusal(['cat', 'B-PER', 'dog'], ['car', 'B-ORG', 'dog'], 'class').message,
      /^marks cat, B-PER, dog; the config's Labels 'c' has car, B-ORG, dog\. In common: dog\. To fill only these, set /,
    );
    assert.equal(refusal(['cat', 'dog'], ['dog', 'cow'], 'class').nearness, 'part');
    assert.deepEqual(
      fitted(['cat', 'Person', 'B-PER', 'dog'], ['car', 'Persona', 'B-ORG', 'dog'], 'regions'),
      [null, null, null, 'dog'],
    );
  });

  it('leave alone what is no answer of a model', () => {
    assert.deepEqual(fitted([null, 'a', 'N/A', 'N/A'], ['a'], 'regions'), [null, 'a', null, null]);
    assert.match(refusal([null, 'a'], ['b'], 'regions').message, /^marks a; /);
  });
});
