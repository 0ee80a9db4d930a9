import { assert } from 'chai';
import fc from 'fast-check';
import { AppError } from '../../src/errors.js';
import type { PlainTensor } from '../../src/inputs/contract.js';
import { bindModel } from '../../src/label-config/bind.js';
import { targetOf } from '../../src/label-config/bind-control.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import { REGIONS } from '../../src/regions/index.js';
import { collect } from '../support/predictions.js';

const kind = REGIONS.TextArea!;

function encode(tensor: PlainTensor, attributes = '', row = 0) {
  const xml = `<View><Text name="t" value="$t"/><TextArea name="c" toName="t" ${attributes}/></View>`;
  const output = { name: 'out', kind: 'texts', tensor: 'x' };
  const outputs = [{ name: 'out', control: 'TextArea' }];
  const manifest = { format: 1 as const, title: 'M', input: { kind: 'text' }, outputs };
  const { binding } = bindModel({ name: 'm', manifest, outputs: [output] }, readLabelConfig(xml));
  const answer = kind.encode({ outputs: { x: tensor }, row, metas: [] }, output, binding.controls[0]!.data);
  const common = { id: 'a', from_name: 'c', to_name: 't', type: 'textarea' };
  collect(xml, [
    { result: answer.results.map(body => ({ ...common, ...body })), score: null, model_version: 'm:1' },
  ]);
  return answer.results.map(({ value }) => value.text);
}
const strings = (data: string[], dims: number[]): PlainTensor => ({ type: 'string', data, dims });

describe('TextArea', () => {
  it('gets the texts of its row, each once, and no more than it takes', () => {
    const two = strings(['a', 'b', ' b ', 'a', '', 'c'], [2, 3]);
    assert.deepEqual(encode(two), [['a', 'b']]);
    assert.deepEqual(encode(two, '', 1), [['a', 'c']]);
    assert.deepEqual(encode(two, 'maxSubmissions="1"', 1), [['a']]);
    assert.deepEqual(encode(two, 'maxSubmissions="many"', 1), [['a', 'c']]);
    assert.deepEqual(encode(strings(['x', 'y'], [2]), '', 1), [['y']]);
  });

  it('gets no result rather than an empty text', () => {
    assert.deepEqual(encode(strings([' \n', ''], [1, 2])), []);
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 4 }), all => {
        for (const texts of encode(strings(all, [1, all.length])) as string[][]) {
          assert.isNotEmpty(texts);
          for (const text of texts) assert.isTrue(text !== '' && text === text.trim());
        }
      }),
    );
  });

  it('fails the task when the graph gives no strings', () => {
    const numbers: PlainTensor = { type: 'float32', data: Float32Array.of(1), dims: [1] };
    assert.throws(() => encode(numbers), AppError, "the model gives float32 for 'out', and not strings");
  });

  it('teaches the texts that an annotator wrote', () => {
    const config = readLabelConfig('<View><Text name="t" value="$t"/><TextArea name="c" toName="t"/></View>');
    const { labels, read } = kind.reader(targetOf(config, 'c', 't'), {});
    assert.isNull(labels);
    assert.deepEqual(read([{ value: { text: 'one' } }]), { target: ['one'], outdated: false });
    assert.deepEqual(read([{ value: { text: ['one', 5, ' ', 'two'] } }]).target, ['one', 'two']);
    for (const text of [[], '', null, 5]) assert.isNull(read([{ value: { text } }]).target);
  });
});
