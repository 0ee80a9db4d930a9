import fc from 'fast-check';
import { INPUTS } from '../../src/inputs/index.js';
import type { Pair } from '../support/example-models.js';
import { besideTags, inLowerCase, otherChoices } from './configs.js';
import { type Control, controlsOf } from './controls.js';
import { MODELS } from './models.js';
import type { Shown } from './objects.js';
import { type Tag, tag, xmlOf } from './tags.js';

/** A labeling config for which several models may be chosen, with tasks that Label Studio can show under it. */
export interface SharedProject {
  config: string;
  /** What the user typed as extra params in Label Studio. */
  extraParams: Readonly<Record<string, unknown>>;
  tasks: readonly Readonly<Record<string, unknown>>[];
}

/** The most controls that models are meant to fill, and the most tasks. */
const CONTROLS = 4;
const TASKS = 3;

/** Models that a server may well have side by side: most fill something else, some the same, some just as well. */
const TOGETHER = [
  'text-choices-0',
  'text-choices-0-scores',
  'text-taxonomy-0',
  'text-rating-0-classes',
  'text-textarea-0',
  'text-datetime-0',
  'text-pairwise-0',
  'tokens-number-0',
  'tokens-labels-1-of-one',
  'tokens-taxonomy-of-spans-0',
  'tokens-hypertextlabels-0',
  'tokens-paragraphlabels-0',
  'tabular-number-0',
  'tabular-datetime-1',
  'list-ranker-1',
  'image-choices-0',
  'image-rating-0',
  'image-rectanglelabels-0',
  'image-polygonlabels-0',
  'image-keypointlabels-0',
  'image-labels-on-image-0',
  'image-choices-of-regions-0',
  'image-textarea-of-regions-0',
  'time-series-choices-0',
  'time-series-timeserieslabels-0',
  'audio-number-0',
  'audio-labels-on-audio-0',
  'video-timelinelabels-0',
];

export const PAIRS_TOGETHER: readonly Pair[] = TOGETHER.map(
  model => MODELS.find(each => each.model === model)!,
);
/** Models of the repository beside them: recipes, and code. */
export const SHIPPED_TOGETHER = ['text-classifier', 'token-tagger', 'tabular-regressor', 'substring'];

/** A control that a model may fill, and what is shown for it. */
interface Wanted {
  pair: Pair;
  control: Control;
  /** The object tag, one that another control has already if it can be; a second one for what compares two. */
  shown: string;
  /** Whether it has an object of its own all the same. */
  apart: boolean;
  /** Whether its name is that of the model's output. */
  namesake: boolean;
}

/** Object tags on which a model can fill a control. */
function objectTags({ kind, region }: Pair, all: readonly string[]): readonly string[] {
  const able = region.objectTags ?? INPUTS[kind]!.objectTags;
  return able.length === 0 ? all : able;
}

/** Configs with controls of several models, with wishes of users and without. */
export function sharedProjects(
  objects: Readonly<Record<string, fc.Arbitrary<Shown>>>,
): fc.Arbitrary<SharedProject> {
  const tags = Object.keys(objects);
  const wantedOf = (pair: Pair): fc.Arbitrary<Wanted> =>
    fc.record({
      pair: fc.constant(pair),
      control: controlsOf(pair),
      shown: fc.constantFrom(...objectTags(pair, tags)),
      apart: fc.nat(4).map(each => each === 0),
      namesake: fc.boolean(),
    });
  // Mostly of one object, so that models meet.
  const together = fc
    .constantFrom('Text', 'Text', 'Image', 'Image', 'TimeSeries', 'Audio', 'List')
    .chain(shown =>
      fc
        .array(
          fc
            .constantFrom(...PAIRS_TOGETHER.filter(pair => objectTags(pair, tags).includes(shown)))
            .chain(wantedOf),
          { minLength: 2, maxLength: CONTROLS },
        )
        .map(all => all.map((each): Wanted => ({ ...each, shown }))),
    );
  const anything = fc.array(fc.constantFrom(...PAIRS_TOGETHER).chain(wantedOf), {
    minLength: 2,
    maxLength: CONTROLS,
  });
  return fc
    .record({
      wanted: fc.oneof({ weight: 3, arbitrary: together }, anything),
      lowerCase: fc.boolean(),
      reversed: fc.boolean(),
      beside: fc.boolean(),
      partial: fc.nat(5).map(each => each === 0),
      wishes: fc.array(fc.constantFrom('free', 'free', 'free', 'wished', 'nobody'), {
        minLength: CONTROLS,
        maxLength: CONTROLS,
      }),
    })
    .chain(({ wanted, ...rest }) => {
      const places = placesOf(wanted);
      return fc.tuple(...places.shown.map(each => objects[each]!)).chain(shown => {
        const task = fc.tuple(...shown.map(({ values }) => values)).map(values => ({
          // A model of columns may be chosen for any control, whatever is shown.
          ...INPUTS.tabular!.example.data,
          note: 'a note',
          options: [{ value: 'Else' }],
          ...Object.assign({}, ...shown.map(({ beside }) => beside)),
          ...Object.fromEntries(values.map((value, index) => [`object${index}`, value])),
        }));
        return fc
          .array(task, { minLength: 1, maxLength: TASKS })
          .map((tasks): SharedProject => ({ ...written(wanted, places, shown, rest), tasks }));
      });
    });
}

/** The objects of a config: their tags, and those that each control is for, by index. */
interface Places {
  shown: string[];
  targets: number[][];
}

function placesOf(wanted: readonly Wanted[]): Places {
  const shown: string[] = [];
  const targets = wanted.map(({ pair, shown: name, apart }) => {
    const known = shown.indexOf(name);
    const first = known < 0 || apart ? shown.push(name) - 1 : known;
    return pair.region.tag === 'Pairwise' ? [first, shown.push(name) - 1] : [first];
  });
  return { shown, targets };
}

/** How a config is written, and what its user wishes. */
interface Manner {
  lowerCase: boolean;
  reversed: boolean;
  beside: boolean;
  partial: boolean;
  wishes: readonly string[];
}

function written(
  wanted: readonly Wanted[],
  { targets }: Places,
  shown: readonly Shown[],
  { lowerCase, reversed, beside, partial, wishes }: Manner,
): Pick<SharedProject, 'config' | 'extraParams'> {
  const own = shown.map(({ tag: name, source = 'value', attributes, children = [] }, index) =>
    tag(name, { name: `o${index}`, [source]: `$object${index}`, ...attributes }, children),
  );
  const taken = new Set<string>();
  const models: Record<string, string | null> = {};
  const controls = wanted.flatMap(({ pair, control, namesake }, index): Tag[] => {
    const output = pair.shown.output.name;
    const name = namesake && !taken.has(output) ? output : `c${index}`;
    taken.add(name);
    if (wishes[index] === 'wished') models[name] = pair.model;
    if (wishes[index] === 'nobody') models[name] = null;
    const toName = targets[index]!.map(each => `o${each}`);
    return [
      tag(control.tag, { name, toName: toName.join(','), ...control.attributes }, control.children),
      ...besideTags(pair, `beside${index}`, toName[0]!),
    ];
  });
  if (reversed) controls.reverse();
  const whole = tag('View', {}, [...own, ...(beside ? [otherChoices('o0')] : []), ...controls]);
  return {
    config: xmlOf(lowerCase ? inLowerCase(whole) : whole),
    extraParams: {
      ...(Object.keys(models).length > 0 && { models }),
      ...(partial && { partial: true }),
    },
  };
}
