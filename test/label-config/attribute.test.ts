import { assert } from 'chai';
import { attribute } from '../../src/label-config/attribute.js';
import { readLabelConfig } from '../../src/label-config/parse.js';

describe('an attribute of a tag', () => {
  it('is found in any case, the last one first', () => {
    const { attributes } = readLabelConfig(
      '<Text name="t" value="$a" ValueType="text" valuetype="url" İnline="x"/>',
    ).objects.get('t')!;
    assert.equal(attribute(attributes, 'valueType'), 'url');
    assert.equal(attribute(attributes, 'VALUE'), '$a');
    assert.isUndefined(attribute(attributes, 'inline'));
    assert.isUndefined(attribute(attributes, 'encoding'));
    assert.isUndefined(attribute({}, 'toString'));
  });

  it('makes an object of a tag whose value is written in another case', () => {
    const config = readLabelConfig(
      '<View><Image name="i" valuelist="$pages"/><Text name="t" VALUE="$text"/><Choices name="c" toName="t"/></View>',
    );
    assert.deepEqual([...config.objects.keys()], ['i', 't']);
    // Label Studio's own parser does not know them.
    assert.deepEqual(config.parsed.c!.inputs, []);
  });
});
