import { assert } from 'chai';
import { readLabelConfig } from '../../src/label-config/parse.js';
import type { Prediction } from '../../src/model.js';
import type { RegionExample, RegionKind } from '../../src/regions/contract.js';
import { REGIONS } from '../../src/regions/index.js';
import { collect } from '../support/predictions.js';
import { type Format, FORMATS as formats, strangeIn } from '../support/value-formats.js';

/** What the editor shows and no region kind fills. */
const NOT_YET: readonly string[] = [
  // The tag multiplies others, whose results have names that the validator does not know.
  'Repeater (any control)',
];

/** An example of a row, with the config that it is of. */
interface Shown {
  region: RegionKind;
  example: RegionExample;
  config: string;
}

const shown = Object.values(REGIONS).flatMap(region =>
  [region.example, ...(region.otherExamples ?? [])].map((example): Shown => {
    const object =
      example.input?.object ?? `<${region.objectTags?.[0] ?? 'Text'} name="object" value="$value"/>`;
    return {
      region,
      example,
      config: `<View>${object}${example.control}${example.beside?.control ?? ''}</View>`,
    };
  }),
);

/** The tags that a config's control holds beside its labels, such as Bucket. */
function partsOf(config: string, control: string): string[] {
  const tags = readLabelConfig(config).others.flatMap(other =>
    other.control === control ? [other.tag] : [],
  );
  return [...new Set(tags)].filter(tag => tag !== 'View');
}

/** What keeps an example from being one of a format; empty: nothing. */
function differences(format: Format, { region, example, config }: Shown): string[] {
  const { results, relations = [] } = example.encoded;
  const found: string[] = [];
  const expect = (holds: boolean, what: string) => {
    if (!holds) found.push(what);
  };
  if (format.result_type === 'relation') {
    expect(relations.length > 0, 'no relation');
    for (const { direction } of relations) expect(['left', 'right', 'bi'].includes(direction), direction);
    return found;
  }
  expect(region.type === format.result_type, `the type ${region.type}`);
  const objects = format.object_tags.map(each => /^[A-Z]\w*/.exec(each)?.[0]);
  const isOn = (tag: string | undefined) => tag === undefined || (region.objectTags?.includes(tag) ?? true);
  expect(objects.some(isOn), `on ${region.objectTags}`);
  const { from_name } = format.example_result[0]!;
  const [own, its] = [partsOf(config, 'control'), partsOf(format.label_config, from_name)];
  expect(own.join() === its.join(), `with ${own.join() || 'no tags in it'}`);
  // What describes a region of another control gets the place of that.
  for (const { value, regionKey } of results)
    found.push(...strangeIn(format, value, regionKey !== undefined));
  expect(results.length > 0, 'no result');
  return found;
}

describe('the formats of results that Label Studio has', () => {
  it('are those of its own examples', () => {
    assert.lengthOf(formats, 42);
    for (const { entry, value_key, value_fields } of formats)
      if (value_key !== null) assert.isNotEmpty(value_fields, entry);
  });

  it('are all filled where its editor shows them, but for those that are listed', () => {
    const missing = formats
      .filter(format => format.in_oss_editor_1_23_2)
      .filter(format => !shown.some(each => differences(format, each).length === 0))
      .map(({ entry }) => entry);
    assert.deepEqual(missing, NOT_YET);
  });

  it('are what each example has, and pass the validator of Label Studio', () => {
    for (const each of shown) {
      const { region, example, config } = each;
      const fits = formats.map(format => ({ format, found: differences(format, each) }));
      const nearest = fits.filter(({ format }) => format.result_type === region.type);
      assert.isTrue(
        nearest.some(({ found }) => found.length === 0),
        `${region.name ?? region.tag}: ${JSON.stringify(nearest.map(({ format, found }) => [format.entry, ...found]))}`,
      );
      const { results, relations = [], score } = example.encoded;
      const common = { from_name: 'control', to_name: 'object', type: region.type };
      const ids = results.map((_, index) => String(index));
      const result = [
        ...results.map(({ key: _, parentKey: __, parent, ...body }, index) => ({
          id: ids[index],
          ...common,
          ...body,
          ...(parent === undefined ? {} : { parentID: ids[parent] }),
        })),
        ...relations.map(({ from, to, ...rest }) => ({
          type: 'relation',
          from_id: ids[from],
          to_id: ids[to],
          ...rest,
        })),
      ];
      // The validator wants the place beside its labels; examples.test.ts has both.
      if (!example.beside) collect(config, [{ result, score, model_version: 'm' } as unknown as Prediction]);
    }
  });

  it('do not pass with less than they need', () => {
    const labels = shown.find(({ region }) => region.tag === 'HyperTextLabels')!;
    const format = formats.find(({ tag }) => tag === 'HyperTextLabels')!;
    assert.isEmpty(differences(format, labels));
    const [result] = labels.example.encoded.results;
    for (const change of [{ startOffset: undefined }, { end: 3 }, { hypertextlabels: 'A' }, { more: 1 }]) {
      const encoded = { results: [{ value: { ...result!.value, ...change } }], score: null };
      assert.isNotEmpty(differences(format, { ...labels, example: { ...labels.example, encoded } }));
    }
  });
});
