import { setTimeout } from 'node:timers/promises';
import { AppError, clip } from '../errors.js';
import { projectIdOf, readProjectName } from '../project-key.js';
import type { LabelStudioAuth } from './auth.js';
import { FIRST_PAGE, type LabelStudioTask, nextSize, pagePath, readPage, smallerSize } from './pages.js';
import { AnswerTooLarge, isPassing, type Reply, request, unreachable } from './request.js';
import { type LabelStudio, type LabelStudioSource, shownUrl } from './source.js';

export interface LabelStudioClient {
  /**
   * Asks once whether Label Studio has a project, and lets this server read it.
   * @returns false when it has none of that id, or another one, created at another time
   * @throws AppError as `requestSetup`
   */
  hasProject(project: string, signal?: AbortSignal): Promise<boolean>;
  /**
   * Lets Label Studio send `/setup` of a project to its backends, which it does whenever it lists them.
   * @throws AppError `label_studio_…`: unknown, unauthorized, unexpected, unreachable; the signal's reason
   */
  requestSetup(project: string, signal?: AbortSignal): Promise<void>;
  /**
   * All tasks of a project that have an annotation which was not cancelled, by ascending id, each with all of its
   * annotations. Predictions and drafts, which nothing is learnt from, are left away.
   *
   * Values that point to a cloud storage stay as they are, as in `/predict`.
   *
   * @param trouble told why Label Studio is asked again, and null when it has answered then
   * @throws AppError as `requestSetup`; the signal's reason
   */
  annotatedTasks(
    project: string,
    signal?: AbortSignal,
    trouble?: Trouble,
  ): AsyncGenerator<LabelStudioTask, void>;
}

/** Told of what is tried again. */
export type Trouble = (reason: string | null) => void;

export interface LabelStudioClientDeps {
  labelStudio: LabelStudioSource;
  auth: LabelStudioAuth;
  /** How long one request may take, in milliseconds. */
  timeoutMs: number;
  /** The most that is read of one answer. */
  maxBytes: number;
  /** The most that is read of the tasks of a project at a time: pages that never end would fill the disk. */
  maxTotalBytes: number;
  fetch?: typeof fetch;
  /** Waits so many milliseconds before a request is sent again. */
  wait?(milliseconds: number, signal: AbortSignal | undefined): Promise<unknown>;
}

/** With the pauses between them long enough for a Label Studio that is started again. */
const ATTEMPTS = 7;
const FIRST_PAUSE_MS = 500;
/** A server that asks for a longer pause is given up. */
const LONGEST_PAUSE_MS = 120_000;
const DETAIL_LENGTH = 200;

/**
 * Reads annotated tasks from the Label Studio that a project belongs to.
 *
 * A request that meets a network error, 429 or 5xx is sent again after a pause: the one that Label Studio asks for,
 * else one that doubles each time. The token goes to Label Studio's own address alone; redirects are not followed.
 *
 * @example
 * const client = createLabelStudioClient({ labelStudio, auth, timeoutMs: 120_000, maxBytes: 64 * 2 ** 20, maxTotalBytes: 2 ** 32 });
 * for await (const task of client.annotatedTasks('4')) console.log(task.id, task.annotations);
 */
export function createLabelStudioClient(deps: LabelStudioClientDeps): LabelStudioClient {
  const send = deps.fetch ?? fetch;
  const wait = deps.wait ?? ((milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }));

  function labelStudioOf(project: string): LabelStudio {
    const labelStudio = deps.labelStudio(project);
    if (labelStudio !== null) return labelStudio;
    throw new AppError(
      'label_studio_unknown',
      `the address of project ${project}'s Label Studio is not known; set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY`,
    );
  }

  /** One request with its token; an access token that is refused is renewed once. */
  async function authorized(
    labelStudio: LabelStudio,
    path: string,
    signal: AbortSignal | undefined,
  ): Promise<Reply> {
    for (let renewed = false; ; renewed = true) {
      const authorization = await deps.auth.header(labelStudio, signal);
      const reply = await request(send, labelStudio, path, {
        headers: { accept: 'application/json', ...(authorization === null ? {} : { authorization }) },
        signal,
        timeoutMs: deps.timeoutMs,
        maxBytes: deps.maxBytes,
      });
      if (reply.status !== 401 || renewed || !deps.auth.renew(labelStudio, authorization)) return reply;
    }
  }

  /** @returns an answer that sending again would not change */
  async function lasting(
    labelStudio: LabelStudio,
    path: string,
    signal: AbortSignal | undefined,
    trouble: Trouble = () => {},
  ): Promise<Reply> {
    for (let attempt = 1; ; attempt++) {
      let failure: AppError;
      let pause: number | undefined;
      try {
        const reply = await authorized(labelStudio, path, signal);
        if (!isPassing(reply.status)) {
          if (attempt > 1) trouble(null);
          return reply;
        }
        failure = failing(labelStudio, reply);
        pause = askedPause(reply);
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'label_studio_unreachable') throw error;
        failure = error;
      }
      // Not the same for all that were refused together.
      pause ??= FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
      if (attempt === ATTEMPTS || pause > LONGEST_PAUSE_MS) throw failure;
      trouble(failure.message);
      await wait(pause, signal).catch(error => {
        signal?.throwIfAborted();
        throw error;
      });
    }
  }

  /** What is learnt from another project of the same id would look like the right thing. */
  async function checkProject(
    labelStudio: LabelStudio,
    project: string,
    signal: AbortSignal | undefined,
    trouble: Trouble | undefined,
  ): Promise<void> {
    const id = projectIdOf(project);
    if (id === project) return;
    const reply = await lasting(labelStudio, projectPath(project), signal, trouble);
    if (isProject(contentOf(reply, labelStudio, id), project)) return;
    throw unexpected(
      labelStudio,
      `has another project ${id}, created at another time than ${project}; set LABEL_STUDIO_URL to the one that this project is in`,
    );
  }

  return {
    async hasProject(project, signal) {
      const labelStudio = labelStudioOf(project);
      const reply = await authorized(labelStudio, projectPath(project), signal);
      if (isPassing(reply.status)) throw failing(labelStudio, reply);
      return reply.status !== 404 && isProject(contentOf(reply, labelStudio, projectIdOf(project)), project);
    },

    async requestSetup(project, signal) {
      const labelStudio = labelStudioOf(project);
      const reply = await lasting(
        labelStudio,
        `/api/ml?${new URLSearchParams({ project: projectIdOf(project) })}`,
        signal,
      );
      if (!Array.isArray(contentOf(reply, labelStudio, projectIdOf(project))))
        throw unexpected(labelStudio, 'does not list the backends of a project');
    },

    async *annotatedTasks(project, signal, trouble) {
      const labelStudio = labelStudioOf(project);
      await checkProject(labelStudio, project, signal, trouble);
      let size = FIRST_PAGE;
      let last = 0;
      let bytes = 0;
      for (;;) {
        if (bytes > deps.maxTotalBytes)
          throw unexpected(
            labelStudio,
            `has more than ${deps.maxTotalBytes} bytes of annotated tasks in project ${project}, the most that is read for one training`,
          );
        let reply: Reply;
        try {
          reply = await lasting(labelStudio, pagePath(projectIdOf(project), last, size), signal, trouble);
        } catch (error) {
          if (!(error instanceof AnswerTooLarge)) throw error;
          if (size === 1)
            throw unexpected(labelStudio, `has a task after ${last} for which ${error.message}`);
          size = smallerSize(size);
          bytes += deps.maxBytes;
          continue;
        }
        const page = readPage(contentOf(reply, labelStudio, projectIdOf(project)), last);
        if (page === undefined) throw unexpected(labelStudio, 'does not tell of tasks as it was asked to');
        for (const { predictions: _, drafts: _drafts, ...task } of page.tasks) yield task as LabelStudioTask;
        if (page.isLast) return;
        bytes += reply.body.length;
        last = page.tasks.at(-1)!.id;
        size = nextSize(reply.body.length, page.tasks.length);
      }
    },
  };
}

function projectPath(project: string): string {
  return `/api/projects/${projectIdOf(project)}/`;
}

/** Whether what Label Studio tells of a project is about this one. */
function isProject(told: unknown, project: string): boolean {
  const { created } = readProjectName(project)!;
  const { created_at } = (told ?? {}) as { created_at?: unknown };
  if (created === null || typeof created_at !== 'string') return true;
  return Math.floor(Date.parse(created_at) / 1_000) === created;
}

function failing(labelStudio: LabelStudio, reply: Reply): AppError {
  const what = `answers HTTP ${reply.status}${detailOf(reply)}; check that it works, and try again`;
  return unreachable(`${placeOf(labelStudio)} ${what}`);
}

function placeOf(labelStudio: LabelStudio): string {
  return `Label Studio at ${shownUrl(labelStudio)}`;
}

function unexpected(labelStudio: LabelStudio, what: string): AppError {
  return new AppError('label_studio_unexpected', `${placeOf(labelStudio)} ${what}`);
}

/** @throws AppError for any answer but JSON with a status of success */
function contentOf(reply: Reply, labelStudio: LabelStudio, project: string): unknown {
  const { status, headers, body } = reply;
  const detail = detailOf(reply);
  const unauthorized = (what: string) =>
    new AppError('label_studio_unauthorized', `${placeOf(labelStudio)} ${what}`);
  if (status === 401) {
    const what = labelStudio.token === '' ? 'wants a token' : 'does not take the token';
    const settings = 'set LABEL_STUDIO_URL to its address, and LABEL_STUDIO_API_KEY to an access token of it';
    throw unauthorized(`${what}${detail}; ${settings}`);
  }
  if (status === 403) {
    const who = 'LABEL_STUDIO_API_KEY to the token of a user who may';
    throw unauthorized(`does not let the token's user read project ${project}${detail}; set ${who}`);
  }
  if (status === 404) {
    const where = 'check LABEL_STUDIO_URL, and that the user of LABEL_STUDIO_API_KEY can see the project';
    throw unexpected(labelStudio, `has no project ${project}${detail}; ${where}`);
  }
  if (status >= 300 && status <= 399) {
    const location = headers.get('location') ?? '';
    const target = URL.canParse(location, labelStudio.url) ? new URL(location, labelStudio.url).origin : '';
    throw unexpected(
      labelStudio,
      `redirects${target && ` to ${target}`}, where its token must not go; set LABEL_STUDIO_URL to where it is`,
    );
  }
  if (status < 200 || status > 299) throw unexpected(labelStudio, `answers HTTP ${status}${detail}`);
  try {
    return JSON.parse(body.toString());
  } catch {
    throw unexpected(labelStudio, 'answers something that is not JSON; is LABEL_STUDIO_URL its address?');
  }
}

/** What Label Studio says of a refusal. */
function detailOf({ body }: Reply): string {
  try {
    const { detail } = JSON.parse(body.toString()) as { detail?: unknown };
    if (typeof detail !== 'string') return '';
    // Cut before the end is looked for: a server may send megabytes of blanks.
    const start = detail.slice(0, 2 * DETAIL_LENGTH);
    return ` (${clip(start.replace(/[\s.]+$/, ''), DETAIL_LENGTH)})`;
  } catch {
    return '';
  }
}

/** The milliseconds that `Retry-After` asks for. */
function askedPause({ headers }: Reply): number | undefined {
  const text = headers.get('retry-after');
  if (text === null) return undefined;
  const pause = /^\d+$/.test(text)
    ? Number(text) * 1000
    : Date.parse(text) - (Date.parse(headers.get('date') ?? '') || Date.now());
  return Number.isNaN(pause) ? undefined : Math.max(pause, 0);
}
