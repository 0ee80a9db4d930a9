import { assert } from 'chai';
import type { AppError } from '../../src/errors.js';
import { targetOf } from '../../src/label-config/bind-control.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import { overridden } from '../../src/regions/overrides.js';

const kind = {
  optionsSchema: {
    properties: {
      model_score_threshold: { type: 'number', minimum: 0, maximum: 1 },
      model_top_k: { type: 'integer', minimum: 1 },
      mode: { type: 'string' },
      flag: { type: 'boolean' },
      word: { enum: ['a', 'b'] },
    },
  },
  overridable: ['model_score_threshold', 'model_top_k', 'flag', 'word'],
};
const MANIFEST = { model_score_threshold: 0.25, mode: 'a' };

function options(attributes: string, extraParams: Record<string, unknown> = {}) {
  const config = readLabelConfig(`<View><Labels name="c" toName="t" ${attributes}/></View>`);
  return overridden(kind, MANIFEST, targetOf(config, 'c', 't'), extraParams);
}

describe('options that a project overrides', () => {
  it('come from the extra params, else from the control, else from the manifest', () => {
    assert.deepEqual(options(''), MANIFEST);
    const set = 'model_score_threshold="0.5" model_top_k="3"';
    assert.deepEqual(options(set), { ...MANIFEST, model_score_threshold: 0.5, model_top_k: 3 });
    assert.deepEqual(options(set.toUpperCase()), { ...MANIFEST, model_score_threshold: 0.5, model_top_k: 3 });
    const extra = { model_score_threshold: 0.75, model: 'other' };
    assert.deepEqual(options(set, extra), { ...MANIFEST, model_score_threshold: 0.75, model_top_k: 3 });
  });

  it('are those alone that the kind gives free', () => {
    assert.deepEqual(options('mode="b"', { mode: 'c', toName: 'x' }), MANIFEST);
  });

  it('are refused, with where they stand, when the option cannot have such a value', () => {
    const refusal = (...input: Parameters<typeof options>) => {
      try {
        options(...input);
      } catch (error) {
        return `${(error as AppError).code}: ${(error as AppError).message}`;
      }
      return assert.fail('it was taken');
    };
    assert.equal(
      refusal('model_score_threshold="high"'),
      `no_model_fits: takes a number from 0 to 1 as its model_score_threshold; the config's Labels 'c' has "high"`,
    );
    assert.equal(
      refusal('', { model_score_threshold: 1.5 }),
      'no_model_fits: takes a number from 0 to 1 as its model_score_threshold; the extra params have 1.5',
    );
    assert.match(refusal('model_top_k="1.5"'), /takes a whole number of at least 1 as its model_top_k; /);
    assert.match(refusal('', { model_top_k: [1] }), /a whole number of at least 1 as its .*\[1\]$/);
    assert.match(refusal('flag="True"'), /takes true or false as its flag; .* has "True"$/);
    assert.match(refusal('', { word: 'c' }), /takes a value that must be equal to one of .* as its word; /);
  });
});
