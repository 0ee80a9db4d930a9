import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { AppError, messageOf } from '../errors.js';
import { startThread } from '../threads.js';
import {
  type Claim,
  type ClaimState,
  claimPath,
  createClaim,
  hasEnded,
  listClaims,
  nameProcess,
  type Proof,
  readClaim,
  removeBelow,
  stands,
} from './claims.js';
import type { DataLayout } from './layout.js';
import type { ThreadData, ThreadNews } from './lock-thread.js';

/** To be called before each write. @throws AppError `shutting_down` when another server has the folder */
export type Guard = () => void;

export interface LockOptions {
  log: Logger;
  /** Told once that another server has the folder: this one must end. */
  lost(error: AppError): void;
  /** Gives up the waiting for another server; its reason is what is thrown. */
  signal?: AbortSignal | undefined;
}

const BEAT_MS = 1_000;
/**
 * A claim that has not changed in so many looks is one of a server that was killed, or stopped for long. Looks are counted,
 * and not the time that passes, because a machine that sleeps wakes its servers in any order.
 */
const LOOKS = 32;
const LOOK_MS = 250;

/**
 * The one server that uses a `DATA_DIR`. It may be on another machine, or in another container, where process ids and clocks
 * mean nothing: so a claim is a random token that is written anew every second, and what others see is whether it changes.
 *
 * Who takes the place of a dead server makes the claim with the next number, which only one can, and removes the ones before
 * it: then a server that was only stopped finds its own gone before it writes. The largest number is never removed, so that a
 * number which was decided upon long ago is always below it.
 */
export class DataLock {
  readonly proof: Proof;
  readonly #layout: DataLayout;
  readonly #options: LockOptions;
  readonly #thread: Worker;
  #lost: AppError | undefined;

  private constructor(layout: DataLayout, options: LockOptions, path: string, claim: Claim) {
    this.#layout = layout;
    this.#options = options;
    this.proof = { path, token: claim.token };
    const workerData: ThreadData = { path, claim, every: BEAT_MS };
    this.#thread = startThread(import.meta.url, './lock-thread', { workerData });
    this.#thread.unref();
    this.#thread.on('message', (news: ThreadNews) => this.#hear(news));
    this.#thread.on('error', error => this.#lose(`its lock could not be renewed: ${messageOf(error)}`));
  }

  /**
   * Takes the folder, which is made if needed. When the server that has it is stopping, this waits for its end; when that one
   * was killed, it takes its place: at once on the same machine, else after 8 s.
   * @throws AppError `setting_invalid` when another server uses it
   */
  static async take(layout: DataLayout, options: LockOptions): Promise<DataLock> {
    const { lock } = layout;
    makeFolder(layout.root);
    makeFolder(lock);
    for (;;) {
      const [largest = 0] = listClaims(lock);
      if (largest > 0) await untilFree(layout, largest, options);
      options.signal?.throwIfAborted();
      const path = claimPath(lock, largest + 1);
      const claim = newClaim();
      if (!createClaim(path, claim)) continue;
      // The number was free because all of it is over: there is a larger one by now.
      if (listClaims(lock)[0]! > largest + 1) {
        rmSync(path, { force: true });
        continue;
      }
      removeBelow(lock, largest + 1);
      return new DataLock(layout, options, path, claim);
    }
  }

  /** @throws AppError `shutting_down` when another server has the folder */
  readonly check: Guard = () => {
    if (!this.#lost && stands(this.proof)) return;
    throw this.#lose('');
  };

  /** Tells a server that waits for the folder that this one is about to stop. */
  stopping(): void {
    this.#tell('stopping');
  }

  /** Gives the folder up: nothing may be written there after that. */
  async release(): Promise<void> {
    if (this.#lost) return;
    const ended = once(this.#thread, 'exit');
    this.#thread.ref();
    this.#tell('released');
    await ended;
  }

  #tell(state: ClaimState): void {
    this.#thread.postMessage(state);
  }

  #hear(news: ThreadNews): void {
    const { log } = this.#options;
    if ('lost' in news) this.#lose('');
    else if (news.trouble !== null)
      log.warn(`DATA_DIR=${this.#layout.root}: the lock cannot be renewed: ${news.trouble}`);
  }

  #lose(reason: string): AppError {
    if (this.#lost) return this.#lost;
    const why = reason || `${whyLost(this.#layout)}; it ends without another write`;
    this.#lost = new AppError('shutting_down', `DATA_DIR=${this.#layout.root}: ${why}`);
    this.#options.lost(this.#lost);
    return this.#lost;
  }
}

/** A check of a claim by another process than the one that has made it. */
export function guardOf(proof: Proof): Guard {
  return () => {
    if (!stands(proof))
      throw new AppError('shutting_down', 'the server that asked for this has lost its DATA_DIR');
  };
}

/** Node tells of the missing folder, and not of the disk, when it makes a folder with those above it on a read-only one. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') mkdirSync(path, { recursive: true, mode: 0o700 });
    else if (code !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
  }
}

function newClaim(): Claim {
  return {
    token: randomUUID(),
    state: 'open',
    beat: 0,
    host: hostname(),
    pid: process.pid,
    since: new Date().toISOString(),
    process: nameProcess('self'),
  };
}

/**
 * Returns when the server of a claim has given the folder up, or does not live any more, or when the claim is gone.
 * @throws AppError `setting_invalid` when that server lives, and is not stopping
 */
async function untilFree(layout: DataLayout, number: number, { log, signal }: LockOptions): Promise<void> {
  const path = claimPath(layout.lock, number);
  let before: string | undefined;
  let told = false;
  for (let looks = 0; looks < LOOKS; looks++) {
    const now = readClaim(path);
    if (now === null || now.claim?.state === 'released') return;
    if (now.claim && hasEnded(now.claim)) return;
    if (now.text !== before) {
      if (now.claim?.state === 'open' && before !== undefined) throw inUse(layout, now.claim);
      before = now.text;
      looks = 0;
    }
    if (now.claim?.state === 'stopping' && !told) {
      log.info(`DATA_DIR=${layout.root}: waiting for the server that uses it (${shown(now.claim)}) to stop`);
      told = true;
    }
    await setTimeout(LOOK_MS);
    signal?.throwIfAborted();
  }
  log.warn(
    `DATA_DIR=${layout.root}: the server that used it gives no sign of life: this one takes its place`,
  );
}

function inUse({ root }: DataLayout, claim: Claim): AppError {
  return new AppError(
    'setting_invalid',
    `DATA_DIR=${root}: another server uses this folder (${shown(claim)}): stop it, or give each server a DATA_DIR of its own`,
  );
}

function shown({ pid, host, since }: Claim): string {
  return `process ${pid} on ${host}, since ${since}`;
}

/** What became of a claim that does not stand any more. */
function whyLost(layout: DataLayout): string {
  try {
    const [largest] = listClaims(layout.lock);
    const claim = largest === undefined ? null : readClaim(claimPath(layout.lock, largest))?.claim;
    if (claim)
      return `this server was stopped for so long that another one (${shown(claim)}) uses the folder now`;
  } catch {
    // The folder is gone as well.
  }
  return existsSync(layout.root)
    ? 'the lock of this server was removed from it'
    : 'the folder was removed while this server ran, or its disk was taken away';
}
