import type { Deadline } from './deadline.js';
import { AppError, asAppError, clip, isErrorCode, messageOf } from './errors.js';
import { failureText } from './inference/protocol.js';
import type { TaskFailure } from './inputs/contract.js';
import { dataOf, failureOf, type RawTask } from './inputs/values.js';
import { itemText, ownResults } from './joined-items.js';
import type { Context, LabelStudioMLBase, Prediction, PredictionItem, Task, TaskError } from './model.js';
import type { ItemTexts } from './onnx-model.js';
import { withinRequest } from './task-data/scope.js';

/** What a model that is code is asked with. */
export interface ClassRequest {
  context: Context | null;
  /** The model's version when it was chosen: another one may be set before it has answered. */
  own: string;
  /** The controls that it answers; null: all. */
  controls: readonly string[] | null;
  /** Resolves when nobody waits for the answer any more. */
  gone?: Promise<unknown> | undefined;
  /** When it is given up. */
  deadline: Deadline;
}

/**
 * Asks a model that is code. Tasks without data are answered here, so that such a model need not look for them.
 * @throws AppError `model_failed`, `predictions_invalid` or `deadline_exceeded`
 */
export async function askClass(
  model: LabelStudioMLBase,
  tasks: readonly RawTask[],
  { controls, ...request }: ClassRequest,
): Promise<ItemTexts> {
  const { context, own } = request;
  const failures = new Map<number, TaskFailure>();
  const sound: Task[] = [];
  tasks.forEach((task, index) => {
    try {
      sound.push({ ...task, data: dataOf(task) } as Task);
    } catch (error) {
      failures.set(index, failureOf(error));
    }
  });
  const { items, version } =
    sound.length === 0 ? { items: [], version: own } : await ask(model, sound, request);
  const its = controls && new Set(controls);
  const answered = items.values();
  const texts = tasks.map((_task, index) => {
    const failure = failures.get(index);
    if (failure) return failureText(failure, version);
    return textOf(answered.next().value!, model.name, version, prediction =>
      its === null ? null : ownResults(prediction, model.name, its, context),
    );
  });
  return { texts, modelVersion: version };
}

/** The item of a task; a failure, where it is nothing that JSON can hold. */
function textOf(
  item: PredictionItem,
  model: string,
  version: string,
  ownOf: (prediction: Prediction) => Prediction | null,
): string {
  try {
    if (isFailure(item)) {
      const own = item.model_version;
      return failureText(failureIn(item, model), typeof own === 'string' ? own : version);
    }
    const text = predictionText(item, version, ownOf);
    if (/^[{[]/.test(text ?? '')) return text!;
    throw new Error('its toJSON() does not return an object');
  } catch (error) {
    const message = `predict() of the model '${model}' returned a prediction that cannot be written as JSON: ${messageOf(error)}`;
    return failureText(failureOf(new AppError('predictions_invalid', message)), version);
  }
}

function predictionText(
  item: Exclude<PredictionItem, TaskError>,
  version: string,
  ownOf: (prediction: Prediction) => Prediction | null,
): string | undefined {
  const withVersion = (each: Prediction) => ({ ...each, model_version: each.model_version ?? version });
  if (Array.isArray(item)) return JSON.stringify(item.map(each => withVersion(ownOf(each) ?? each)));
  const own = ownOf(item);
  return own === null ? JSON.stringify(withVersion(item)) : itemText(own, version);
}

function isFailure(item: PredictionItem): item is TaskError {
  return !Array.isArray(item) && 'error' in item && !('result' in item);
}

/** Why a model has no prediction for a task, with a code of the table. */
function failureIn(item: TaskError, model: string): TaskFailure {
  let code: unknown;
  let message: unknown;
  try {
    const error: unknown = item.error;
    if (typeof error === 'string') message = error;
    else ({ code, message } = error as Partial<TaskFailure>);
  } catch {
    // What cannot be read says nothing.
  }
  const told =
    typeof message === 'string'
      ? message
      : `the model '${model}' has no prediction for the task, and gives no message`;
  return failureOf(new AppError(isErrorCode(code) ? code : 'model_failed', told));
}

async function ask(
  model: LabelStudioMLBase,
  tasks: Task[],
  { context, own, gone, deadline }: Omit<ClassRequest, 'controls'>,
): Promise<{ items: PredictionItem[]; version: string }> {
  let answer: Awaited<ReturnType<LabelStudioMLBase['predict']>>;
  try {
    const limit = { deadline, what: `predict() of the model '${model.name}'` };
    answer = await withinRequest(gone, () => model.predict(tasks, context), limit);
  } catch (error) {
    throw asModelFailure(error, `the model '${model.name}' failed in predict()`);
  }
  const invalid = (what: string, cause?: unknown) =>
    new AppError('predictions_invalid', `predict() of the model '${model.name}' ${what}`, { cause });
  let items: unknown;
  let version: unknown;
  try {
    [items, version] = Array.isArray(answer)
      ? [[...answer], null]
      : [answer?.predictions, answer?.modelVersion];
    if (Array.isArray(items)) items = [...items];
  } catch (error) {
    throw invalid('returned something that cannot be read', error);
  }
  if (!Array.isArray(items) || items.some(item => typeof item !== 'object' || item === null))
    throw invalid('did not return a list of predictions');
  if (items.length !== tasks.length)
    throw invalid(`returned ${items.length} predictions for ${tasks.length} tasks`);
  version ??= own;
  // A number loses nothing as text.
  if (typeof version !== 'string' && typeof version !== 'number')
    throw invalid('returned a modelVersion that is not a string');
  return { items, version: String(version) };
}

/** Characters that are told of what `setup` throws: with the model's name they fit into what Label Studio shows. */
const TOLD_LENGTH = 220;

/** What the `setup` of a model threw, as whoever connects the backend is told it. */
export function asSetupFailure(error: unknown, model: string): AppError {
  const failed = `the model '${model}' failed in setup()`;
  const [told = ''] = messageOf(error)
    .split(/[\r\n]+/)
    .map(line => line.trim())
    .filter(line => line !== '');
  return asAppError(error, 'model_failed', told === '' ? failed : `${failed}: ${clip(told, TOLD_LENGTH)}`);
}

/** A model's own error: one of the table travels as it is, anything else is for the log. */
export function asModelFailure(error: unknown, message: string): AppError {
  return asAppError(error, 'model_failed', `${message}; the log has the error under this request id`);
}
