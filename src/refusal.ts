import { AppError, clip } from './errors.js';
import { UnfillableError } from './label-config/fillable.js';
import { LabelMismatchError, listed, type Nearness } from './label-config/fit-labels.js';
import { HINT_LETTERS, nearMisses } from './label-config/near-miss.js';
import { NoControlError } from './label-config/no-control.js';

/** Characters of a message that Label Studio shows. */
const SHOWN_LENGTH = 300;
/** Characters of a list of models, and of the name of one, which has to be typed as it is. */
const NAMES_LENGTH = 110;
const NAME_LENGTH = 64;

/** Names of models, of many the first. */
export function modelNames(names: readonly string[]): string {
  return listed(names, NAMES_LENGTH, NAME_LENGTH);
}

/** That no model has a name, with those that there are: first the one that was likely meant. */
export function modelUnknown(name: string, there: readonly string[]): AppError {
  const near = nearMisses([name], there, HINT_LETTERS).map(({ model }) => model);
  const names = modelNames([...new Set([...near, ...there])]);
  return new AppError('model_unknown', `there is no model '${clip(name, NAME_LENGTH)}'; there is ${names}`);
}

/** Characters of the end of a message of which parts are left out. */
const MORE_LENGTH = '; and 999 more'.length;

/** As many parts of a message as are shown, and how many more there are; the first one always. */
function shownParts(begin: string, [first = '', ...others]: readonly string[]): string {
  let text = begin + first;
  for (const [at, part] of others.entries()) {
    const next = `${text}; ${part}`;
    const isLast = at === others.length - 1;
    if (next.length + (isLast ? 0 : MORE_LENGTH) > SHOWN_LENGTH)
      return `${text}; and ${others.length - at} more`;
    text = next;
  }
  return text;
}

/**
 * Why no model fits a project: what those say that come nearest, for whoever meant one of them.
 *
 * Labels that are nearly the same, or have some in common, come first. Then a tag that no model can read or fill, as that is
 * so whichever model was meant.
 *
 * @param reasons why each model does not fit, those first of the models that were more likely meant
 */
export function refusal(reasons: readonly AppError[]): AppError {
  const near = (nearness: Nearness) =>
    reasons.filter(reason => reason instanceof LabelMismatchError && reason.nearness === nearness);
  const others = reasons.filter(reason => !(reason instanceof NoControlError));
  const groups = [
    near('near miss'),
    near('part'),
    reasons.filter(reason => reason instanceof UnfillableError),
    others.filter(({ code }) => code === 'label_mismatch' || code === 'version_unusable'),
    others,
  ];
  const nearest = groups.find(({ length }) => length > 0) ?? [];
  if (nearest.length === 1) return nearest[0]!;
  const [unfillable] = nearest;
  if (unfillable instanceof UnfillableError) {
    const told = nearest.map(each => (each as UnfillableError).reason);
    return new AppError('no_model_fits', `this server ${[...new Set(told)].join('; it ')}`);
  }
  if (nearest.length > 1) {
    return new AppError(
      'no_model_fits',
      shownParts('no model fits this labeling config: ', together(nearest)),
    );
  }
  const without = reasons.filter(reason => reason instanceof NoControlError);
  if (without.length === 0)
    return new AppError('no_model_fits', 'this server has no model: put one into its MODEL_DIR');
  return without.length === 1 ? without[0]! : noControl(without);
}

const OF_MODEL = /^the model '([^']+)' /;

/** Messages, one for all models of which the same is said. */
function together(reasons: readonly AppError[]): string[] {
  const models = new Map<string, string[]>();
  for (const { message } of reasons) {
    const said = message.replace(OF_MODEL, '');
    models.set(said, [...(models.get(said) ?? []), OF_MODEL.exec(message)?.[1] ?? '']);
  }
  return [...models].map(([said, [first, ...others]]) => {
    if (others.length > 0) return `each of the models ${modelNames([first!, ...others])} ${said}`;
    return first === '' ? said : `the model '${first}' ${said}`;
  });
}

/** What models fill instead, those first that come nearest. */
function noControl(reasons: readonly NoControlError[]): AppError {
  const models = new Map<string, string[]>();
  for (const { fills, model } of [...reasons].sort((a, b) => b.nearness - a.nearness))
    models.set(fills, [...(models.get(fills) ?? []), model]);
  const told = [...models].map(([fills, names]) => `${fills} (${modelNames(names)})`);
  const begin =
    `no model fits this labeling config, which has ${reasons[0]!.has}: use a control that a model fills, or ` +
    'add a model. There are ';
  return new AppError('no_model_fits', shownParts(begin, told));
}
