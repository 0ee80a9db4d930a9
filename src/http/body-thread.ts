import type { Worker } from 'node:worker_threads';
import { AppError, type ErrorData } from '../errors.js';
import type { GroupSource, GroupText } from '../inference/job.js';
import type { RawTask, ValueReader } from '../inputs/values.js';
import { loadedKinds } from '../load-kinds.js';
import type { TaskBatch } from '../tasks.js';
import { startThread } from '../threads.js';
import type { PredictBody } from './wire.js';

type Payload =
  | { type: 'parse'; body: number; pieces: readonly Uint8Array[] }
  | { type: 'digests'; body: number; reader: ValueReader }
  | { type: 'groups'; body: number; reader: ValueReader; indices: readonly number[] | null }
  | { type: 'next'; body: number; most: number; room: SharedArrayBuffer }
  | { type: 'all'; body: number }
  | { type: 'share'; body: number; bodies: readonly number[] }
  | { type: 'release'; body: number };

/** What the thread is asked. */
export type ThreadRequest = Payload & { id: number };
export type ThreadReply = { id: number; result: unknown } | { id: number; error: ErrorData };

/** Groups one after the other: for each its number of tasks and its length. None: there are no more. */
export interface GroupTexts {
  counts: number[];
  lengths: number[];
  /** The room that came with the request, or a larger one when the groups do not fit there. */
  bytes: SharedArrayBuffer;
}

/** A large body without its tasks, and the tasks as a batch. */
export interface LargeBody extends Omit<PredictBody, 'tasks'> {
  batch: TaskBatch;
}

/** Room for the objects of several bodies, which are garbage as soon as their values are read. */
const YOUNG_MB = 64;

/** Room for the groups of one message, which take half of it as a rule; what is never written takes no memory. */
const ROOM_BYTES = 1 << 20;
/** Rooms that are kept for the next messages. */
const ROOMS = 16;

/** A thread that parses large bodies and holds their tasks. It is started at once; when it has ended, all fails that it is asked. */
export class BodyThread {
  readonly #pending = new Map<number, { resolve(result: unknown): void; reject(error: AppError): void }>();
  /**
   * Rooms whose groups are answered. Buffers that come and go with each message would have the collector at work all
   * the time, and annotators would wait for it; shared ones are none of its business, and these are used again.
   */
  readonly #rooms: SharedArrayBuffer[] = [];
  readonly #thread: Worker;
  readonly #over: Promise<void>;
  /** Why it is asked in vain. */
  #lost: AppError | undefined;
  #ids = 0;
  #bodies = 0;

  /** @param memory what its objects may take, in MB; by default what V8 allows */
  constructor(memory?: number) {
    this.#thread = startThread(import.meta.url, './body-thread-entry', {
      resourceLimits: {
        maxYoungGenerationSizeMb: YOUNG_MB,
        ...(memory === undefined ? {} : { maxOldGenerationSizeMb: memory }),
      },
      workerData: loadedKinds(),
    });
    this.#thread.unref();
    this.#thread.on('message', (reply: ThreadReply) => {
      const pending = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if ('error' in reply) pending?.reject(AppError.from(reply.error));
      else pending?.resolve(reply.result);
    });
    this.#thread.on('error', (error: NodeJS.ErrnoException) => this.#end(error));
    this.#over = new Promise(resolve => {
      this.#thread.once('exit', () => {
        this.#end();
        resolve();
      });
    });
  }

  /** Resolves when nothing of it is left. */
  get over(): Promise<void> {
    return this.#over;
  }

  /** Whether it has ended, or is about to. */
  get ended(): boolean {
    return this.#lost !== undefined;
  }

  /**
   * Parses a body.
   * @param pieces in order; they are taken over: nobody may use them afterwards
   * @throws AppError `json_invalid`, `request_invalid` or `body_too_large`
   */
  async parse(pieces: readonly Buffer[]): Promise<LargeBody> {
    const body = ++this.#bodies;
    // What shares its memory with others stays theirs.
    const own = pieces.map(piece =>
      piece.byteLength === piece.buffer.byteLength ? piece : new Uint8Array(piece),
    );
    type Head = Omit<PredictBody, 'tasks'> & { count: number };
    const { count, ...head } = (await this.#ask(
      { type: 'parse', body, pieces: own },
      own.map(({ buffer }) => buffer as ArrayBuffer),
    )) as Head;
    return { ...head, batch: this.#batch(body, count) };
  }

  /** Ends the thread, once it is through with what it parses at the moment: V8 lets nothing interrupt that. */
  async close(): Promise<void> {
    this.#end();
    await this.#thread.terminate();
  }

  #batch(body: number, count: number, readAll = this.#readAll(body)): TaskBatch {
    return {
      count,
      all: readAll,
      digests: async reader => (await this.#ask({ type: 'digests', body, reader })) as (string | undefined)[],
      groups: (reader, indices) => this.#groups(body, reader, indices, indices?.length ?? count),
      share: parts => {
        const bodies = Array.from({ length: parts }, () => ++this.#bodies);
        this.#tell({ type: 'share', body, bodies });
        return bodies.map(each => this.#batch(each, count, readAll));
      },
      release: () => this.#tell({ type: 'release', body }),
    };
  }

  /** Several models that want all of the tasks have them in common. */
  #readAll(body: number): () => Promise<RawTask[]> {
    let all: Promise<RawTask[]> | undefined;
    return () => {
      all ??= this.#ask({ type: 'all', body }) as Promise<RawTask[]>;
      return all;
    };
  }

  #groups(body: number, reader: ValueReader, indices: readonly number[] | null, count: number): GroupSource {
    let begun = false;
    let ready: GroupText[] = [];
    const fetch = async (most: number): Promise<GroupText | null> => {
      // Messages keep their order, so that the first fetch need not wait for the beginning.
      const beginning = begun ? undefined : this.#ask({ type: 'groups', body, reader, indices });
      begun = true;
      const room = this.#rooms.pop() ?? new SharedArrayBuffer(ROOM_BYTES);
      const [groups] = (await Promise.all([this.#ask({ type: 'next', body, most, room }), beginning])) as [
        GroupTexts,
        unknown,
      ];
      ready = this.#texts(groups);
      return ready.shift() ?? null;
    };
    return { count, next: most => ready.shift() ?? fetch(most) };
  }

  #texts({ counts, lengths, bytes }: GroupTexts): GroupText[] {
    const all = Buffer.from(bytes);
    let open = counts.length;
    const answered = () => {
      open--;
      if (open === 0 && bytes.byteLength === ROOM_BYTES && this.#rooms.length < ROOMS)
        this.#rooms.push(bytes);
    };
    let offset = 0;
    return counts.map((count, index) => {
      const begin = offset;
      offset += lengths[index]!;
      return { count, text: all.subarray(begin, offset), answered };
    });
  }

  #tell(payload: Payload): void {
    this.#ask(payload).catch(() => {}); // a thread that has ended holds nothing
  }

  #ask(payload: Payload, transfer: ArrayBuffer[] = []): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#lost) return reject(this.#lost);
      const id = ++this.#ids;
      this.#pending.set(id, { resolve, reject });
      this.#thread.postMessage({ ...payload, id } satisfies ThreadRequest, transfer);
    });
  }

  #end(cause?: NodeJS.ErrnoException): void {
    this.#lost ??=
      cause?.code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? new AppError('body_too_large', 'the body takes too much memory; send fewer tasks at a time')
        : new AppError('internal', 'the thread that reads large bodies ended', { cause });
    for (const { reject } of this.#pending.values()) reject(this.#lost);
    this.#pending.clear();
  }
}
