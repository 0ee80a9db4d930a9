import { AppError } from './errors.js';
import { isRecord } from './is-record.js';
import type { LabelConfig } from './label-config/parse.js';
import type { ModelContext } from './model.js';

/** What a project wants of the choice. */
export interface Wishes {
  /** The one model that answers, of the URL or of `extra_params.model`; null: the server picks. */
  model: string | null;
  /** `extra_params.models`: the model of a control, or null for a control that no model fills. */
  models: unknown;
  /** All of the extra params, which may also say how a model is bound; absent: none. */
  extraParams?: ModelContext['extraParams'];
}

/**
 * The model of each control that `extra_params.models` names; null: none is to fill it.
 *
 * @throws AppError `no_model_fits` when it is not what it should be, or names a control that is not there
 */
export function readWishes(models: unknown, config: LabelConfig): ReadonlyMap<string, string | null> {
  if (models === undefined || models === null) return new Map();
  const entries = isRecord(models) ? Object.entries(models) : undefined;
  if (
    !entries?.every(
      (entry): entry is [string, string | null] => typeof entry[1] === 'string' || entry[1] === null,
    )
  ) {
    throw new AppError(
      'no_model_fits',
      `the extra params have "models": ${JSON.stringify(models)}; it must be an object of controls, each with the name of a model or null`,
    );
  }
  for (const [control] of entries) {
    if (config.controls.has(control)) continue;
    const has = [...config.controls.keys()].join(', ') || 'none';
    throw new AppError(
      'no_model_fits',
      `the extra params name a model for the control '${control}', which the labeling config lacks; its controls are ${has}`,
    );
  }
  return new Map(entries);
}
