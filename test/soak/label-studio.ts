import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Splitter } from '../../src/training/split.js';
import { page } from '../label-studio/support.js';
import { pick, type Random } from './random.js';

/** The labels, each with words that only texts of it have. */
const WORDS_OF = {
  Amazon: 'phone battery charger headset case cable screen plug bluetooth warranty shipping sturdy'.split(
    ' ',
  ),
  IMDb: 'movie film acting plot actor scene director script cinema character ending drama'.split(' '),
  Yelp: 'food service waiter restaurant pizza burger salad menu table delicious tasty server'.split(' '),
} as const;
export type Label = keyof typeof WORDS_OF;
export const LABELS = Object.keys(WORDS_OF) as Label[];
const WORDS = (
  'good bad great awful love hate service never very not really slow nice the a is was this that excellent terrible ' +
  'worst best quality price works broken money time place recommend disappointed perfect and but it i we my'
).split(' ');
/** Tasks that each label needs, as the server has it when a manifest does not say. */
const LEAST_TASKS = 2;

export const CONFIG =
  '<View><Text name="text" value="$text"/><Choices name="site" toName="text" choice="single">' +
  `${LABELS.map(name => `<Choice value="${name}"/>`).join('')}</Choices></View>`;

interface Annotation {
  id: number;
  [field: string]: unknown;
}

interface Task {
  id: number;
  data: { text: string };
  annotations: Annotation[];
  [field: string]: unknown;
}

/** The fields of these that the server has no use for, which weigh all the same. */
const PROJECT_REST = {
  title: 'Where is it from?',
  description: '',
  parsed_label_config: {
    site: {
      type: 'Choices',
      to_name: ['text'],
      inputs: [{ type: 'Text', valueType: null, value: 'text' }],
      labels: LABELS,
      labels_attrs: Object.fromEntries(LABELS.map(value => [value, { value }])),
    },
  },
  label_config_hash: -8732316662638810658n.toString(),
  control_weights: {
    site: { overall: 1, type: 'Choices', labels: Object.fromEntries(LABELS.map(name => [name, 1])) },
  },
  expert_instruction: '',
  show_instruction: false,
  show_skip_button: true,
  enable_empty_annotation: true,
  reveal_preannotations_interactively: false,
  show_annotation_history: false,
  show_collab_predictions: true,
  evaluate_predictions_automatically: false,
  result_count: 0,
  color: '#FFFFFF',
  maximum_annotations: 1,
  min_annotations_to_start_training: 0,
  model_version: '',
  data_types: { text: 'Text' },
  sampling: 'Sequential sampling',
  skip_queue: 'REQUEUE_FOR_OTHERS',
  show_ground_truth_first: false,
  show_overlap_first: false,
  overlap_cohort_percentage: 100,
  organization: 1,
  created_by: 1,
};
const TASK_REST = {
  meta: {},
  is_labeled: true,
  allow_skip: true,
  overlap: 1,
  total_predictions: 0,
  precomputed_agreement: null,
  comment_count: 0,
  unresolved_comment_count: 0,
  last_comment_updated_at: null,
  file_upload: null,
  comment_authors: [],
};
const ANNOTATION_REST = {
  was_cancelled: false,
  ground_truth: false,
  draft_created_at: null,
  lead_time: 3.2,
  prediction: {},
  result_count: 1,
  import_id: null,
  last_action: null,
  bulk_created: false,
  completed_by: 1,
  parent_prediction: null,
  parent_annotation: null,
  last_created_by: null,
};

/** When all projects were created. */
const CREATED_AT = '2026-11-24T11:48:04.424462Z';

/** A project that asks which site a text is from, and knows. */
export class SoakProject {
  readonly id: string;
  readonly #random: Random;
  readonly #tasks: Task[] = [];
  readonly #truth = new Map<number, Label>();
  #annotations = 0;

  constructor(id: string, random: Random) {
    this.id = id;
    this.#random = random;
  }

  /** Its id with the time of its creation, as Label Studio names it. */
  get key(): string {
    return `${this.id}.${Math.floor(Date.parse(CREATED_AT) / 1_000)}`;
  }

  /** Its annotated tasks, by ascending id. */
  get tasks(): readonly Task[] {
    return this.#tasks;
  }

  /** The label that a task has in truth. */
  truth(task: number): Label {
    return this.#truth.get(task)!;
  }

  /** A text, made of words of a label and of any. */
  text(label: Label): string {
    const random = this.#random;
    const words = Array.from({ length: 6 + random(12) }, (_, index) =>
      pick(random, index < 3 ? WORDS_OF[label] : WORDS),
    );
    return words.join(' ');
  }

  /** Adds a task with its annotation. @returns the event that Label Studio sends */
  annotate(): object {
    const label = pick(this.#random, LABELS);
    const id = this.#tasks.length + 1;
    const time = new Date().toISOString();
    const task: Task = {
      id,
      data: { text: `${this.text(label)} ${id}` },
      annotations: [this.#annotation(id, label)],
      created_at: time,
      updated_at: time,
      inner_id: id,
      total_annotations: 1,
      cancelled_annotations: 0,
      project: Number(this.id),
      ...TASK_REST,
    };
    this.#truth.set(id, label);
    this.#tasks.push(task);
    return this.#event('ANNOTATION_CREATED', task);
  }

  /**
   * Annotates the tasks that models are fitted on wrongly, and those that they are judged on as before: what is learnt
   * from that is worse than any version before. @returns the events
   */
  spoil(): object[] {
    const splitter = new Splitter(LEAST_TASKS);
    for (const { id } of this.#tasks) splitter.add(id, [this.truth(id)]);
    const split = splitter.decide();
    const fitted = this.#tasks.filter(({ id }) => split(id) === 'train');
    return fitted.map(task => {
      const right = LABELS.indexOf(this.truth(task.id));
      return this.#correct(task, LABELS[(right + 1) % LABELS.length]!);
    });
  }

  /** Annotates all tasks rightly again. @returns the events */
  restore(): object[] {
    return this.#tasks.map(task => this.#correct(task, this.truth(task.id)));
  }

  /** What the button sends. */
  startTraining(): object {
    return { action: 'START_TRAINING', project: this.#project() };
  }

  #correct(task: Task, label: Label): object {
    task.annotations = [this.#annotation(task.id, label)];
    return this.#event('ANNOTATION_UPDATED', task);
  }

  #annotation(task: number, label: Label): Annotation {
    const time = new Date().toISOString();
    return {
      id: ++this.#annotations,
      unique_id: crypto.randomUUID(),
      result: [{ id: 'a', from_name: 'site', to_name: 'text', type: 'choices', value: { choices: [label] } }],
      created_at: time,
      updated_at: time,
      task,
      project: Number(this.id),
      ...ANNOTATION_REST,
    };
  }

  #event(action: string, { annotations: [annotation], ...task }: Task): object {
    return { action, annotation, project: this.#project(), task };
  }

  #project(): object {
    const count = this.#tasks.length;
    const counts = { task_number: count, finished_task_number: count, total_annotations_number: count };
    return { id: Number(this.id), created_at: CREATED_AT, label_config: CONFIG, ...counts, ...PROJECT_REST };
  }
}

/** What the server reads of a Label Studio. */
export class SoakLabelStudio {
  readonly url: string;
  readonly token = 'soak'.repeat(10);
  readonly #server: Server;
  readonly #projects = new Map<string, SoakProject>();

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => this.#answer(request, response));
  }

  static async start(): Promise<SoakLabelStudio> {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new SoakLabelStudio(server);
  }

  project(id: string, random: Random): SoakProject {
    const project = new SoakProject(id, random);
    this.#projects.set(id, project);
    return project;
  }

  /** What it tells a backend of a project. */
  setup({ key }: SoakProject): object {
    return {
      project: key,
      schema: CONFIG,
      hostname: this.url,
      access_token: this.token,
      extra_params: null,
    };
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url!, this.url);
    const refuse = (status: number, detail: string) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ detail }));
    if (request.headers.authorization !== `Token ${this.token}`) return void refuse(401, 'Invalid token.');
    const [, id] = /^\/api\/projects\/(\d+)\/$/.exec(pathname) ?? [];
    if (id !== undefined) {
      // Those that nobody made here are in keys as `<id>.1`.
      const created_at = this.#projects.has(id) ? CREATED_AT : new Date(1_000).toISOString();
      response.end(JSON.stringify({ id: Number(id), created_at }));
      return;
    }
    const project = this.#projects.get(searchParams.get('project') ?? '');
    if (pathname !== '/api/tasks/' || !project) return void refuse(404, 'Not found.');
    page(request, response, project.tasks);
  }
}
