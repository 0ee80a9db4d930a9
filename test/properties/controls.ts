import fc from 'fast-check';
import type { OutputSpec } from '../../src/registry/version.js';
import type { Pair } from '../support/example-models.js';
import { type Tag, tag } from './tags.js';

/** A control tag without its name and `toName`, with what must stand beside it. */
export interface Control {
  tag: string;
  attributes: Tag['attributes'];
  children: readonly Tag[];
}

type Attributes = Record<string, fc.Arbitrary<string | undefined>>;

const flag = fc.constantFrom('true', 'false', undefined);
const often = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, fc.constantFrom(usual, ...others));

/** What any control may have. */
const COMMON: Attributes = {
  required: flag,
  requiredMessage: fc.constantFrom('Please', undefined),
  perItem: often<string | undefined>(undefined, 'true', 'false'),
  perRegion: often<string | undefined>(undefined, 'true', 'false'),
  visibleWhen: often<string | undefined>(
    undefined,
    'choice-selected',
    'region-selected',
    'no-region-selected',
  ),
  whenTagName: often<string | undefined>(undefined, 'other'),
  whenChoiceValue: often<string | undefined>(undefined, 'Else'),
  whenLabelValue: often<string | undefined>(undefined, 'Good'),
  partial: often<string | undefined>(undefined, 'true'),
  maxUsages: often<string | undefined>(undefined, '1', '3'),
};

/** What each tag may have beside that. */
const OWN: Readonly<Record<string, Attributes>> = {
  Choices: {
    choice: fc.constantFrom('single', 'multiple', 'single-radio', undefined),
    showInline: flag,
    layout: fc.constantFrom('select', 'inline', undefined),
    allowNested: often<string | undefined>(undefined, 'true'),
    value: often<string | undefined>(undefined, '$options'),
  },
  Taxonomy: {
    leafsOnly: flag,
    labeling: often<string | undefined>(undefined, 'true'),
    showFullPath: flag,
    pathSeparator: fc.constantFrom('/', ' > ', undefined),
    apiUrl: often<string | undefined>(undefined, 'https://example.com/items'),
  },
  Rating: {
    maxRating: fc.constantFrom('1', '5', '10', undefined),
    icon: fc.constantFrom('heart', undefined),
  },
  Number: {
    min: fc.constantFrom('0', '-1.5', undefined),
    max: fc.constantFrom('0', '1', '1e3', undefined),
    step: fc.constantFrom('1', '0.05', undefined),
    defaultValue: fc.constantFrom('1', undefined),
  },
  DateTime: {
    only: fc.constantFrom('date', 'time', 'date,time', 'month', 'year', 'month,year', undefined),
    format: often<string | undefined>(undefined, '%d.%m.%Y', '%Y-%m-%dT%H:%M', '%A', '%y %B'),
    min: often<string | undefined>(undefined, '2024-01-01', '2020'),
    max: often<string | undefined>(undefined, '2030-01-01'),
  },
  TextArea: {
    maxSubmissions: fc.constantFrom('1', '2', undefined),
    editable: flag,
    rows: fc.constantFrom('3', undefined),
    value: fc.constantFrom('$note', undefined),
  },
  Labels: { choice: fc.constantFrom('single', 'multiple', undefined), showInline: flag },
  Brush: {},
  Pairwise: { selectionStyle: fc.constantFrom('border: none', undefined) },
  Ranker: {},
};

/** How the labels of a config are to those of a model: the rows of the table in docs/labels.md. */
const RELATIONS = ['all', 'more', 'some', 'both', 'near', 'none'] as const;
type Relation = (typeof RELATIONS)[number];
const SPELLINGS = ['same', 'alias', 'predicted', 'case'] as const;

/** The names that a config must have for an output; null: it has no labels. */
function namesOf({ labels, values, kind, background, relation_labels: _ }: OutputSpec): string[] | null {
  if (labels === undefined) return null;
  const isTag = kind === 'tags' || values !== undefined;
  const names = labels.map(name => (isTag ? name.replace(/^[BIES]-/, '') : name));
  return [...new Set(names)].filter(name => !(isTag && name === 'O') && name !== background);
}

function chosenNames(names: readonly string[], relation: Relation): string[] {
  const others = ['Else', 'Зебра'];
  if (relation === 'all') return [...names];
  if (relation === 'more') return [...names, ...others];
  if (relation === 'some') return names.slice(0, Math.max(1, names.length - 1));
  if (relation === 'near') return [...names.slice(1), ...names.slice(0, 1).map(name => `${name}s`)];
  return relation === 'both' ? [...names.slice(0, 1), ...others] : others;
}

function labelTag(kind: string, name: string, spelling: (typeof SPELLINGS)[number], index: number): Tag {
  if (spelling === 'alias') return tag(kind, { value: `Shown ${index}`, alias: name });
  if (spelling === 'predicted') return tag(kind, { value: `Own ${index}`, predicted_values: `x, ${name}` });
  return tag(kind, { value: spelling === 'case' ? name.toUpperCase() : name });
}

/** What the labels of a control are. */
const LABEL_TAG: Readonly<Record<string, string>> = {
  Choices: 'Choice',
  Taxonomy: 'Choice',
  Ranker: 'Bucket',
};

/** The control that a model fills, as it may stand in a config. */
export function controlsOf({ region, shown }: Pick<Pair, 'region' | 'shown'>): fc.Arbitrary<Control> {
  const own = { ...COMMON, ...OWN[region.tag] };
  if (region.perRegion) own.perRegion = often<string | undefined>('true', undefined);
  if (region.labeling) own.labeling = often<string | undefined>('true', undefined);
  const mode = shown.options.choice;
  if (typeof mode === 'string') own.choice = often<string | undefined>(mode, 'single-radio', undefined);
  const names = namesOf(shown.output);
  return fc
    .record({
      attributes: fc.record(own),
      relation: often<Relation>('all', ...RELATIONS),
      spelling: fc.constantFrom(...SPELLINGS),
      isNested: fc.boolean(),
      isDefault: flag,
    })
    .map(({ attributes, relation, spelling, isNested, isDefault }): Control => {
      const kind = LABEL_TAG[region.tag] ?? 'Label';
      const takesLabels = kind !== 'Label' || region.tag.endsWith('Labels');
      const chosen = names === null || !takesLabels ? [] : chosenNames(names, relation);
      const children = chosen.map((name, index) => {
        if (kind === 'Bucket')
          return tag(kind, { name, title: `Title ${index}`, default: index === 0 ? isDefault : undefined });
        const leaf = name.split('/').at(-1)!;
        return labelTag(kind, region.tag === 'Taxonomy' && isNested ? leaf : name, spelling, index);
      });
      const nested = isNested && children.length > 1 && region.tag === 'Taxonomy';
      const tree = nested
        ? [tag('Choice', { value: 'Root' }, children)]
        : isNested
          ? [tag('View', {}, children)]
          : children;
      return { tag: region.tag, attributes, children: tree };
    });
}
