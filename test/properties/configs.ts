import fc from 'fast-check';
import { INPUTS } from '../../src/inputs/index.js';
import type { Context } from '../../src/model.js';
import type { Pair } from '../support/example-models.js';
import { controlsOf } from './controls.js';
import type { Shown } from './objects.js';
import { type Tag, tag, xmlOf } from './tags.js';

/** A labeling config with tasks that Label Studio can show under it. */
export interface Project {
  config: string;
  tasks: readonly Readonly<Record<string, unknown>>[];
  /** What an annotator just did in the first of them, for a model that answers only to that. */
  context?: Context;
}

/** The most tasks of a request. */
const TASKS = 3;

/** Where an object's value stands in a task: what the tag says, and the data that hold it there. */
const PLACES: Readonly<Record<string, (value: unknown) => Record<string, unknown>>> = {
  $shown: shown => ({ shown }),
  '$Review Text': value => ({ 'Review Text': value }),
  $текст: value => ({ текст: value }),
  '$deep.in.it': it => ({ deep: { in: { it } } }),
  '$rows[1].it': it => ({ rows: [null, { it }] }),
  '$a.b': value => ({ 'a.b': value }),
};

/** Attributes that Label Studio's own reader and validator want in this case; of all others the editor takes any. */
const AS_IT_IS =
  /^(?:name|toName|value|valueList|alias|predicted_values|perRegion|maxRating|indexFlag|when\w+)$/;

export function inLowerCase({ tag: name, attributes, children = [] }: Tag): Tag {
  const spelt = Object.entries(attributes).map(([key, value]) => [
    AS_IT_IS.test(key) ? key : key.toLowerCase(),
    value,
  ]);
  return tag(name, Object.fromEntries(spelt), children.map(inLowerCase));
}

/** Configs that a model may fill, with everything else around that a project may have. */
export function projectsFor(
  pair: Pair,
  objects: Readonly<Record<string, fc.Arbitrary<Shown>>>,
): fc.Arbitrary<Project> {
  const { kind, region, example } = pair;
  const able = region.objectTags ?? INPUTS[kind]!.objectTags;
  const tags = able.length === 0 ? Object.keys(objects) : able;
  return fc
    .record({
      object: fc.constantFrom(...tags).chain(name => objects[name]!),
      second: fc.option(fc.constantFrom('Text', 'Image', 'Header', 'List'), { nil: undefined, freq: 3 }),
      control: controlsOf(pair),
      source: fc.constantFrom(...Object.keys(PLACES)),
      lowerCase: fc.boolean(),
      names: fc.constantFrom(['control', 'object'], ['Контроль', 'a b'], ['10', '9']),
      order: fc.boolean(),
      toBoth: fc.boolean(),
      beside: fc.boolean(),
      repeater: fc.nat(30).map(each => each === 0),
    })
    .chain(({ object, second, control, source, lowerCase, names, order, toBoth, beside, repeater }) => {
      const [name = '', objectName = ''] = names;
      const pairwise = region.tag === 'Pairwise';
      const other = second ?? (pairwise ? 'Text' : undefined);
      const more = other === undefined ? fc.constant(undefined) : objects[other]!;
      return more.chain(extra => {
        const flag = repeater ? '{{idx}}' : undefined;
        const suffix = flag ?? '';
        const own = tag(
          object.tag,
          { name: `${objectName}${suffix}`, [object.source ?? 'value']: source, ...object.attributes },
          object.children,
        );
        const targets = [`${objectName}${suffix}`, ...((toBoth || pairwise) && extra ? ['second'] : [])];
        const filled = tag(
          control.tag,
          { name: `${name}${suffix}`, toName: targets.join(','), ...control.attributes },
          control.children,
        );
        const around: Tag[] = [tag('Header', { value: 'Please label' })];
        if (extra)
          around.push(
            tag(
              extra.tag,
              { name: 'second', [extra.source ?? 'value']: '$second', ...extra.attributes },
              extra.children,
            ),
          );
        if (beside) around.push(otherChoices(`${objectName}${suffix}`));
        const inner = [
          ...(order ? [own, filled] : [filled, own]),
          ...besideTags(pair, 'beside', `${objectName}${suffix}`),
        ];
        const main = repeater
          ? [tag('Repeater', { on: '$items', indexFlag: flag, mode: 'pagination' }, inner)]
          : inner;
        const whole = tag('View', {}, [...around, tag('View', { style: 'display: flex' }, main)]);
        const config = xmlOf(lowerCase ? inLowerCase(whole) : whole);
        const columns = kind === 'tabular' ? example.data : {};
        const task = fc
          .tuple(object.values, extra?.values ?? fc.constant(undefined))
          .map(([value, next]) => ({
            ...columns,
            note: 'a note',
            options: [{ value: 'Else' }],
            items: [{ shown: 'x' }],
            ...object.beside,
            ...extra?.beside,
            ...(extra && { second: next }),
            ...PLACES[source]!(value),
          }));
        return fc.array(task, { minLength: 2, maxLength: TASKS }).map((tasks): Project => {
          const results = example.context?.result?.map(each => ({ ...each, to_name: targets[0]! }));
          return { config, tasks, ...(results && { context: { ...example.context, result: results } }) };
        });
      });
    });
}

/** A control that others may depend on, and that no model is for. */
export function otherChoices(object: string): Tag {
  const labels = ['Else', 'Never'].map(value => tag('Choice', { value }));
  return tag('Choices', { name: 'other', toName: object, choice: 'single' }, labels);
}

/** What stands beside a control that means nothing without it. */
export function besideTags({ shown }: Pair, name: string, object: string): Tag[] {
  const { beside } = shown;
  if (beside === undefined) return [];
  const labels = [...beside.control.matchAll(/<Label value="([^"]*)"/g)].map(([, value]) =>
    tag('Label', { value }),
  );
  return [tag(beside.tag, { name, toName: object }, labels)];
}
