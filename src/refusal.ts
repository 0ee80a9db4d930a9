import { AppError, clip } from './errors.js';
import { UnfillableError } from './label-config/fillable.js';
import { LabelMismatchError, type Nearness } from './label-config/fit-labels.js';
import { NoControlError } from './label-config/no-control.js';

/** Characters of what a labeling config has: Label Studio shows 300 of a message, which must say more than that. */
const HAS_LENGTH = 110;

/**
 * Why no model fits a project: what those say that come nearest, for whoever meant one of them.
 *
 * Labels that are nearly the same, or have some in common, come first. Then a tag that no model can read or fill, as that is
 * so whichever model was meant.
 *
 * @param reasons why each model does not fit
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
      `no model fits this labeling config: ${together(nearest).join('; ')}`,
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
    if (others.length > 0) return `each of the models ${[first, ...others].join(', ')} ${said}`;
    return first === '' ? said : `the model '${first}' ${said}`;
  });
}

/** What models fill instead, those first that come nearest. */
function noControl(reasons: readonly NoControlError[]): AppError {
  const models = new Map<string, string[]>();
  for (const { fills, model } of [...reasons].sort((a, b) => b.nearness - a.nearness))
    models.set(fills, [...(models.get(fills) ?? []), model]);
  const told = [...models].map(([fills, names]) => `${fills} (${names.join(', ')})`).join('; ');
  return new AppError(
    'no_model_fits',
    `no model fits this labeling config, which has ${clip(reasons[0]!.has, HAS_LENGTH)}: use a control that a model fills, or ` +
      `add a model. There are ${told}`,
  );
}
