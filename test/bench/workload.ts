/** What is asked: bodies as Label Studio sends them, and what a right answer is. */

const PROJECT = '1.1795520884';
const LABEL_CONFIG =
  '<View><Text name="text" value="$text"/><Choices name="label" toName="text" choice="single">' +
  '<Choice value="Positive"/><Choice value="Negative"/></Choices></View>';

/** `lean`: a task is its id and its data. `full`: with all fields that Label Studio 1.23 sends along. */
export type Shape = 'lean' | 'full';

export interface Texts {
  texts: readonly string[];
  /** Per text the probability of `Positive` by scikit-learn. */
  positive: readonly number[];
}

/** One request, ready to be written to a socket. */
export interface Payload {
  bytes: Buffer;
  /** The number of the text in its first task; the others follow it, round and round. */
  first: number;
  tasks: number;
}

const CLICK = {
  result: [{ from_name: 'label', to_name: 'text', type: 'choices', value: { choices: ['Positive'] } }],
};

function task(id: number, text: string, shape: Shape): Record<string, unknown> {
  if (shape === 'lean') return { id, data: { text } };
  return {
    id,
    data: { text },
    meta: {},
    created_at: '2026-01-24T11:48:04.465254Z',
    updated_at: '2026-01-24T11:48:04.465283Z',
    is_labeled: false,
    overlap: 1,
    inner_id: id,
    total_annotations: 0,
    cancelled_annotations: 0,
    total_predictions: 0,
    comment_count: 0,
    unresolved_comment_count: 0,
    last_comment_updated_at: null,
    project: 1,
    updated_by: null,
    file_upload: null,
    comment_authors: [],
    annotations: [],
    predictions: [],
  };
}

export function get(path: string): Payload {
  return {
    bytes: Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n`),
    first: 0,
    tasks: 0,
  };
}

function post(path: string, content: object): Buffer {
  const body = JSON.stringify(content);
  const head =
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\nAccept: */*\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return Buffer.from(head + body);
}

/** What Label Studio sends when a project connects the backend. */
export function setup(): Payload {
  const bytes = post('/setup', {
    project: PROJECT,
    schema: LABEL_CONFIG,
    hostname: null,
    access_token: null,
    extra_params: null,
  });
  return { bytes, first: 0, tasks: 0 };
}

/** A `POST /predict` of some tasks, from a text on. */
export function predict(
  { texts }: Texts,
  first: number,
  tasks: number,
  shape: Shape,
  interactive = false,
): Payload {
  const bytes = post('/predict', {
    tasks: Array.from({ length: tasks }, (_, index) =>
      task(first + index + 1, texts[(first + index) % texts.length]!, shape),
    ),
    project: PROJECT,
    label_config: LABEL_CONFIG,
    params: { login: null, password: null, context: interactive ? CLICK : null },
  });
  return { bytes, first, tasks };
}

/** Requests of one size that together ask for every text: 1,000 of one task, 40 of 25, 4 of 1,000. */
export function predictions(texts: Texts, tasks: number, shape: Shape, interactive = false): Payload[] {
  const step = Math.min(tasks, texts.texts.length / 4);
  return Array.from({ length: texts.texts.length / step }, (_, index) =>
    predict(texts, index * step, tasks, shape, interactive),
  );
}

/** A request of about that many bytes, in the shape that Label Studio sends. */
export function bulk(texts: Texts, bytes: number): Payload {
  const sample = 2_000;
  const each = predict(texts, 0, sample, 'full').bytes.length / sample;
  return predict(texts, 0, Math.floor(bytes / each), 'full');
}

interface Answered {
  results?: ({ result?: { value?: { choices?: string[] } }[]; score?: number } | undefined)[];
  tasks?: { data?: { text?: string } }[];
}

/** Off by more than the float32 of an output, an answer is wrong. */
const TOLERANCE = 1e-6;

/** How many of a response's answers are not what scikit-learn says (or, for the echo, not what was sent). */
export function wrongAnswers(body: Buffer, { first, tasks }: Payload, texts: Texts, echo: boolean): number {
  const answered = JSON.parse(body.toString()) as Answered;
  const count = (echo ? answered.tasks : answered.results)?.length ?? 0;
  if (count !== tasks) return tasks;
  let wrong = 0;
  for (let index = 0; index < tasks; index++) {
    const text = (first + index) % texts.texts.length;
    if (echo) {
      if (answered.tasks![index]?.data?.text !== texts.texts[text]) wrong++;
      continue;
    }
    const positive = texts.positive[text]!;
    const label = positive > 0.5 ? 'Positive' : 'Negative';
    const item = answered.results![index];
    const score = item?.score ?? Number.NaN;
    const right = Math.abs(score - Math.max(positive, 1 - positive)) <= TOLERANCE;
    if (!right || item?.result?.[0]?.value?.choices?.[0] !== label) wrong++;
  }
  return wrong;
}
