import { createHash } from 'node:crypto';
import { failureOf, failureText } from './inference/protocol.js';
import type { TaskFailure } from './inputs/contract.js';
import type { Context, Prediction } from './model.js';

/** Between the versions of several models; none of their names or versions has it. */
const VERSION_SEPARATOR = '+';

const START = '{"result":[';
const SCORE = '],"score":';
const VERSION = ',"model_version":';

/** What Label Studio sees of several models: `sentiment:1+tagger:3`. */
export function joinVersions(versions: readonly string[]): string {
  return versions.join(VERSION_SEPARATOR);
}

/** What a model says of one task. */
export interface Said {
  version: string;
  /** The text of its item; null: it has nothing to say yet. */
  item: string | null;
}

/**
 * The item of a task that several models answer: the results of all of them, the score of the least certain, and the versions
 * of those that have not failed. Where all that speak have failed, it is the failure of the first. Further predictions of a
 * model that is code stay what they are.
 */
export function joinItems(parts: readonly Said[], context: Context | null): string {
  const said: { results: string; score: number | null }[] = [];
  const versions: string[] = [];
  const others: string[] = [];
  let failure: TaskFailure | undefined;
  for (const { version, item } of parts) {
    const failed = item === null ? undefined : failureOf(item);
    failure ??= failed;
    if (failed) continue;
    const [first, ...more] = item === null ? [] : predictionsOf(item, version);
    others.push(...more);
    const own = first === undefined ? undefined : partsOf(first);
    versions.push(own?.version ?? version);
    if (own) said.push(own);
  }
  if (said.length === 0 && failure)
    return failureText(failure, joinVersions(parts.map(({ version }) => version)));
  const results = said.flatMap(each => each.results || []);
  const all = context === null || results.length < 2 ? results.join(',') : withoutRepeats(results.join(','));
  const scores = said.flatMap(each => each.score ?? []);
  const score = scores.length === 0 ? null : Math.min(...scores);
  const item = `${START}${all}${SCORE}${score}${VERSION}${JSON.stringify(joinVersions(versions))}}`;
  return others.length === 0 ? item : `[${[item, ...others].join(',')}]`;
}

/** Models that are code may give several for a task. */
function predictionsOf(item: string, version: string): string[] {
  return item.startsWith('[')
    ? (JSON.parse(item) as Prediction[]).map(each => itemText(each, version))
    : [item];
}

/** Cut out of the text, whose form `itemText` and the inference processes keep: it may hold masks of megabytes. */
function partsOf(item: string): { results: string; score: number | null; version: string } {
  const score = item.lastIndexOf(SCORE);
  const version = item.lastIndexOf(VERSION);
  return {
    results: item.slice(START.length, score),
    score: JSON.parse(item.slice(score + SCORE.length, version)),
    version: JSON.parse(item.slice(version + VERSION.length, -1)),
  };
}

/** Two models may both answer with the region that the annotator has drawn. */
function withoutRepeats(results: string): string {
  const seen = new Set<string>();
  const all = JSON.parse(`[${results}]`) as Record<string, unknown>[];
  const kept = all.filter(({ id, from_name, type }) => {
    if (id === undefined) return true;
    const key = JSON.stringify([id, from_name, type]);
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
  return JSON.stringify(kept).slice(1, -1);
}

/** The text of a prediction of a model that is code, in the form of those of the inference processes. */
export function itemText({ result, score, ...prediction }: Prediction, version: string): string {
  const own = prediction.model_version ?? version;
  const number = typeof score === 'number' && Number.isFinite(score) ? score : null;
  const results = JSON.stringify(result ?? []).slice(1, -1);
  return `${START}${results}${SCORE}${number}${VERSION}${JSON.stringify(own) ?? JSON.stringify(version)}}`;
}

/**
 * A prediction of a model that is code, less what it says of controls that are not its own. Its ids are made its own as well,
 * unless they are those of regions that the annotator has drawn: others may count theirs as it does.
 */
export function ownResults(
  prediction: Prediction,
  model: string,
  controls: ReadonlySet<string>,
  context: Context | null,
): Prediction {
  const drawn = new Set(listOf(context?.result).map(({ id }) => id));
  const prefix = createHash('sha1').update(model).digest('hex').slice(0, 10);
  const renamed = (id: unknown) => (typeof id !== 'string' || drawn.has(id) ? id : `${prefix}-${id}`);
  const own = listOf(prediction.result).filter(({ from_name }) => controls.has(String(from_name)));
  const known = new Set([...drawn, ...own.map(({ id }) => id)]);
  const kept = listOf(prediction.result).filter(each =>
    each.type === 'relation' ? known.has(each.from_id) && known.has(each.to_id) : own.includes(each),
  );
  const result = kept.map(each => {
    const changed = { ...each };
    for (const key of ['id', 'parentID', 'from_id', 'to_id']) {
      if (key in each) changed[key] = renamed(each[key]);
    }
    return changed;
  });
  return { ...prediction, result };
}

function listOf(results: unknown): Record<string, unknown>[] {
  return Array.isArray(results) ? results.filter(each => typeof each === 'object' && each !== null) : [];
}
