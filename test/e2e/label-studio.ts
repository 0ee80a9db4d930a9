import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../support/free-port.js';
import { Child } from './process.js';

/** The environment that `make e2e` installs Label Studio into. */
const LABEL_STUDIO = fileURLToPath(new URL('../../.venv-e2e/bin/label-studio', import.meta.url));
const POLL_MS = 250;

/** An answer of Label Studio's API. */
export interface Reply<T> {
  status: number;
  body: T;
}

/** What Label Studio tells of an ML backend. */
export interface MlBackend {
  id: number;
  url: string;
  title: string;
  readable_state: string;
  error_message: string | null;
  model_version: string | null;
}

export interface StoredPrediction {
  id: number;
  task: number;
  model_version: string;
  score: number | null;
  result: {
    from_name: string;
    to_name: string;
    type: string;
    value: { choices?: string[] };
    score?: number;
  }[];
}

/** What the form "Connect model" holds, beside title and address. */
export interface Connection {
  title?: string;
  is_interactive?: boolean;
  auth_method?: 'NONE' | 'BASIC_AUTH';
  basic_auth_user?: string;
  basic_auth_pass?: string;
  extra_params?: Record<string, unknown>;
}

export interface Start {
  /** Where it listens; by default a port that is free. */
  port?: number;
  /** What it calls itself, `LABEL_STUDIO_HOST`: the address of a proxy before it. */
  host?: string;
}

/** A real Label Studio in a process of its own, and its API as the browser uses it. */
export class LabelStudio {
  /** Who may log in with the form. */
  static readonly EMAIL = 'admin@example.com';
  static readonly PASSWORD = 'not-a-secret';
  /** The legacy token of that user. */
  static readonly TOKEN = '0123456789abcdef0123456789abcdef01234567';
  readonly url: string;
  readonly #process: Child;
  #authorization = `Token ${LabelStudio.TOKEN}`;
  #personalToken: string | undefined;

  private constructor(url: string, server: Child) {
    this.url = url;
    this.#process = server;
  }

  /**
   * Starts one and waits until it answers; from an empty folder it first makes its database, for about a minute.
   * @param folder where it keeps everything
   */
  static async start(folder: string, { port, host }: Start = {}): Promise<LabelStudio> {
    port ??= await freePort();
    const login = [
      ...['--username', LabelStudio.EMAIL, '--password', LabelStudio.PASSWORD],
      ...['--user-token', LabelStudio.TOKEN],
    ];
    const server = new Child(LABEL_STUDIO, ['start', '--no-browser', '--port', String(port), ...login], {
      cwd: folder,
      env: {
        HOME: folder,
        LABEL_STUDIO_BASE_DATA_DIR: join(folder, 'data'),
        LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN: 'true',
        // A backend and webhooks on this very machine.
        ML_BLOCK_LOCAL_IP: 'false',
        SSRF_PROTECTION_ENABLED: 'false',
        COLLECT_ANALYTICS: 'false',
        LATEST_VERSION_CHECK: 'false',
        ...(host === undefined ? {} : { LABEL_STUDIO_HOST: host }),
      },
    });
    const labelStudio = new LabelStudio(`http://127.0.0.1:${port}`, server);
    let over = false;
    const ended = server.ended.then(how => {
      over = true;
      throw new Error(`Label Studio ended (${how}) before it answered:\n${server.output}`);
    });
    const healthy = async () => {
      while (!over) {
        const response = await fetch(`${labelStudio.url}/health`).catch(() => null);
        if (response?.ok) return;
        // It says nowhere when it is ready.
        await setTimeout(POLL_MS);
      }
    };
    await Promise.race([healthy(), ended]);
    ended.catch(() => {});
    return labelStudio;
  }

  stop(): Promise<void> {
    return this.#process.stop('SIGKILL');
  }

  /** Calls the API; a form is sent as a form, anything else as JSON. */
  async call<T>(method: string, path: string, body?: unknown): Promise<Reply<T>> {
    const form = body instanceof FormData;
    const response = await fetch(`${this.url}/api${path}`, {
      method,
      headers: {
        authorization: this.#authorization,
        ...(form ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json') && text !== '';
    return { status: response.status, body: (json ? JSON.parse(text) : text) as T };
  }

  /** Calls the API, and takes no error for an answer. */
  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const reply = await this.call<T>(method, path, body);
    if (reply.status < 300) return reply.body;
    throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body).slice(0, 1000)}`);
  }

  /** The personal access token of the user, who may have one: it is made when it is asked for first. */
  async personalToken(): Promise<string> {
    this.#personalToken ??= (await this.ask<{ token: string }>('POST', '/token/', {})).token;
    return this.#personalToken;
  }

  /** The `Authorization` header that a personal access token is exchanged for. */
  async bearer(token: string): Promise<string> {
    const { access } = await this.ask<{ access: string }>('POST', '/token/refresh/', { refresh: token });
    return `Bearer ${access}`;
  }

  /** Does some work with another `Authorization` header on all calls. */
  async authorizedBy(authorization: string, work: () => Promise<void>): Promise<void> {
    const usual = this.#authorization;
    this.#authorization = authorization;
    try {
      await work();
    } finally {
      this.#authorization = usual;
    }
  }

  async createProject(labelConfig: string, title = 'End to end'): Promise<number> {
    const project = { title, label_config: labelConfig };
    return (await this.ask<{ id: number }>('POST', '/projects/', project)).id;
  }

  /** Imports tasks. @returns their ids, in order */
  async importTasks(project: number, data: readonly Record<string, unknown>[]): Promise<number[]> {
    const path = `/projects/${project}/import?return_task_ids=true`;
    return (await this.ask<{ task_ids: number[] }>('POST', path, data)).task_ids;
  }

  /** The form "Connect model". */
  connect(project: number, url: string, connection: Connection = {}): Promise<Reply<MlBackend>> {
    const form = { project, url, title: 'backend', is_interactive: true, ...connection };
    return this.call<MlBackend>('POST', '/ml/', form);
  }

  /** The list on the page "Model" of a project's settings. */
  backends(project: number): Promise<MlBackend[]> {
    return this.ask<MlBackend[]>('GET', `/ml/?project=${project}`);
  }

  /** Uploads a file, which becomes no task by itself. @returns its path, as tasks name it */
  async upload(project: number, name: string, file: Blob): Promise<string> {
    const form = new FormData();
    form.append(name, file, name);
    const path = `/projects/${project}/import?commit_to_project=false`;
    const { file_upload_ids: ids } = await this.ask<{ file_upload_ids: number[] }>('POST', path, form);
    const upload = await this.ask<{ file: string }>('GET', `/import/file-upload/${ids[0]}`);
    return `/data/${upload.file}`;
  }

  /** The action "Retrieve predictions" of the data manager, with all tasks selected. */
  async retrievePredictions(project: number): Promise<void> {
    const selected = { selectedItems: { all: true, excluded: [] }, project };
    await this.ask('POST', `/dm/actions/?id=retrieve_tasks_predictions&project=${project}`, selected);
  }

  /** All tasks of a project with their predictions. */
  async tasks(project: number): Promise<{ id: number; predictions: StoredPrediction[] }[]> {
    type Page = { total: number; tasks: { id: number; predictions: StoredPrediction[] }[] };
    const all: Page['tasks'] = [];
    for (let page = 1; ; page++) {
      const path = `/tasks/?project=${project}&fields=all&page_size=500&page=${page}`;
      const { total, tasks } = await this.ask<Page>('GET', path);
      all.push(...tasks);
      if (all.length >= total) return all;
    }
  }

  predictions(task: number): Promise<StoredPrediction[]> {
    return this.ask<StoredPrediction[]>('GET', `/predictions/?task=${task}`);
  }

  /** What the editor sends when an annotator draws with Auto-Annotation on. */
  annotateInteractively(backend: number, task: number, context: Record<string, unknown> | null = null) {
    const path = `/ml/${backend}/interactive-annotating`;
    return this.ask<{ data?: StoredPrediction; errors?: string[] }>('POST', path, { task, context });
  }
}
