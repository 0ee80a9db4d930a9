import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { bootId, statFields } from '../proc.js';

/**
 * The files of the lock: numbered claims, of which the one with the largest number counts. A file is only ever made
 * (exclusively, which NFS can do as well) under the number behind the largest one, and the largest one is never removed.
 */

export type ClaimState = 'open' | 'stopping' | 'released';

/** A server's claim to the folder, as it is kept. It is written anew with each beat, so that it changes while the server lives. */
export interface Claim {
  /** Random: two containers have the same process ids, and may have the same host name. */
  token: string;
  state: ClaimState;
  beat: number;
  /** For people, and to see at once that a process of the same machine is gone. */
  host: string;
  pid: number;
  since: string;
  process: string | null;
}

/** What proves to others, such as the process of a `fit`, that a server has the folder. */
export interface Proof {
  path: string;
  token: string;
}

/** Each has the same size, so that it is replaced in one write that needs no more room. */
const SIZE = 1024;

/** The numbers of the claims, the largest first. */
export function listClaims(folder: string): number[] {
  const numbers = readdirSync(folder)
    .filter(name => /^\d{1,15}$/.test(name))
    .map(Number);
  return numbers.sort((a, b) => b - a);
}

export function claimPath(folder: string, number: number): string {
  return join(folder, String(number));
}

/** What a claim says; null: it is not there. One that is only half written cannot be parsed. */
export function readClaim(path: string): { text: string; claim: Claim | null } | null {
  const text = unlessMissing(() => readFileSync(path, 'utf8'));
  if (text === null) return null;
  try {
    return { text, claim: JSON.parse(text) as Claim };
  } catch {
    return { text, claim: null };
  }
}

/** Makes a claim; false: there is one of that number. */
export function createClaim(path: string, claim: Claim): boolean {
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    writeSync(file, textOf(claim));
  } catch (error) {
    // A full disk: without it, a server that finds room would wait for nobody.
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  return true;
}

/** Writes a claim anew; false: it is not there any more, or is another server's. It is never made by this. */
export function renewClaim(path: string, claim: Claim): boolean {
  const file = unlessMissing(() => openSync(path, 'r+'));
  if (file === null) return false;
  try {
    const now = Buffer.alloc(SIZE);
    readSync(file, now, 0, SIZE, 0);
    if (!now.includes(claim.token)) return false;
    writeSync(file, textOf(claim), 0);
    return true;
  } finally {
    closeSync(file);
  }
}

/** Whether a claim still stands. */
export function stands({ path, token }: Proof): boolean {
  return unlessMissing(() => readFileSync(path))?.includes(token) ?? false;
}

/** Removes what stands below a number: whoever has claimed it finds its claim gone before it writes. */
export function removeBelow(folder: string, number: number): void {
  for (const each of listClaims(folder)) if (each < number) rmSync(claimPath(folder, each), { force: true });
}

/**
 * Names a process: the start of the system, the container's own numbering of processes, the process id, and when the process
 * began. Null where the system does not tell.
 */
export function nameProcess(pid: number | 'self'): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = statFields(stat);
    // It has ended, and its parent has not asked for it yet.
    if (state === 'Z' || state === 'X') return null;
    return [bootId(), readlinkSync('/proc/self/ns/pid'), Number.parseInt(stat, 10), fields[18]].join(' ');
  } catch {
    return null;
  }
}

/** Whether the process of a claim was one of this machine and container, and has ended. False: that cannot be told. */
export function hasEnded(claim: Claim): boolean {
  const own = nameProcess('self');
  if (own === null || claim.process === null) return false;
  const system = (name: string) => name.split(' ').slice(0, 2).join(' ');
  return system(own) === system(claim.process) && nameProcess(claim.pid) !== claim.process;
}

function textOf(claim: Claim): string {
  return `${JSON.stringify(claim).padEnd(SIZE - 1)}\n`;
}

function unlessMissing<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
