import type { AppError } from '../errors.js';
import type { Binding } from './protocol.js';

/** Who is served first: what an annotator waits for, then single tasks, then bulk. */
export type Priority = 'interactive' | 'single' | 'bulk';

/** Takes what became ready after the deadline: the place of its first task in the request, and the piece. */
export type LateTaker = (first: number, piece: Piece) => void;

/** A group's text (a line of JSON, a `ValueGroup`) with the number of its tasks. */
export interface GroupText {
  count: number;
  text: string | Buffer;
  /** Called when a child has answered it as it is: nobody reads its text any more. */
  answered?: (() => void) | undefined;
  /** Called when it is answered or given up: what its values point to is not needed any more. */
  release?: (() => void) | undefined;
}

/** Where a job's groups come from, a few tasks at a time, so that a large request does not lie in memory twice. */
export interface GroupSource {
  /** Tasks in all. */
  readonly count: number;
  /** The next group of at most `most` tasks; null after the last. */
  next(most: number): GroupText | null | Promise<GroupText | null>;
  /** Called when no further group is asked for, and nobody waits for one: what is on its way is given up. */
  close?(): void;
}

/** The answers of a group: the texts of its items, joined, or why there are none. */
export type Piece = { count: number; text: Buffer } | { count: number; missing: AppError };

export interface JobOptions {
  key: string;
  binding: Binding;
  source: GroupSource;
  priority: Priority;
  /** Resolves when nobody waits for the answer any more. */
  gone?: Promise<unknown> | undefined;
  /** Given: what is not ready at the deadline is run all the same, when nothing else waits. */
  late?: LateTaker | undefined;
}

/** How a job's groups are cut. */
export interface GroupLimits {
  /** Tasks of a group, at most. */
  most: number;
  /** Groups that are read ahead, so that a child never waits for the source. */
  ahead: number;
}

/** What a part needs of its job. */
export interface PartOwner {
  readonly key: string;
  readonly binding: Binding;
  /** Whether nobody waits for its answers any more. */
  readonly settled: boolean;
  finish(part: Pick<Part, 'index'>, piece: Piece): void;
  fail(error: unknown): void;
}

/** A part of a job that was handed to a child, or will be again. */
export interface Part {
  job: PartOwner;
  /** Which piece of the job it is. */
  index: number;
  group: GroupText;
  /** Times that a child ended while it held this part. */
  losses: number;
  /** Times that a child stood still over it until it was ended. */
  stalls?: number | undefined;
}

/** One request's work for one model version. */
export class Job implements PartOwner {
  readonly key: string;
  readonly binding: Binding;
  readonly priority: Priority;
  /** Resolves with all pieces, in order, once each is there or given up. */
  readonly done: Promise<Piece[]>;
  /** Resolves when nothing of it is run any more, which may be later. */
  readonly over: Promise<void>;
  readonly #late: LateTaker | undefined;
  readonly #source: GroupSource;
  readonly #pieces: (Piece | undefined)[] = [];
  /** The number of tasks of each piece. */
  readonly #counts: number[] = [];
  /** What releases each group, in the order in which they came, which is that of the pieces. */
  readonly #releases: (() => void)[] = [];
  readonly #limits: GroupLimits;
  readonly #changed: () => void;
  #ready: GroupText[] = [];
  #issued = 0;
  #fetched = 0;
  #open = 0;
  #fetching = false;
  #exhausted = false;
  #answered = false;
  #settled = false;
  #resolve!: (pieces: Piece[]) => void;
  #reject!: (error: unknown) => void;
  #end!: () => void;

  /** @param changed called when the job can hand out a part that it could not before, or has ended */
  constructor(
    { key, binding, source, priority, late }: JobOptions,
    limits: GroupLimits,
    changed: () => void,
  ) {
    this.key = key;
    this.binding = binding;
    this.priority = priority;
    this.#source = source;
    this.#late = late;
    this.#limits = limits;
    this.#changed = changed;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.over = new Promise(resolve => {
      this.#end = resolve;
    });
    this.#readAhead();
  }

  /** Tasks that no child has yet. */
  get waiting(): number {
    return this.#settled ? 0 : this.#source.count - this.#issued;
  }

  /** Whether nothing of it needs to be run any more. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Whether it was answered, with or without all of its pieces. */
  get answered(): boolean {
    return this.#answered;
  }

  /** The size of the part that `hand` would give; 0: none is ready. */
  get offer(): number {
    return this.#settled ? 0 : (this.#ready[0]?.count ?? 0);
  }

  /** The next part for a child. */
  hand(): Part {
    const group = this.#ready.shift()!;
    const index = this.#pieces.push(undefined) - 1;
    this.#counts.push(group.count);
    this.#issued += group.count;
    this.#open++;
    this.#readAhead();
    return { job: this, index, group, losses: 0 };
  }

  /** Takes the piece of a part that `hand` gave. */
  finish({ index }: Pick<Part, 'index'>, piece: Piece): void {
    if (this.#settled) return;
    this.#pieces[index] = piece;
    this.#open--;
    this.#releases[index]?.();
    if (this.#answered)
      this.#late?.(
        this.#counts.slice(0, index).reduce((sum, count) => sum + count, 0),
        piece,
      );
    this.#settleIfDone();
  }

  /** Gives the whole job up. */
  fail(error: unknown): void {
    if (this.#settled) return;
    this.#ready = [];
    this.#reject(error);
    this.#settle();
  }

  /** Answers with what is there; tasks without an answer get this reason. Where somebody takes them late, it goes on. */
  cutShort(reason: AppError): void {
    if (this.#answered) return;
    const pieces: Piece[] = this.#pieces.map(
      (piece, index) => piece ?? { count: this.#counts[index]!, missing: reason },
    );
    if (this.#issued < this.#source.count)
      pieces.push({ count: this.#source.count - this.#issued, missing: reason });
    this.#resolve(pieces);
    if (this.#late) {
      this.#answered = true;
    } else {
      this.#ready = [];
      this.#settle();
    }
  }

  #readAhead(): void {
    while (!this.#settled && !this.#fetching && !this.#exhausted && this.#ready.length < this.#limits.ahead) {
      let next: ReturnType<GroupSource['next']>;
      try {
        next = this.#source.next(this.#limits.most);
      } catch (error) {
        // Whoever takes a part of this job has nothing to do with it.
        this.fail(error);
        return;
      }
      if (next instanceof Promise) {
        this.#fetching = true;
        next.then(
          group => {
            this.#fetching = false;
            this.#take(group);
            this.#readAhead();
            this.#changed();
          },
          error => this.fail(error),
        );
      } else {
        this.#take(next);
      }
    }
  }

  #take(group: GroupText | null): void {
    if (this.#settled) {
      once(group?.release)();
      return;
    }
    if (group) {
      this.#ready.push(group);
      this.#fetched += group.count;
      this.#releases.push(once(group.release));
    }
    if (!group || this.#fetched >= this.#source.count) {
      this.#exhausted = true;
      this.#settleIfDone();
    }
  }

  #settleIfDone(): void {
    if (this.#settled || !this.#exhausted || this.#open > 0 || this.#ready.length > 0) return;
    this.#resolve(this.#pieces as Piece[]);
    this.#settle();
  }

  #settle(): void {
    this.#answered = true;
    this.#settled = true;
    for (const release of this.#releases) release();
    this.#source.close?.();
    this.#end();
    this.#changed();
  }
}

/** What releases a group, once; should it fail, that is told, and holds up neither the job nor the other groups. */
function once(act: (() => void) | undefined): () => void {
  let left = act;
  return () => {
    const release = left;
    left = undefined;
    try {
      release?.();
    } catch (error) {
      process.emitWarning(error as Error);
    }
  };
}
