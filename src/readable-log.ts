/** The fields of a line that are shown; those that only programs ask for are left out. */
interface Line {
  level: number;
  time: number;
  msg: string;
  request_id?: string;
  method?: string;
  path?: string;
  status?: number;
  tasks?: number;
  ms?: number;
  err?: { stack?: string; message?: string };
}

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
  const text = msg === 'request' && method ? `${method} ${path}: ${status}${many}, ${ms} ms` : msg;
  const request = request_id === undefined ? '' : ` (request ${request_id})`;
  const stack = err?.stack ?? err?.message;
  const below = stack === undefined ? '' : `${stack.replace(/^/gm, '         ')}\n`;
  return `${clock} ${word}${text}${request}\n${below}`;
}
