import type { Environment } from './training/environment.js';

/** A variable that nothing reads, and the setting that it was likely meant to be. */
export interface Misspelt {
  given: string;
  nearest: string;
}

/** Letters from which on a name may have two slips. */
const LONG = 8;
/** What Kubernetes sets for a service called `label-studio`, and the variables of proxies in any case: nobody's mistake. */
const OF_OTHERS = /_(?:SERVICE_(?:HOST|PORT)|PORT)(?:_|$)|^(?:HTTPS?|FTP|ALL|NO)_PROXY$/;

/**
 * Finds variables that look like a misspelt setting: few slips in a name, its words in another case, or another last word where
 * the first two are a setting's (`LABEL_STUDIO_TOKEN`). All others are of other programs.
 *
 * @param settings the names of all settings
 * @example
 * misspelt({ DATA_DRI: '/data', HOME: '/root' }, ['DATA_DIR']); // [{ given: 'DATA_DRI', nearest: 'DATA_DIR' }]
 */
export function misspelt(environment: Environment, settings: readonly string[]): Misspelt[] {
  const given = Object.keys(environment).filter(name => environment[name] !== undefined);
  return given.flatMap(name => {
    const upper = name.toUpperCase();
    if (settings.includes(name) || OF_OTHERS.test(upper)) return [];
    const [nearest] = settings
      .map(setting => ({ setting, slips: slipsBetween(upper, setting) }))
      .filter(({ setting, slips }) => isNear(upper, setting, slips))
      .sort((a, b) => a.slips - b.slips);
    return nearest ? [{ given: name, nearest: nearest.setting }] : [];
  });
}

function isNear(name: string, setting: string, slips: number): boolean {
  if (name[0] !== setting[0]) return false;
  const group = /^[A-Z]+_[A-Z]+_/.exec(setting)?.[0];
  return slips <= (setting.length < LONG ? 1 : 2) || (group !== undefined && name.startsWith(group));
}

/** Letters that are wrong, missing or too many, and neighbours that are swapped (optimal string alignment). */
function slipsBetween(a: string, b: string): number {
  let [before, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          last[j]! + 1,
          row[j - 1]! + 1,
          last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1),
          isSwapped ? before[j - 2]! + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
}
