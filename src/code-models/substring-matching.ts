import { createHash } from 'node:crypto';
import {
  type Context,
  LabelStudioMLBase,
  type Prediction,
  type PredictionItem,
  type Task,
} from '../model.js';
import { codePointOffsets, utf16Offsets } from '../regions/spans/code-points.js';
import { findOthers, type Mark } from './occurrences.js';

/**
 * Marks in a Text what an annotator has just marked in it, wherever else it stands: "mark one, get all others".
 *
 * It answers while annotators work (Auto-Annotation is on, and the label is `smart="true"`); to all other requests it
 * has nothing to say, which is a prediction without results. What counts as another occurrence is told at `findOthers`.
 *
 * @example
 * await serve(SubstringMatching);
 */
export class SubstringMatching extends LabelStudioMLBase {
  override setup(): void {
    this.#control();
  }

  override async predict(tasks: Task[], context: Context | null): Promise<PredictionItem[]> {
    return Promise.all(tasks.map(task => this.#answer(task, context)));
  }

  #control(): { from_name: string; to_name: string } {
    const [from_name, to_name] = this.getFirstTagOccurrence('Labels', 'Text');
    return { from_name, to_name };
  }

  async #answer(task: Task, context: Context | null): Promise<Prediction> {
    const { from_name, to_name } = this.#control();
    const results = resultsOf(context?.result).filter(result => result.from_name === from_name);
    if (results.length === 0) return { result: [], score: null };
    const text = await this.shownText(task, to_name);

    const places = utf16Offsets(text);
    const { labels } = this.parsedLabelConfig[from_name]!;
    const marks = results.flatMap(result => markOf(result, places, labels));
    const drafts = Array.isArray(task.drafts) ? task.drafts : [];
    const there = drafts
      .flatMap(draft => resultsOf((draft as { result?: unknown } | null)?.result))
      .filter(result => result.from_name === from_name)
      .flatMap(result => markOf(result, places, labels));
    const found = findOthers(text, marks, there);
    const offsets = codePointOffsets(
      text,
      found.flatMap(({ start, end }) => [start, end]),
    );
    const result = found.map(({ start, end, label }, index) => {
      const value = { start: offsets[2 * index]!, end: offsets[2 * index + 1]! };
      // The same region has the same id whenever it is found; what annotators keep must not meet it as another one.
      const hash = createHash('sha1').update(JSON.stringify([from_name, value, label]));
      return {
        id: hash.digest('hex').slice(0, 10),
        from_name,
        to_name,
        type: 'labels',
        value: { ...value, text: text.slice(start, end), labels: [label] },
      };
    });
    return { result, score: null };
  }
}

function resultsOf(result: unknown): Record<string, unknown>[] {
  return Array.isArray(result) ? result.filter(each => typeof each === 'object' && each !== null) : [];
}

/** What a result marks, once for each of its labels that the config has; nothing when it is none of this text. */
function markOf(
  result: Record<string, unknown>,
  places: readonly number[],
  labels: readonly string[],
): Mark[] {
  const { start, end, labels: chosen } = (result.value ?? {}) as Record<string, unknown>;
  const [from, to] = [places[start as number], places[end as number]];
  if (from === undefined || to === undefined || to <= from || !Array.isArray(chosen)) return [];
  const named = new Set<unknown>(chosen);
  return labels.filter(label => named.has(label)).map(label => ({ start: from, end: to, label }));
}
