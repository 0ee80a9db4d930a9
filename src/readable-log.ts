import { clip } from './errors.js';

/** The fields of a line that are shown; those that only programs ask for are left out. */
interface Line {
  level: number;
  time: number;
  msg?: string;
  request_id?: string;
  method?: string;
  path?: string;
  status?: number;
  tasks?: number;
  ms?: number;
  err?: { stack?: string; message?: string };
}

/** Characters of a sentence, and lines and their characters of a stack, that are shown. */
const SENTENCE_LENGTH = 2_000;
const STACK_LINES = 40;
const STACK_WIDTH = 500;

const WORDS = [
  { level: 50, word: 'error: ' },
  { level: 40, word: 'warning: ' },
];

/**
 * A line of the log, which is JSON for programs, as a sentence for somebody at a terminal.
 *
 * @example
 * readable('{"level":40,"time":1795527517561,"msg":"there is no model in models"}');
 * // '13:38:37 warning: there is no model in models\n'
 */
export function readable(json: string): string {
  const { level, time, msg, request_id, method, path, status, tasks, ms, err } = JSON.parse(json) as Line;
  const clock = new Date(time).toTimeString().slice(0, 8);
  const word = WORDS.find(each => level >= each.level)?.word ?? '';
  const many = tasks === undefined ? '' : `, ${tasks} ${tasks === 1 ? 'task' : 'tasks'}`;
  const text = msg === 'request' && method ? `${method} ${path}: ${status}${many}, ${ms} ms` : (msg ?? '');
  const request = request_id === undefined ? '' : ` (request ${request_id})`;
  return `${clock} ${word}${visible(clip(text, SENTENCE_LENGTH))}${visible(request)}\n${below(err)}`;
}

/** The stack of an error, indented. */
function below(err: Line['err']): string {
  const stack = err?.stack ?? err?.message;
  if (stack === undefined) return '';
  const lines = stack.split('\n', STACK_LINES + 1).map(line => visible(clip(line, STACK_WIDTH)));
  if (lines.length > STACK_LINES) lines[STACK_LINES] = '...';
  return lines.map(line => `         ${line}\n`).join('');
}

/** Control characters, which a terminal obeys, and those that turn the direction of what follows. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** A text with its unseen characters as escapes. */
function visible(text: string): string {
  return text.replace(UNSEEN, each => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
