import type { IncomingMessage, ServerResponse } from 'node:http';
import { serve } from '../task-data/servers.js';
import { page } from './support.js';

/** An annotated task, as Label Studio tells it. */
export interface AnnotatedTask {
  id: number;
  data: Record<string, unknown>;
  annotations: object[];
}

/** What an annotator says of a task: the results of one annotation. */
export interface Annotated {
  data: Record<string, unknown>;
  result: object[];
}

/** When all projects were created. */
export const CREATED_AT = '2026-11-24T11:48:04.424462Z';

/** A Label Studio that knows the annotated tasks of projects, for whoever has its token. */
export class LabelStudioServer {
  readonly url: string;
  readonly token = 'a1b2c3';
  /** Answers everything in its place. */
  answer: ((request: IncomingMessage, response: ServerResponse) => void) | null = null;
  readonly #projects = new Map<string, AnnotatedTask[]>();

  private constructor(url: string) {
    this.url = url;
  }

  /** Starts one that `stopServers` ends. */
  static async start(): Promise<LabelStudioServer> {
    const { url } = await serve((request, response) => labelStudio.handle(request, response));
    const labelStudio = new LabelStudioServer(url);
    return labelStudio;
  }

  /**
   * Adds tasks with an annotation each.
   * @returns the tasks, whose ids go on from those that the project has
   */
  annotate(project: string, all: readonly Annotated[]): AnnotatedTask[] {
    const tasks = this.#projects.get(project) ?? [];
    this.#projects.set(project, tasks);
    const added = all.map(({ data, result }, index) => {
      const id = tasks.length + index + 1;
      const annotation = { id, result, was_cancelled: false, ground_truth: false };
      return { id, data, annotations: [annotation], predictions: [], drafts: [] };
    });
    tasks.push(...added);
    return added;
  }

  /** Forgets the tasks of a project. */
  clear(project: string): void {
    this.#projects.set(project, []);
  }

  /** Answers a request, wherever it came in. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url!, this.url);
    const tasks = this.#projects.get(searchParams.get('project') ?? '');
    const [, project] = /^\/api\/projects\/(\d+)\/$/.exec(pathname) ?? [];
    const refuse = (status: number, detail: string) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ detail }));
    };
    if (this.answer) this.answer(request, response);
    else if (request.headers.authorization !== `Token ${this.token}`) refuse(401, 'Invalid token.');
    else if (project !== undefined)
      response.end(JSON.stringify({ id: Number(project), created_at: CREATED_AT }));
    else if (pathname !== '/api/tasks/' || !tasks) refuse(404, 'Not found.');
    else page(request, response, tasks);
  }
}
