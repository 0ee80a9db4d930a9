import { attribute } from './attribute.js';
import type { ParsedControl } from './parse.js';

/**
 * Maps a model's label names to the labels of a control: by a label's `predicted_values` (a list with commas) first,
 * then by the same name, then by the `value` that is shown where an `alias` is stored, then by either in another case.
 *
 * The rule is that of the Python SDK's `build_label_map`, which does not know the shown value:
 * https://github.com/HumanSignal/label-studio-ml-backend/blob/master/label_studio_ml/model.py
 *
 * @param areOwn whether the names were the control's own labels, as those of a version that was trained for it: then the same
 *   name goes first, as `predicted_values` are the names of other models
 * @returns the config's label by the model's name; names that no label takes are absent
 * @example
 * // <Choice value="Good" predicted_values="pos, positive"/><Choice value="Bad"/>
 * buildLabelMap(control, ['pos', 'bad']); // Map { 'pos' => 'Good', 'bad' => 'Bad' }
 */
export function buildLabelMap(
  control: Pick<ParsedControl, 'labels' | 'labels_attrs'>,
  names: readonly string[],
  areOwn = false,
): Map<string, string> {
  const byPredictedValue = new Map<string, string>();
  const byName = new Map<string, string>();
  const byShown = new Map<string, string>();
  const byLowerCase = new Map<string, string>();
  const byShownLowerCase = new Map<string, string>();
  const keep = (map: Map<string, string>, key: string, label: string) => {
    if (!map.has(key)) map.set(key, label);
  };
  for (const label of control.labels) {
    const attributes = control.labels_attrs[label] ?? {};
    for (const value of (attribute(attributes, 'predicted_values') ?? '').split(',')) {
      if (value.trim() !== '') keep(byPredictedValue, value.trim(), label);
    }
    keep(byName, label, label);
    const shown = attribute(attributes, 'value');
    keep(byLowerCase, label.toLowerCase(), label);
    if (shown) {
      keep(byShown, shown, label);
      keep(byShownLowerCase, shown.toLowerCase(), label);
    }
  }
  const map = new Map<string, string>();
  for (const name of names) {
    const label =
      (areOwn ? byName.get(name) : undefined) ??
      byPredictedValue.get(name) ??
      byName.get(name) ??
      byShown.get(name) ??
      byLowerCase.get(name.toLowerCase()) ??
      byShownLowerCase.get(name.toLowerCase());
    if (label !== undefined) map.set(name, label);
  }
  return map;
}
