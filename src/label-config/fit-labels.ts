import { AppError, clip } from '../errors.js';
import { buildLabelMap } from './label-map.js';
import { HINT_LETTERS, type NearMiss, nearMiss, SLIP_LETTERS } from './near-miss.js';
import type { ParsedControl } from './parse.js';

/** A model's labels do not map to those of a control of the config. */
export class LabelMismatchError extends AppError {
  /** Whether a label of the config is nearly one of the model's: it was likely meant, whatever answers in its place. */
  readonly isNearMiss: boolean;

  constructor(message: string, isNearMiss: boolean) {
    super('label_mismatch', message);
    this.isNearMiss = isNearMiss;
  }

  /** The same of a model that is named. */
  of(model: string): LabelMismatchError {
    return new LabelMismatchError(`the model '${model}' ${this.message}`, this.isNearMiss);
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
  /** Further names of those, by which a model could have meant them. */
  aliases?: readonly string[];
  /** All of the config's, for messages. */
  known: readonly string[];
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
const LABEL_LENGTH = 40;
/** Characters of a list of labels in a sentence of the log. */
const LIST_LENGTH = 200;
const LEAST_LIST = 24;

/** Labels as a list of so many characters at most, or but one of them. */
function listed(labels: readonly string[], length: number): string {
  if (labels.length === 0) return 'none';
  let text = clip(labels[0]!, LABEL_LENGTH);
  for (const [at, label] of labels.slice(1).entries()) {
    const next = `${text}, ${clip(label, LABEL_LENGTH)}`;
    const rest = labels.length - at - 1;
    if (next.length + ` and ${rest} more`.length > length && !(rest === 1 && next.length <= length))
      return `${text} and ${rest} more`;
    text = next;
  }
  return text;
}

/** Each label once: the one that was likely meant, then those that the other side lacks, then the others. */
function inOrder(labels: readonly string[], first: string | undefined, lacking: readonly string[]): string[] {
  const lost = new Set(lacking);
  const rank = (label: string) => (label === first ? 0 : lost.has(label) ? 1 : 2);
  return [...new Set(labels)].sort((a, b) => rank(a) - rank(b));
}

/** Why labels do not fit, within the characters that Label Studio shows however many they are. */
function mismatch<T>(
  { names, unknown, known, control, verb }: Labels<T>,
  lost: readonly string[],
  near: NearMiss | undefined,
  remedy: string,
): string {
  const ours = inOrder(names, near?.model, lost);
  const theirs = inOrder(known, near?.config, unknown);
  const begin = `${verb} `;
  const between = `; the config's ${clip(control, LABEL_LENGTH)} has `;
  const meant = near ? `: did you mean ${clip(near.model, LABEL_LENGTH)}?` : '';
  const end = remedy === '' ? meant : `${meant || '.'} ${remedy}`;
  const room = MESSAGE_LENGTH - begin.length - between.length - end.length;
  const second = listed(theirs, Math.max(room / 2, room - ours.join(', ').length, LEAST_LIST));
  const first = listed(ours, Math.max(room - second.length, LEAST_LIST));
  return begin + first + between + second + end;
}

const PARTIAL = 'To fill only what both have, set the extra params to {"partial": true}';

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
  const { names, mapped, unknown, aliases = [], control, scope } = labels;
  const lost = [...new Set(names.filter((_, index) => mapped[index] === null))];
  const near = (letters: number) => nearMiss([...unknown, ...aliases], lost, letters);
  const refuse = (remedy: string) => {
    const likely = near(SLIP_LETTERS);
    const message = mismatch(labels, lost, likely ?? near(HINT_LETTERS), remedy);
    return new LabelMismatchError(message, likely !== undefined);
  };
  if (mapped.every(label => label === null)) throw refuse('');
  const differ = lost.length > 0 && unknown.length > 0 && partial !== true && trained !== true;
  if (differ && (scope === 'class' || near(SLIP_LETTERS))) throw refuse(PARTIAL);
  if (lost.length > 0 || unknown.length > 0) leaveOut?.({ control, model: lost, config: unknown });
  return [...mapped];
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
  how: Pick<Labels<string>, 'scope' | 'verb'> & { control?: string },
  rules: LabelRules,
): (string | null)[] {
  const own = names.filter(each => each !== null);
  const map = buildLabelMap(parsed, own);
  const answered = new Set(map.values());
  const unknown = parsed.labels.filter(label => !answered.has(label));
  const aliases = unknown.flatMap(label => {
    const { value = '', predicted_values = '' } = parsed.labels_attrs[label] ?? {};
    return [value, ...predicted_values.split(',')].map(each => each.trim()).filter(each => each !== '');
  });
  const fitted = fitLabels(
    {
      names: own,
      mapped: own.map(each => map.get(each) ?? null),
      unknown,
      aliases,
      known: parsed.labels,
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
 * toldLeftOut({ control: "Choices 'topic'", model: ['Sports'], config: [] });
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
