import { AppError, clip } from '../errors.js';
import { attribute } from './attribute.js';
import { buildLabelMap } from './label-map.js';
import { HINT_LETTERS, nearMisses, SLIP_LETTERS } from './near-miss.js';
import type { ParsedControl } from './parse.js';

/**
 * How much a model's labels and those of a control have in common: some are nearly the same, so that they were likely meant;
 * only a part of each is the other's; none is.
 */
export type Nearness = 'near miss' | 'part' | 'none';

/** A model's labels do not map to those of a control of the config. */
export class LabelMismatchError extends AppError {
  readonly nearness: Nearness;
  /** The name of the control. */
  readonly target: string;

  constructor(message: string, nearness: Nearness, target: string) {
    super('label_mismatch', message);
    this.nearness = nearness;
    this.target = target;
  }

  /** The same of a model that is named. */
  of(model: string): LabelMismatchError {
    return new LabelMismatchError(`the model '${model}' ${this.message}`, this.nearness, this.target);
  }
}

/** Labels of a control that a model fills, when each side may have some that the other lacks. */
export interface LeftOut {
  /** The control, in words. */
  control: string;
  /** The model's labels that the control lacks. */
  model: readonly string[];
  /** The control's labels that the model never answers. */
  config: readonly string[];
  /** Whether each side has labels that the other lacks, and no option says that this is enough. */
  isPartly: boolean;
}

/** A name by which a model could have meant one of the config's labels, beside the label itself. */
export interface Alias {
  name: string;
  label: string;
  /** Where the name stands. */
  attribute: 'value' | 'predicted_values';
}

/** What decides on labels that differ, beside the labels. */
export interface LabelRules {
  /** The option of the project: what both sides have is enough. */
  partial?: boolean | undefined;
  /** Whether the version was trained for this project, whose labels may have changed since. */
  trained?: boolean | undefined;
  /** Told of what is left out, if anything is. */
  leaveOut?(leftOut: LeftOut): void;
}

/** The labels of a model and those of a control. */
export interface Labels<T> {
  /** The model's. */
  names: readonly string[];
  /** For each of them the config's; null: it has none. */
  mapped: readonly (T | null)[];
  /** The config's labels that the model never answers. */
  unknown: readonly string[];
  /** Further names of those. */
  aliases?: readonly Alias[];
  /** All of the config's, for messages. */
  known: readonly string[];
  /** Whether those are Label Studio's own words, which a config cannot change. */
  areFixed?: boolean;
  /** The control's name. */
  target: string;
  /** The control, in words such as `Choices 'topic'`. */
  control: string;
  /**
   * What they are for. `class`: one answer to a question, for which the labels that are left stand. `regions`: things that
   * are found, of which some are not asked for.
   */
  scope: 'class' | 'regions';
  /** What the model does with its labels, such as `predicts`. */
  verb: string;
}

/** Characters of a message that Label Studio shows, less what names the model. */
const MESSAGE_LENGTH = 300 - 45;
/** Characters of a label in a message. */
const LABEL_LENGTH = 28;
const CONTROL_LENGTH = 40;
/** Characters of a list of labels in a sentence of the log. */
const LIST_LENGTH = 200;
/** Characters of what is said of near misses, from the second one on. */
const MEANT_LENGTH = 90;
const COMMON_LENGTH = 40;
const LEAST_LIST = 24;

/** Labels, or other names, as a list of so many characters at most, or but one of them. */
export function listed(labels: readonly string[], length: number, labelLength = LABEL_LENGTH): string {
  if (labels.length === 0) return 'none';
  let text = clip(labels[0]!, labelLength);
  for (const [at, label] of labels.slice(1).entries()) {
    const next = `${text}, ${clip(label, labelLength)}`;
    const rest = labels.length - at - 1;
    if (next.length + ` and ${rest} more`.length > length && !(rest === 1 && next.length <= length))
      return `${text} and ${rest} more`;
    text = next;
  }
  return text;
}

/**
 * One side's labels in their own order. Where they are too many, those come first that were likely meant, then those that the
 * other side lacks.
 */
function sideOf(
  labels: readonly string[],
  meant: readonly string[],
  lacking: readonly string[],
  length: number,
): string {
  const own = [...new Set(labels)];
  if (own.join(', ').length <= length) return listed(own, length);
  const [first, lost] = [new Set(meant), new Set(lacking)];
  const rank = (label: string) => (first.has(label) ? 0 : lost.has(label) ? 1 : 2);
  return listed(
    own.sort((a, b) => rank(a) - rank(b)),
    length,
  );
}

/** A label of the model that was likely meant by one of the config. */
interface Meant extends Alias {
  model: string;
}

/** The near misses that a message tells, and what to do about them. */
function toldMeant(meant: readonly Meant[]): string {
  const short = (text: string) => clip(text, LABEL_LENGTH);
  const told = meant.map(({ name, label, attribute, model }) =>
    name === label
      ? `${short(model)} by '${short(name)}'`
      : `${short(model)} by ${attribute}="${short(name)}" of ${short(label)}`,
  );
  let text = told[0]!;
  for (const next of told.slice(1)) if (text.length + next.length <= MEANT_LENGTH) text += `, ${next}`;
  const isSpelled = meant.every(
    ({ name, label, attribute }) => name !== label && attribute === 'predicted_values',
  );
  const remedy = isSpelled
    ? 'predicted_values must be exactly what the model says'
    : meant.length > 1
      ? 'Rename the labels, or set predicted_values of each'
      : `Rename the label, or set its predicted_values="${clip(meant[0]!.model, LEAST_LIST)}"`;
  return `: did you mean ${text}? ${remedy}`;
}

/** Why labels do not fit, within the characters that Label Studio shows however many they are. */
function mismatch<T>(
  { names, unknown, known, control, verb }: Labels<T>,
  lost: readonly string[],
  meant: readonly Meant[],
  end: string,
): string {
  const begin = `${verb} `;
  const between = `; the config's ${clip(control, CONTROL_LENGTH)} has `;
  const room = MESSAGE_LENGTH - begin.length - between.length - end.length;
  const ours = [...new Set(names)].join(', ').length;
  const [model, config] = [meant.map(each => each.model), meant.map(({ label }) => label)];
  const second = sideOf(known, config, unknown, Math.max(room / 2, room - ours, LEAST_LIST));
  const first = sideOf(names, model, lost, Math.max(room - second.length, LEAST_LIST));
  return begin + first + between + second + end;
}

/** The end of the message where labels are no near misses. */
function remedyOf<T>({ names, mapped, known, areFixed }: Labels<T>): string {
  const common = [...new Set(names.filter((_, index) => mapped[index] !== null))];
  if (common.length > 0)
    return `. In common: ${listed(common, COMMON_LENGTH)}. To fill only these, set the extra params to {"partial": true}`;
  if (areFixed === true) return ". None is in common: the model's labels must be these";
  if (known.length === 0) return ': add the labels';
  const map = `predicted_values="${clip(names[0] ?? '', LEAST_LIST)}"`;
  return `. None is in common: map them, such as with ${map} on a label, or use another model`;
}

/**
 * Decides whether a model fits a control by the labels of both. This is the one place that does; `docs/labels.md` has its
 * table:
 *
 * | | `class` | `regions` |
 * |---|---|---|
 * | the config has all of the model's | fits | fits |
 * | the model has all of the config's | fits, the model's others left out | the same |
 * | each has some that the other lacks | refused | fits, unless one of them is a near miss of another |
 * | none in common | refused | refused |
 *
 * In the third row, everything fits with `partial`, and a version that was trained for the project.
 *
 * @returns for each of the model's labels the config's, null for one that is left out
 * @throws LabelMismatchError whose message goes on from "the model '<name>' "
 */
export function fitLabels<T>(labels: Labels<T>, { partial, trained, leaveOut }: LabelRules): (T | null)[] {
  const { names, mapped, unknown, aliases = [], control, scope, target, areFixed } = labels;
  const lost = [...new Set(names.filter((_, index) => mapped[index] === null))];
  const meantBy = new Map<string, Alias>([
    ...aliases.map(alias => [alias.name, alias] as const),
    ...unknown.map(label => [label, { name: label, label, attribute: 'value' }] as const),
  ]);
  const near = (letters: number): Meant[] =>
    areFixed === true
      ? []
      : nearMisses([...meantBy.keys()], lost, letters).map(({ config, model }) => ({
          ...meantBy.get(config)!,
          model,
        }));
  const refuse = () => {
    const likely = near(SLIP_LETTERS);
    const meant = likely.length > 0 ? likely : near(HINT_LETTERS);
    // The next training of a version that is the project's own learns the others.
    const end = meant.length > 0 ? toldMeant(meant) : trained === true ? '' : remedyOf(labels);
    const isPart = mapped.some(label => label !== null);
    const nearness = likely.length > 0 ? 'near miss' : isPart ? 'part' : 'none';
    return new LabelMismatchError(mismatch(labels, lost, meant, end), nearness, target);
  };
  if (mapped.every(label => label === null)) throw refuse();
  const isPartly = lost.length > 0 && unknown.length > 0 && partial !== true;
  if (isPartly && trained !== true && (scope === 'class' || near(SLIP_LETTERS).length > 0)) throw refuse();
  if (lost.length > 0 || unknown.length > 0) leaveOut?.({ control, model: lost, config: unknown, isPartly });
  return [...mapped];
}

/**
 * The further names of a label.
 * @param values what is shown for it
 * @param predicted its `predicted_values`
 */
export function aliasesOf(label: string, values: readonly string[], predicted = ''): Alias[] {
  const names = (all: readonly string[], attribute: Alias['attribute']) =>
    all.map(each => ({ name: each.trim(), label, attribute }));
  return [...names(values, 'value'), ...names(predicted.split(','), 'predicted_values')].filter(
    ({ name }) => name !== '' && name !== label,
  );
}

/**
 * The same of a control whose labels are matched by their names, see `buildLabelMap`.
 *
 * @param names the model's labels; null for one that is no answer, such as the background
 */
export function fitNames(
  {
    tag,
    name,
    parsed,
  }: { tag: string; name: string; parsed: Pick<ParsedControl, 'labels' | 'labels_attrs'> },
  names: readonly (string | null)[],
  how: Pick<Labels<string>, 'scope' | 'verb' | 'areFixed'> & { control?: string },
  rules: LabelRules,
): (string | null)[] {
  const own = names.filter(each => each !== null);
  const map = buildLabelMap(parsed, own, rules.trained);
  const answered = new Set(map.values());
  const unknown = parsed.labels.filter(label => !answered.has(label));
  const aliases = unknown.flatMap(label => {
    const attributes = parsed.labels_attrs[label] ?? {};
    const [value = '', predicted] = ['value', 'predicted_values'].map(each => attribute(attributes, each));
    return aliasesOf(label, [value], predicted);
  });
  const fitted = fitLabels(
    {
      names: own,
      mapped: own.map(each => map.get(each) ?? null),
      unknown,
      aliases,
      known: parsed.labels,
      target: name,
      control: `${tag} '${name}'`,
      ...how,
    },
    rules,
  );
  const all = fitted.values();
  return names.map(each => (each === null ? null : all.next().value!));
}

/**
 * What is left out, as the ends of sentences that begin with "the model '<name>' ".
 * @example
 * toldLeftOut({ control: "Choices 'topic'", model: ['Sports'], config: [], isPartly: false });
 * // ["leaves out Sports, which the config's Choices 'topic' does not have"]
 */
export function toldLeftOut({ control, model, config }: LeftOut): string[] {
  return [
    ...(model.length > 0
      ? [`leaves out ${listed(model, LIST_LENGTH)}, which the config's ${control} does not have`]
      : []),
    ...(config.length > 0 ? [`never answers ${listed(config, LIST_LENGTH)} of the config's ${control}`] : []),
  ];
}
