import { type Answer, type ControlBinding, failureText, type ResultItem } from './protocol.js';

/** The text of what is answered to a page, by its number from 0; undefined: the task has no pages. */
interface PageText {
  item: number | undefined;
  text: string;
}

/** The controls of a page: the ids of results differ from page to page. */
export function pageControls(
  controls: readonly ControlBinding[],
  item: number | undefined,
): readonly ControlBinding[] {
  if (item === undefined) return controls;
  return controls.map(control => ({ ...control, idPrefix: `${control.idPrefix}${item}-` }));
}

/**
 * The text of a task's item out of those of its pages: all results, each with the number of its page, and the least of the
 * scores. A page without an answer leaves the task without one.
 */
export function joinPages(pages: readonly PageText[]): string {
  const [first] = pages;
  if (first!.item === undefined) return first!.text;
  const answers = pages.map(({ item, text }) => ({ item: item!, answer: JSON.parse(text) as Answer }));
  const result: ResultItem[] = [];
  const scores: number[] = [];
  for (const { item, answer } of answers) {
    if ('error' in answer) {
      const { code, message } = answer.error;
      return failureText({ code, message: `page ${item + 1}: ${message}` }, answer.model_version);
    }
    result.push(
      ...answer.result.map(each => (each.type === 'relation' ? each : { ...each, item_index: item })),
    );
    if (answer.score !== null) scores.push(answer.score);
  }
  const score = scores.length === 0 ? null : Math.min(...scores);
  return JSON.stringify({ result, score, model_version: answers[0]!.answer.model_version } satisfies Answer);
}
