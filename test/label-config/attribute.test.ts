import { assert } from 'chai';
import { attribute } from '../../src/label-config/attribute.js';
import { bindModel } from '../../src/label-config/bind.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import { REGIONS } from '../../src/regions/index.js';
import { type PAIRS, pairsOf } from '../support/example-models.js';

/** Those that Label Studio's own server reads in one case alone. */
const SERVER_READS = ['name', 'toName', 'value', 'alias'];

/** All others are in capitals. */
function shouted(config: string): string {
  return config.replace(/(\w+)=(?=")/g, (written, name) =>
    SERVER_READS.includes(name) ? written : written.toUpperCase(),
  );
}

/** What the example of a row is bound to, as text. */
function bound({ kind, example, shown }: (typeof PAIRS)[number], tag: string, config: string): string {
  const { output, options, beside } = shown;
  const manifest = {
    format: 1 as const,
    title: 'M',
    input: { kind, ...example.options },
    outputs: [{ name: output.name, control: tag, ...options }],
  };
  const specs = [output];
  if (beside) {
    manifest.outputs.push({ name: 'beside', control: beside.tag });
    specs.push({ ...(beside.output ?? output), name: 'beside' });
  }
  return JSON.stringify(bindModel({ name: 'm', manifest, outputs: specs }, readLabelConfig(config)));
}

describe('an attribute of a tag', () => {
  for (const { tag, ...region } of Object.values(REGIONS)) {
    const pairs = pairsOf({ tag, ...region });
    it(`is read in any case by the row ${region.name ?? tag}`, () => {
      for (const pair of pairs) {
        const config = shouted(pair.config);
        const attributes = /"attributes":\{.*?\}/g;
        const [ours, theirs] = [config, pair.config].map(each =>
          bound(pair, tag, each).replace(attributes, ''),
        );
        assert.equal(ours, theirs, config);
      }
    });
  }

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
