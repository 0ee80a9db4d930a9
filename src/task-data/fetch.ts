import { lookup as lookupAddress } from 'node:dns/promises';
import type { LabelStudioAuth } from '../label-studio/auth.js';
import { type LabelStudio, type LabelStudioSource, urlOf } from '../label-studio/source.js';
import type { ProxySource } from '../proxies.js';
import { type Body, type BodyLimits, save } from './body.js';
import { FairSlots, type Owner } from './fair-slots.js';
import type { FileCache, TaskFile } from './file-cache.js';
import { allowedHosts } from './hosts.js';
import { download, type Lookup } from './http.js';
import { isMissing, localFile, storedLocalFile } from './local.js';
import { reasonOf, Unreadable } from './reasons.js';
import { addressOf, hostAsked, MAX_AGE, type Remote } from './remote.js';
import { classify, isDataUrl, locate, ownAddress, presignPath, type Source } from './resolve.js';
import { HeldTexts, requestSignal } from './scope.js';
import { Slots } from './slots.js';
import { type StoredBytes, type StoredText, storedFile } from './texts.js';
import { known, noAddress, told, unreachable, unreadable } from './told.js';

export interface TaskDataDeps {
  labelStudio: LabelStudioSource;
  auth: LabelStudioAuth;
  /** Where Label Studio's local files lie on this machine; null: they are read through Label Studio. */
  localFilesRoot: string | null;
  /** Whether those are the files of one Label Studio, that of the settings. */
  isRootOfSettings?: boolean;
  /** Hosts that are read whatever their address; see `allowedHosts`. */
  allowHosts: readonly string[];
  /** The most that is read for one file. */
  maxBytes: number;
  /** The bytes of one text, and of all texts that are in memory on their way to a model. */
  texts: { each: number; together: number };
  /** How long one value may take from when it is its turn, redirects and all, in milliseconds. */
  timeoutMs: number;
  /** How long a server may take of that until it begins to answer. */
  answerMs: number;
  /** How many values are read at once, of all requests; one project or host gets a part of them (`FairSlots`). */
  atOnce: number;
  /** Where files are put for other processes to read. */
  files: FileCache;
  /** Its reason, an AppError, ends all that is fetched. */
  stopped?: AbortSignal;
  /** The proxies; absent: none. */
  proxyOf?: ProxySource;
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
   * The text behind an address, without a byte order mark.
   *
   * @throws AppError as `readText`, and `task_unreadable` for what is no address
   */
  textAt(address: string, request: ReadRequest): Promise<string>;
  /**
   * The same on this machine's disk, to be read when there is room for it in `textMemory`.
   *
   * @throws AppError as `textAt`
   */
  text(address: string, request: ReadRequest): Promise<StoredText>;
  /** The bytes of the texts in memory. */
  readonly textMemory: Slots;
  /**
   * What is behind an address as a file, for another process to read; a `data:` URI stays what it is.
   *
   * @throws AppError as `read`, and `task_unreadable` for inline text, which is no address
   */
  file(value: string, request: ReadRequest): Promise<TaskFile>;
}

/** What models that are code may hold of texts, in relation to what others may. */
const HELD = 4;

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
 *   texts: { each: 2 ** 20, together: 8 * 2 ** 20 },
 *   timeoutMs: 30_000,
 *   answerMs: 10_000,
 *   atOnce: 32,
 *   files: new FileCache({ folder: 'data/cache/files', maxBytes: 2 ** 30 }),
 * });
 * await taskData.readText('/data/upload/1/letter.txt', { projectId: '1', taskId: 12 });
 */
export function createTaskData(deps: TaskDataDeps): TaskData {
  const { auth, maxBytes, texts, timeoutMs, answerMs, localFilesRoot, files } = deps;
  const allows = allowedHosts(deps.allowHosts);
  const lookup: Lookup = deps.lookup ?? (hostname => lookupAddress(hostname, { all: true }));
  const { proxyOf = () => null } = deps;
  const slots = new FairSlots(deps.atOnce);
  const textMemory = new Slots(texts.together);
  const held = new HeldTexts(HELD * texts.together);

  async function ask(
    source: Remote,
    labelStudio: LabelStudio | null,
    taskId: ReadRequest['taskId'],
    { maxBytes, signal }: BodyLimits,
  ): Promise<Body> {
    const get = (url: URL): Promise<Body> =>
      download(url, {
        ownOrigin: labelStudio && new URL(labelStudio.url).origin,
        ownAddress: url => (labelStudio ? ownAddress(url, labelStudio) : url),
        isData: own => labelStudio !== null && isDataUrl(own, labelStudio),
        authorization: async () => labelStudio && (await auth.header(labelStudio, signal)),
        ownFailed: error => unreachable(labelStudio!, signal.aborted ? signal.reason : error),
        allows,
        lookup,
        proxyOf,
        maxBytes,
        answerMs,
        signal,
      });
    const getOwn = (path: string): Promise<Body> => {
      if (labelStudio === null) {
        throw new Unreadable(
          'it is read through Label Studio, whose address is not known; set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY',
        );
      }
      return get(urlOf(labelStudio, path));
    };

    switch (source.kind) {
      case 'http':
        return await get(new URL(source.url));
      case 'local':
        return await getOwn(source.url);
      case 'cloud':
        return await getOwn(presignPath(known(taskId), source.uri));
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

  /** Does what takes long: when it is its turn, and not for too long. */
  function limited<T>(
    owner: Owner,
    given: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const run = async () => {
      const late = new AbortController();
      const reason = new Unreadable(`it took longer than ${timeoutMs / 1000} s`);
      const timer = setTimeout(() => late.abort(reason), timeoutMs);
      try {
        return await work(
          AbortSignal.any([given, late.signal, deps.stopped].filter(each => each !== undefined)),
        );
      } catch (error) {
        deps.stopped?.throwIfAborted();
        if (error instanceof Unreadable || given?.aborted || !late.signal.aborted) throw error;
        throw reason;
      } finally {
        clearTimeout(timer);
      }
    };
    return slots.run(owner, run, given);
  }

  /** A copy on this machine's disk. */
  async function copied(
    source: Remote,
    labelStudio: LabelStudio | null,
    { projectId, taskId, signal }: ReadRequest,
    limit: number,
  ): Promise<TaskFile> {
    // What is cut off as a text may be read as a file.
    const address = [labelStudio, addressOf(source, taskId), ...(limit === maxBytes ? [] : [limit])];
    const owner = { project: projectId, host: hostAsked(source, labelStudio) };
    return await files.lease(
      { project: projectId, address, maxAge: MAX_AGE[source.kind] },
      (path, wanted, guard) =>
        limited(owner, wanted, signal => {
          const limits = { maxBytes: limit, signal };
          return save(path, () => ask(source, labelStudio, taskId, limits), limits, guard);
        }),
      signal,
    );
  }

  /** A local file from this disk. Label Studio is asked for one that is not there: it may have another, or name files otherwise. */
  async function nearest<T>(
    source: Remote,
    labelStudio: LabelStudio | null,
    onDisk: (root: string, path: string) => Promise<T>,
    remote: () => Promise<T>,
  ): Promise<T> {
    // The disk is that of the Label Studio of the settings, where they name one.
    const isElsewhere = deps.isRootOfSettings && labelStudio?.told === 'setup';
    if (source.kind !== 'local' || localFilesRoot === null || isElsewhere) return await remote();
    try {
      return await onDisk(localFilesRoot, source.path);
    } catch (error) {
      if (labelStudio === null || !isMissing(error)) throw error;
      return await remote().catch(asked => {
        if (!(asked instanceof Unreadable)) throw asked;
        throw new Unreadable(`${reasonOf(error)}, and Label Studio was asked: ${asked.message}`);
      });
    }
  }

  async function stored(source: Source, value: string, request: ReadRequest): Promise<StoredBytes> {
    const { projectId, signal } = request;
    // They are in memory already.
    if (source.kind === 'data') return { bytes: 0, read: async () => source.bytes, release() {} };
    return await told(value, signal, async () => {
      if (source.kind === 'inline') throw noAddress();
      signal?.throwIfAborted();
      const labelStudio = deps.labelStudio(projectId);
      return await nearest(
        source,
        labelStudio,
        (root, path) => storedLocalFile(root, path, texts.each),
        async () => storedFile(await copied(source, labelStudio, request, texts.each), texts.each),
      );
    });
  }

  async function text(source: Source, value: string, request: ReadRequest): Promise<StoredText> {
    const { bytes, read, release } = await stored(source, value, request);
    return {
      bytes,
      release,
      async read() {
        const content = await told(value, request.signal, read);
        try {
          return new TextDecoder('utf-8', { fatal: true }).decode(content);
        } catch (error) {
          throw unreadable(value, 'it is not UTF-8 text; save it as UTF-8', error);
        }
      },
    };
  }

  /** Reads something at once, when there is room for it. */
  async function inMemory<T>(
    storing: Promise<{ bytes: number; read(): Promise<T>; release(): void }>,
    value: string,
    { signal }: ReadRequest,
  ): Promise<T> {
    const { bytes, read, release } = await storing;
    try {
      held.hold(bytes);
      const leave = await told(value, signal, () => textMemory.take(bytes, signal));
      return await read().finally(leave);
    } finally {
      release();
    }
  }

  async function file(value: string, request: ReadRequest): Promise<TaskFile> {
    const labelStudio = deps.labelStudio(request.projectId);
    const source = locate(value, labelStudio);
    if (source.kind === 'data') return { path: value, release() {} };
    return await told(value, request.signal, async () => {
      if (source.kind === 'inline') throw noAddress();
      return await nearest(
        source,
        labelStudio,
        async (root, path) => ({ path: await localFile(root, path, maxBytes), release() {} }),
        () => copied(source, labelStudio, request, maxBytes),
      );
    });
  }

  const located = (address: string, request: ReadRequest) =>
    text(locate(address, deps.labelStudio(request.projectId)), address, request);
  const own = (request: ReadRequest) => ({ ...request, signal: request.signal ?? requestSignal() });

  return {
    async read(value, request) {
      const source = classify(value, deps.labelStudio(request.projectId));
      return source.kind === 'inline'
        ? Buffer.from(value)
        : await inMemory(stored(source, value, own(request)), value, own(request));
    },
    async readText(value, request) {
      const source = classify(value, deps.labelStudio(request.projectId));
      return source.kind === 'inline'
        ? value
        : await inMemory(text(source, value, own(request)), value, own(request));
    },
    textAt: (address, request) => inMemory(located(address, own(request)), address, own(request)),
    text: located,
    textMemory,
    file: (value, request) => file(value, own(request)),
  };
}
