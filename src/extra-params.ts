import { clip } from './errors.js';
import { isRecord } from './is-record.js';
import { HINT_LETTERS, nearMisses } from './label-config/near-miss.js';
import type { ModelContext } from './model.js';

type ExtraParams = ModelContext['extraParams'];

/** Those that say which models answer. */
const OF_CHOICE = ['model', 'models'];
const NAME_LENGTH = 40;

/**
 * What the model that a backend's URL names has against the extra params.
 *
 * @returns a sentence; undefined: nothing
 * @example
 * contradiction('sentiment', { model: 'tagger' });
 * // "the backend's URL names the model 'sentiment', and its extra params name 'tagger': take one of them out"
 */
export function contradiction(
  model: string | null,
  { model: other, models }: ExtraParams,
): string | undefined {
  if (model === null) return undefined;
  const start = `the backend's URL names the model '${model}'`;
  if (typeof other === 'string' && other !== model)
    return `${start}, and its extra params name '${other}': take one of them out`;
  if (isRecord(models) && Object.keys(models).length > 0)
    return `${start} for the whole labeling config, and its extra params have "models", for its controls: leave one of them out`;
  return undefined;
}

/**
 * What of the extra params has no effect, in sentences.
 *
 * @param known what each of the models that answer reads of them; null: nobody knows, as it is code of the user
 */
export function ignoredParams(
  extraParams: ExtraParams,
  known: readonly (readonly string[] | null)[],
): string[] {
  if (known.includes(null)) return [];
  const all = [...new Set([...OF_CHOICE, ...known.flatMap(each => each ?? [])])];
  return Object.keys(extraParams)
    .filter(name => !all.includes(name))
    .map(name => {
      const [near] = nearMisses([name], all, HINT_LETTERS);
      const hint = near ? `did you mean "${near.model}"?` : `they read ${all.join(', ')}`;
      return `the extra params have "${clip(name, NAME_LENGTH)}", which the models of the project do not read: ${hint}`;
    });
}
