import { randomUUID } from 'node:crypto';
import { lookup as lookupAddress } from 'node:dns/promises';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../errors.js';
import type { LabelStudioAuth } from '../label-studio/auth.js';
import { type LabelStudioSource, urlOf } from '../label-studio/source.js';
import { allowedHosts } from './hosts.js';
import { download, type Lookup } from './http.js';
import { readLocalFile } from './local.js';
import { reasonOf, Unreadable } from './reasons.js';
import { classify, describeValue, presignPath } from './resolve.js';

export interface TaskDataDeps {
  labelStudio: LabelStudioSource;
  auth: LabelStudioAuth;
  /** Where Label Studio's local files lie on this machine; null: they are read through Label Studio. */
  localFilesRoot: string | null;
  /** Hosts that are read whatever their address; see `allowedHosts`. */
  allowHosts: readonly string[];
  /** The most that is read for one value. */
  maxBytes: number;
  /** How long one value may take, redirects and all, in milliseconds. */
  timeoutMs: number;
  /** Where files are put for other processes to read. */
  folder: string;
  lookup?: Lookup;
}

/** Whose value is read. */
export interface ReadRequest {
  projectId: string | null;
  /** Objects of a cloud storage are read through their task; null: they cannot be. */
  taskId: string | number | null;
  signal?: AbortSignal | undefined;
}

export interface TaskData {
  /**
   * The bytes that a string of a task's data stands for; of inline text, its own as UTF-8.
   *
   * @throws AppError `task_unreadable`, saying what, why, and what to do; or the signal's reason when that is an
   *   AppError
   */
  read(value: string, request: ReadRequest): Promise<Buffer>;
  /**
   * The same as text, without a byte order mark; inline text as it is.
   *
   * @throws AppError as `read`, and `task_unreadable` for bytes that are not UTF-8
   */
  readText(value: string, request: ReadRequest): Promise<string>;
  /**
   * The same as a file, for another process to read; a `data:` URI stays what it is.
   *
   * @throws AppError as `read`, and `task_unreadable` for inline text, which is no address
   */
  file(value: string, request: ReadRequest): Promise<TaskFile>;
}

/** A file that lies where `path` says until it is released. Nobody may write to it. */
export interface TaskFile {
  path: string;
  release(): void;
}

/**
 * Reads what tasks point to: URLs, uploads, local files, cloud storages. Only public addresses are read, and beside
 * them Label Studio's own and the allowed ones: whoever can write a task could otherwise reach this server's network.
 *
 * @throws AppError `setting_invalid` for an entry of `allowHosts` that is no host
 * @example
 * const taskData = createTaskData({
 *   labelStudio: () => ({ url: 'http://localhost:8080', token: 'abc' }),
 *   auth: createLabelStudioAuth({ fetch, now: Date.now, timeoutMs: 10_000 }),
 *   localFilesRoot: null,
 *   allowHosts: [],
 *   maxBytes: 64 * 2 ** 20,
 *   timeoutMs: 30_000,
 *   folder: 'data/cache/files',
 * });
 * await taskData.readText('/data/upload/1/letter.txt', { projectId: '1', taskId: 12 });
 */
export function createTaskData(deps: TaskDataDeps): TaskData {
  const { auth, maxBytes, timeoutMs } = deps;
  const allows = allowedHosts(deps.allowHosts);
  const lookup: Lookup = deps.lookup ?? (hostname => lookupAddress(hostname, { all: true }));

  async function load(
    value: string,
    { projectId, taskId }: ReadRequest,
    signal: AbortSignal,
  ): Promise<Buffer> {
    signal.throwIfAborted();
    const labelStudio = deps.labelStudio(projectId);
    const get = (url: URL): Promise<Buffer> =>
      download(url, {
        ownOrigin: labelStudio && new URL(labelStudio.url).origin,
        authorization: async () => labelStudio && (await auth.header(labelStudio, signal)),
        allows,
        lookup,
        maxBytes,
        signal,
      });
    const getOwn = (path: string): Promise<Buffer> => {
      if (labelStudio === null) {
        throw new Unreadable(
          'it is read through Label Studio, whose address is not known; set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY',
        );
      }
      return get(urlOf(labelStudio, path));
    };

    const source = classify(value, labelStudio);
    switch (source.kind) {
      case 'inline':
        return Buffer.from(value);
      case 'data':
        return source.bytes;
      case 'http':
        return await get(new URL(source.url));
      case 'local':
        return deps.localFilesRoot === null
          ? await getOwn(source.url)
          : await readLocalFile(deps.localFilesRoot, source.path, { maxBytes, signal });
      case 'cloud':
        if (taskId === null) throw new Unreadable("it is read through its task's id, and the task has none");
        return await getOwn(presignPath(taskId, source.uri));
      case 'label-studio':
        try {
          return await getOwn(source.path);
        } catch (error) {
          if (source.fallback === undefined || !(error instanceof Unreadable) || error.status !== 404)
            throw error;
          return await getOwn(source.fallback);
        }
    }
  }

  async function read(value: string, request: ReadRequest): Promise<Buffer> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeoutMs);
    const signal = request.signal ? AbortSignal.any([request.signal, late.signal]) : late.signal;
    try {
      return await load(value, request, signal);
    } catch (error) {
      if (error instanceof Unreadable || !signal.aborted) throw unreadable(value, reasonOf(error), error);
      if (late.signal.aborted) throw unreadable(value, `it took longer than ${timeoutMs / 1000} s`, error);
      if (request.signal?.reason instanceof AppError) throw request.signal.reason;
      throw unreadable(value, 'the request was given up', error);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    read,
    async readText(value, request) {
      if (classify(value, deps.labelStudio(request.projectId)).kind === 'inline') return value;
      const bytes = await read(value, request);
      try {
        return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      } catch (error) {
        throw unreadable(value, 'it is not UTF-8 text; save it as UTF-8', error);
      }
    },
    async file(value, request) {
      const { kind } = classify(value, deps.labelStudio(request.projectId));
      if (kind === 'data') return { path: value, release() {} };
      if (kind === 'inline') {
        throw unreadable(
          value,
          'it is not the address of a file (a URL, an upload, a local file or a cloud URI)',
        );
      }
      const bytes = await read(value, request);
      await mkdir(deps.folder, { recursive: true });
      const path = join(deps.folder, randomUUID());
      await writeFile(path, bytes);
      return { path, release: () => void rm(path, { force: true }) };
    },
  };
}

function unreadable(value: string, reason: string, cause?: unknown): AppError {
  return new AppError('task_unreadable', `cannot read '${describeValue(value)}': ${reason}`, { cause });
}
