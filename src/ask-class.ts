import { AppError, asAppError } from './errors.js';
import { failureText } from './inference/protocol.js';
import type { TaskFailure } from './inputs/contract.js';
import { dataOf, failureOf, type RawTask } from './inputs/values.js';
import { itemText, ownResults } from './joined-items.js';
import type { Context, LabelStudioMLBase, Prediction, PredictionItem, Task, TaskError } from './model.js';
import type { ItemTexts } from './onnx-model.js';

/** What a model that is code is asked with. */
export interface ClassRequest {
  context: Context | null;
  /** The model's version when it was chosen: another one may be set before it has answered. */
  own: string;
  /** The controls that it answers; null: all. */
  controls: readonly string[] | null;
}

/**
 * Asks a model that is code. Tasks without data are answered here, so that such a model need not look for them.
 * @throws AppError `model_failed` or `predictions_invalid`
 */
export async function askClass(
  model: LabelStudioMLBase,
  tasks: readonly RawTask[],
  { context, own, controls }: ClassRequest,
): Promise<ItemTexts> {
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
    sound.length === 0 ? { items: [], version: own } : await ask(model, sound, context, own);
  const its = controls && new Set(controls);
  const answered = items.values();
  const texts = tasks.map((_task, index) => {
    const failure = failures.get(index);
    if (failure) return failureText(failure, version);
    const item = withVersion(answered.next().value!, version);
    return its === null
      ? JSON.stringify(item)
      : partText(item, version, prediction => ownResults(prediction, model.name, its, context));
  });
  return { texts, modelVersion: version };
}

/** The text of an item of which only a part is the model's. */
function partText(
  item: PredictionItem,
  version: string,
  ownOf: (prediction: Prediction) => Prediction,
): string {
  if (Array.isArray(item)) return JSON.stringify(item.map(ownOf));
  return isFailure(item) ? JSON.stringify(item) : itemText(ownOf(item), version);
}

async function ask(
  model: LabelStudioMLBase,
  tasks: Task[],
  context: Context | null,
  own: string,
): Promise<{ items: PredictionItem[]; version: string }> {
  let answer: Awaited<ReturnType<LabelStudioMLBase['predict']>>;
  try {
    answer = await model.predict(tasks, context);
  } catch (error) {
    throw asModelFailure(error, `the model '${model.name}' failed in predict()`);
  }
  const items = Array.isArray(answer) ? answer : answer?.predictions;
  if (!Array.isArray(items) || items.some(item => typeof item !== 'object' || item === null)) {
    throw new AppError(
      'predictions_invalid',
      `predict() of the model '${model.name}' did not return a list of predictions`,
    );
  }
  if (items.length !== tasks.length) {
    throw new AppError(
      'predictions_invalid',
      `predict() of the model '${model.name}' returned ${items.length} predictions for ${tasks.length} tasks`,
    );
  }
  return { items, version: (Array.isArray(answer) ? undefined : answer.modelVersion) ?? own };
}

/** An item as the answer has it: `model_version` in every prediction. */
function withVersion(item: PredictionItem, version: string): PredictionItem {
  if (Array.isArray(item))
    return item.map(each => ({ ...each, model_version: each.model_version ?? version }));
  // Where the reason stands first, whoever reads the answer's text sees at once that there is no prediction.
  if (isFailure(item)) return { error: item.error, model_version: item.model_version ?? version };
  return { ...item, model_version: item.model_version ?? version };
}

function isFailure(item: Exclude<PredictionItem, unknown[]>): item is TaskError {
  return 'error' in item && !('result' in item);
}

/** A model's own error: one of the table travels as it is, anything else is for the log. */
export function asModelFailure(error: unknown, message: string): AppError {
  return asAppError(error, 'model_failed', `${message}; the log has the error under this request id`);
}
