import { setTimeout } from 'node:timers/promises';
import { AppError } from '../errors.js';
import { createdOf, isDated, projectIdOf, readProjectName } from '../project-key.js';
import type { LabelStudioAuth } from './auth.js';
import { FIRST_PAGE, type LabelStudioTask, nextSize, pagePath, readPage, smallerSize } from './pages.js';
import { askedPause, contentOf, detailOf, failing, unexpected } from './reply.js';
import { AnswerTooLarge, isPassing, type Reply, request } from './request.js';
import type { LabelStudio, LabelStudioSource } from './source.js';

export interface LabelStudioClient {
  /**
   * Asks once whether a Label Studio has a project, and lets this server read it.
   * @param labelStudio the project's by default
   * @returns false when it has none of that id, or another one, created at another time
   * @throws AppError as `requestSetup`
   */
  hasProject(project: string, signal?: AbortSignal, labelStudio?: LabelStudio): Promise<boolean>;
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
/** What is read of an answer that tells of one project, or of its backends: a labeling config has a megabyte at most. */
const ONE_PROJECT = 4 * 2 ** 20;

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
    maxBytes: number,
  ): Promise<Reply> {
    for (let renewed = false; ; renewed = true) {
      const authorization = await deps.auth.header(labelStudio, signal);
      const reply = await request(send, labelStudio, path, {
        headers: { accept: 'application/json', ...(authorization === null ? {} : { authorization }) },
        signal,
        timeoutMs: deps.timeoutMs,
        maxBytes,
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
    maxBytes = Math.min(ONE_PROJECT, deps.maxBytes),
  ): Promise<Reply> {
    for (let attempt = 1; ; attempt++) {
      let failure: AppError;
      let pause: number | undefined;
      try {
        const reply = await authorized(labelStudio, path, signal, maxBytes);
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
    if (!isDated(project)) return;
    const id = projectIdOf(project);
    const reply = await lasting(labelStudio, projectPath(project), signal, trouble);
    if (isProject(contentOf(reply, labelStudio, id), project)) return;
    throw unexpected(
      labelStudio,
      `has another project ${id}, created at another time than ${project}; set LABEL_STUDIO_URL to the one that this project is in`,
    );
  }

  return {
    async hasProject(project, signal, labelStudio = labelStudioOf(project)) {
      const reply = await authorized(labelStudio, projectPath(project), signal, ONE_PROJECT);
      if (isPassing(reply.status)) throw failing(labelStudio, reply);
      // A proxy whose Label Studio is away says 404 as well, but not in its words.
      if (reply.status === 404 && detailOf(reply) !== '') return false;
      return isProject(contentOf(reply, labelStudio, projectIdOf(project)), project);
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
          const path = pagePath(projectIdOf(project), last, size);
          reply = await lasting(labelStudio, path, signal, trouble, deps.maxBytes);
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
  // Label Studio's serializers send what is asked for (`rest_flex_fields`); others send all of it.
  return `/api/projects/${projectIdOf(project)}/?fields=id,created_at`;
}

/** Whether what Label Studio tells of a project is about this one. */
function isProject(told: unknown, project: string): boolean {
  const { created } = readProjectName(project)!;
  const { created_at } = (told ?? {}) as { created_at?: unknown };
  if (created === null) return true;
  return createdOf(created_at) === created;
}
