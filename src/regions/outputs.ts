import type { OutputSpec } from '../registry/version.js';
import type { RegionOptions, RowOutputs } from './contract.js';
import { failed, probability } from './failed.js';
import { headsOf, join } from './same-labels.js';
import { sigmoid, softmax } from './scores.js';

/** The classes that a row's decision rule chose. */
export interface ClassRow {
  /** Columns, ascending; empty only under the rule `threshold`. */
  chosen: number[];
  /** How sure the model is of them, 0..1; null when its numbers are no probabilities. */
  score: number | null;
}

/** What a project changes of how classes are chosen. */
export interface ClassRules {
  /**
   * For each class what the config calls it, null for one that is left out and never chosen; absent: all are there. Classes that
   * it calls the same are one: their probabilities are added up where they exclude each other, otherwise the largest number counts.
   */
  labels?: readonly unknown[];
  /** How many are chosen at most, the largest ones, where any number of classes is accepted; absent: all. */
  most?: number | null;
  /** In the place of the version's own, where it accepts any number of classes. */
  threshold?: number;
  /** Whether the score of a class is its share among those that are not left out, where one of them is chosen. */
  renormalise?: boolean;
}

/** The rules that the options of a control name. */
export function classRules(options: RegionOptions): Omit<ClassRules, 'labels'> {
  const { model_score_threshold: threshold, renormalise } = options as {
    model_score_threshold?: number;
    renormalise?: boolean;
  };
  return { ...(threshold !== undefined && { threshold }), ...(renormalise === true && { renormalise }) };
}

/** Kinds of output that say something of all that a row shows. */
const OF_WHOLE_ROWS: ReadonlySet<string> = new Set(['probabilities', 'scores', 'value', 'texts']);

/** Where the numbers of a row are. */
type ClassOutputs = Pick<RowOutputs, 'outputs' | 'row' | 'rows'>;

/**
 * Reads one row of class numbers and applies the version's decision rule.
 *
 * @param answer the class numbers are [rows, columns], or [rows] of one; of a value that was cut into windows the first row
 *   counts
 * @param rules at least one class is not left out
 * @throws AppError `model_failed` when there are not as many as labels, one is NaN, or a probability is none
 */
export function classRow(answer: ClassOutputs, output: OutputSpec, rules: ClassRules = {}): ClassRow {
  const { labels, threshold, renormalise, most } = rules;
  const numbers = classNumbers(answer, output);
  const isProbability = output.kind === 'probabilities';
  const decision = output.decision ?? { rule: 'argmax' };
  const isIndependent = areIndependent(answer, output, numbers.length);
  const heads = labels === undefined ? null : headsOf(labels);
  if (heads !== null) join(numbers, heads, areExclusive(output, isIndependent));
  const isThere = (column: number) =>
    labels === undefined || (labels[column] !== null && (heads === null || heads[column] === column));

  if (decision.rule === 'threshold') {
    const least = threshold ?? decision.threshold;
    const chosen: number[] = [];
    let certainty = 1;
    for (const [column, value] of numbers.entries()) {
      if (!isThere(column)) continue;
      const accepted = value > least;
      if (accepted) chosen.push(column);
      certainty = Math.min(certainty, accepted ? value : 1 - value);
    }
    const kept =
      most == null ? chosen : chosen.sort((a, b) => numbers[b]! - numbers[a]! || a - b).slice(0, most);
    return { chosen: kept.sort((a, b) => a - b), score: isProbability ? Math.max(certainty, 0) : null };
  }

  let best = -1;
  let whole = 0;
  for (const [column, value] of numbers.entries()) {
    if (!isThere(column)) continue;
    if (best < 0 || value > numbers[best]!) best = column;
    whole += value;
  }
  if (decision.rule === 'label') {
    const said = labelNumber(answer, output, decision.tensor);
    if (!(Number.isInteger(said) && said >= 0 && said < numbers.length))
      throw failed(output, `the number ${said} as a class of ${numbers.length}, of which the first is 0,`);
    // What the graph says is left out: the best of the others answers.
    const head = heads?.[said] ?? said;
    if (isThere(head)) best = head;
  }
  if (!isProbability) return { chosen: [best], score: null };
  const isShare = renormalise === true && whole > 0 && !isIndependent;
  return { chosen: [best], score: isShare ? Math.min(numbers[best]! / whole, 1) : numbers[best]! };
}

/** Whether the numbers are probabilities of which one alone comes true, so that those of several classes add up. */
function areExclusive({ kind, decision, activation }: OutputSpec, isIndependent: boolean): boolean {
  if (kind !== 'probabilities') return false;
  return decision?.rule === 'threshold' ? activation === 'softmax' : !isIndependent;
}

/** Whether probabilities say nothing of each other, so that their sum has no meaning. */
function areIndependent(answer: ClassOutputs, output: OutputSpec, labels: number): boolean {
  return output.activation === 'sigmoid' && columnsOf(answer, output) === labels;
}

/** A number for each label; probabilities are within 0..1. */
function classNumbers(answer: ClassOutputs, output: OutputSpec): Float64Array {
  const { row } = answer;
  const { data, dims } = answer.outputs[output.tensor!]!;
  const columns = columnsOf(answer, output);
  const labels = output.labels?.length ?? columns;
  const isBinary = columns === 1 && labels === 2;
  if (columns !== labels && !isBinary)
    throw failed(output, `[${dims.join(', ')}], and not [rows, ${labels}] for its ${labels} labels,`);
  const numbers = new Float64Array(labels);
  const first = row * columns;
  const offset = labels - columns;
  for (let column = 0; column < columns; column++) {
    const value = Number(data[first + column]);
    // NaN is larger than nothing and smaller than nothing: it would go unseen, and the first class would be chosen.
    if (Number.isNaN(value)) throw failed(output, 'NaN');
    numbers[offset + column] = value;
  }
  const own = isBinary ? numbers.subarray(1) : numbers;
  if (output.activation === 'softmax') softmax(own);
  else if (output.activation === 'sigmoid') for (const [at, value] of own.entries()) own[at] = sigmoid(value);
  if (output.kind === 'probabilities')
    for (const [at, value] of own.entries()) own[at] = probability(output, value);
  // What one number says of the second label says the opposite of the first.
  if (isBinary) numbers[0] = output.kind === 'probabilities' ? 1 - numbers[1]! : -numbers[1]!;
  return numbers;
}

/**
 * The class numbers of one of the things that another output of the same graph finds, which are [rows, n, columns].
 *
 * @throws AppError `model_failed` when they are of another shape
 */
export function ofRegion({ outputs, row }: ClassOutputs, output: OutputSpec, index: number): ClassOutputs {
  const { type, data, dims } = outputs[output.tensor!]!;
  const [rows = 0, count = 0, columns = 0] = dims;
  if (dims.length !== 3 || columns !== output.labels?.length)
    throw failed(output, `[${dims.join(', ')}], and not [rows, regions, ${output.labels?.length}],`);
  const flat = { type, data, dims: [rows * count, columns] };
  return { outputs: { ...outputs, [output.tensor!]: flat }, row: row * count + index, rows: rows * count };
}

/** Which class the graph itself says that a row is. */
function labelNumber({ outputs, row, rows }: ClassOutputs, output: OutputSpec, tensor: string): number {
  const { type, data, dims } = outputs[tensor]!;
  if (type === 'string')
    throw failed(output, `texts in '${tensor}', and not the number of a class, counted from 0,`);
  if (data.length !== (rows ?? data.length))
    throw failed(output, `[${dims.join(', ')}] in '${tensor}', and not one number a row,`);
  return Number(data[row]);
}

/** How many numbers a row has; further axes than one are of 1, and of a single row there may be one axis alone. */
function columnsOf({ outputs, rows }: ClassOutputs, output: OutputSpec): number {
  const { type, dims } = outputs[output.tensor!]!;
  if (type === 'string') throw failed(output, 'texts, and not numbers,');
  const isAlone = rows === 1 && dims.length === 1;
  const sides = isAlone ? dims : dims.slice(1);
  const columns = sides.reduce((product, side) => product * side, 1);
  if (dims.length === 0 || columns === 0 || sides.filter(side => side > 1).length > 1)
    throw failed(output, `a tensor of [${dims.join(', ')}], and not [rows, columns],`);
  if (!isAlone && dims[0] !== (rows ?? dims[0])) {
    const given = rows === 1 ? 'one row' : `${rows} rows`;
    throw failed(output, `a tensor of [${dims.join(', ')}] to ${given}, and not [${rows}, columns],`);
  }
  return columns;
}

/** Whether an output has classes of each thing that another one finds, and not of all that a row shows. */
export function isOfRegions(
  { outputs }: Pick<RowOutputs, 'outputs'>,
  { kind, tensor }: OutputSpec,
  others: readonly OutputSpec[],
): boolean {
  const areClasses = kind === 'probabilities' || kind === 'scores';
  return (
    areClasses && outputs[tensor!]!.dims.length === 3 && others.some(each => !OF_WHOLE_ROWS.has(each.kind))
  );
}

/**
 * Checks the numbers of classes when a version is loaded.
 * @throws AppError `model_failed`, and Error with what contradicts itself
 */
export function checkClasses(
  answer: RowOutputs,
  output: OutputSpec,
  others: readonly OutputSpec[] = [],
): void {
  const { labels, decision, activation } = output;
  const { dims } = answer.outputs[output.tensor!]!;
  if (activation === 'softmax' && (labels?.length ?? dims.at(-1)) === 1)
    throw new Error(`'${output.name}' has one label, of which softmax always makes 1: declare sigmoid`);
  if (isOfRegions(answer, output, others)) {
    for (let index = 0; index < dims[1]!; index++) classRow(ofRegion(answer, output, index), output);
    return;
  }
  const columns = columnsOf(answer, output);
  if (activation === 'softmax' && columns === 1)
    throw new Error(`'${output.name}' has one column, of which softmax always makes 1: declare sigmoid`);
  if (decision?.rule === 'threshold' && columns === 1 && labels?.length === 2) {
    throw new Error(
      `'${output.name}' has one column for two labels, and its rule accepts any number of them: declare one label`,
    );
  }
  classRow(answer, output);
}

/**
 * Reads the value of a regressor: [rows] or [rows, 1].
 * @throws AppError `model_failed` when it is not finite: JSON cannot hold it, and no control either
 */
export function valueRow(answer: ClassOutputs, output: OutputSpec): number {
  const { data, dims } = answer.outputs[output.tensor!]!;
  if (columnsOf(answer, output) !== 1) throw failed(output, `[${dims.join(', ')}], and not one value a row,`);
  const value = Number(data[answer.row]);
  if (!Number.isFinite(value)) throw failed(output, `${value}`);
  return value;
}

/** Checks a regressor's numbers when a version is loaded. @throws AppError `model_failed` */
export function checkValue(answer: RowOutputs, output: OutputSpec): void {
  valueRow(answer, output);
}
