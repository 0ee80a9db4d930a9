import { assert } from 'chai';
import type { Job } from '../../src/training/job.js';
import { type Annotated, CREATED_AT, LabelStudioServer } from '../label-studio/server.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { PYTHON } from '../support/python.js';

/** A version as `GET /api/models/<name>/versions` tells of it. */
export interface ListedVersion {
  version: string;
  label: string;
  active: boolean;
  accepted: boolean;
  parent: string | null;
  job: string | null;
  counts: { tasks: number; held_out: number; left_out: Record<string, number>; labels: object };
  gate: { candidate: number; serving: number | null } | null;
}

/** The key of a project here. */
export const keyOf = (project: string) => `${project}.${Math.floor(Date.parse(CREATED_AT) / 1_000)}`;

/** A backend and the Label Studio that its projects belong to. */
export class Loop {
  backend: TestBackend;
  readonly labelStudio: LabelStudioServer;
  readonly #env: Record<string, string>;

  private constructor(backend: TestBackend, labelStudio: LabelStudioServer, env: Record<string, string>) {
    this.backend = backend;
    this.labelStudio = labelStudio;
    this.#env = env;
  }

  /** Starts both; `stopServers` ends the Label Studio. */
  static async start(env: Record<string, string> = {}): Promise<Loop> {
    const settings = { PYTHON, TRAIN_DEBOUNCE: '50ms', ...env };
    return new Loop(await startBackend(settings), await LabelStudioServer.start(), settings);
  }

  /** Starts the backend again on its folder, with other settings. */
  async restart(env: Record<string, string>): Promise<void> {
    const { dataDir } = this.backend;
    await this.backend.stop();
    this.backend = await startBackend({ ...this.#env, ...env, DATA_DIR: dataDir });
  }

  /** Connects a project as Label Studio does. @returns the `model_version` that it is shown */
  async setUp(project: string, schema: string): Promise<string> {
    const { url: hostname, token: access_token } = this.labelStudio;
    const reply = await this.backend.setup({ project: keyOf(project), schema, hostname, access_token });
    assert.equal(reply.status, 200, reply.reason);
    return reply.body.model_version;
  }

  /** Tells of a new annotation, as Label Studio's webhook does. */
  async annotated({ result }: Annotated, project: string): Promise<void> {
    const annotation = { result, was_cancelled: false };
    const event = {
      action: 'ANNOTATION_CREATED',
      project: { id: Number(project), created_at: CREATED_AT },
      annotation,
    };
    assert.deepEqual((await this.backend.post('/webhook', event)).body, { status: 'ok' });
  }

  /** Presses Start training, and waits for the end of the job. */
  async train(project: string): Promise<Job> {
    const event = { action: 'START_TRAINING', project: { id: Number(project) } };
    const { job } = (await this.backend.post<{ job: string }>('/webhook', event)).body;
    return (await this.follow(job)).at(-1)!;
  }

  /** What the events of a job tell until it ends. */
  async follow(job: string): Promise<Job[]> {
    const { body } = await this.backend.get<string>(`/api/jobs/${job}/events`);
    return [...body.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as Job);
  }

  /** The versions that a project has of a model. */
  async versions(model: string, project: string): Promise<ListedVersion[]> {
    const path = `/api/models/${model}/versions?project=${project}`;
    return (await this.backend.get<{ versions: ListedVersion[] }>(path)).body.versions;
  }

  /** What every path says of the version that serves a project: one and the same. */
  async serving(project: string, schema: string, task: object): Promise<string> {
    const label = await this.setUp(project, schema);
    const { body } = await this.backend.predict({ tasks: [task], project: keyOf(project) });
    assert.equal(body.model_version, label);
    assert.deepInclude(body.results[0] as object, { model_version: label });
    for (const query of ['', `?project=${project}`]) {
      const { versions } = (await this.backend.get<{ versions: string[] }>(`/versions${query}`)).body;
      assert.include(versions, label);
    }
    return label;
  }
}
