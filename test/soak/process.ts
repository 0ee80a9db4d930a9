import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout } from 'node:timers/promises';
import { processTree } from '../bench/processes.js';
import { ROOT } from '../support/python.js';

const PASSED_ON = ['PATH', 'HOME', 'LANG', 'TMPDIR'];
/** Of pino's levels: error. */
const ERROR = 50;
const LOOK_MS = 50;

/** Of errors, those that were to be expected. */
export type Expected = Pick<RegExp, 'test'>;

/** The server as it is installed, in a process of its own. */
export class CompiledServer {
  readonly url: string;
  readonly pid: number;
  /** Lines that tell of an error which was not to be expected. */
  readonly errors: string[];
  /** Resolves with the exit code; null: it was killed. */
  readonly ended: Promise<number | null>;
  /** How many lines its log has. */
  lines = 0;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, url: string, errors: string[], ended: Promise<number | null>) {
    this.#process = child;
    this.pid = child.pid!;
    this.url = url;
    this.errors = errors;
    this.ended = ended;
  }

  /**
   * Starts it on a port that the system chooses, and waits until it listens.
   * @param expected errors that it may tell of
   * @param log the file that it writes its log to; a pipe otherwise
   * @throws Error with what it wrote to stderr, when it ends
   */
  static async start(
    env: Readonly<Record<string, string>>,
    expected: Expected,
    log?: string,
  ): Promise<CompiledServer> {
    const output = log === undefined ? 'pipe' : openSync(log, 'a');
    const child = spawn(process.execPath, [join(ROOT, 'dist/cli/start.js')], {
      env: {
        ...Object.fromEntries(PASSED_ON.map(name => [name, process.env[name]])),
        PORT: '0',
        ...env,
      },
      stdio: ['ignore', output, 'pipe'],
    });
    if (typeof output === 'number') closeSync(output);
    let said = '';
    let server: CompiledServer | undefined;
    createInterface({ input: child.stderr! }).on('line', line => {
      if (server === undefined) said += `${line}\n`;
      else if (!expected.test(line)) process.stderr.write(`${line}\n`);
    });
    // It ends with this process, however that ends.
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    const ended = once(child, 'exit').then(([code]) => {
      process.off('exit', kill);
      return code as number | null;
    });
    const errors: string[] = [];
    return new Promise((resolve, reject) => {
      void once(child, 'close').then(([code]) => reject(new Error(`the server ended with ${code}: ${said}`)));
      const take = (line: string) => {
        const { level, msg } = parsed(line);
        const url = /^serving .* on (http:\S+)$/.exec(msg)?.[1];
        if (url !== undefined && server === undefined) {
          server = new CompiledServer(child, url, errors, ended);
          resolve(server);
        }
        if (server) server.lines++;
        if (level >= ERROR && !expected.test(msg)) errors.push(line);
      };
      if (log === undefined) createInterface({ input: child.stdout! }).on('line', take);
      else void follow(log, child, take);
    });
  }

  /** All processes of the server, itself first. */
  get pids(): number[] {
    return processTree(this.pid);
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** @returns the exit code */
  stop(): Promise<number | null> {
    this.signal('SIGTERM');
    return this.ended;
  }
}

/** Sends a signal. @returns false: the process had ended already */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Kills a process. @returns false: it had ended already */
export function killProcess(pid: number): boolean {
  return signalProcess(pid, 'SIGKILL');
}

/** What a process is at, as `ps` tells: `T` when it is stopped, `Z` when nobody has asked for its end; undefined: it is not there. */
export function stateOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)![0];
  } catch {
    return undefined;
  }
}

/** Whether a process is there, and more than a zombie. */
export function isRunning(pid: number): boolean {
  return ![undefined, 'Z'].includes(stateOf(pid));
}

/** A line of the log; anything else is an error. */
function parsed(line: string): { level: number; msg: string } {
  try {
    return JSON.parse(line) as { level: number; msg: string };
  } catch {
    return { level: ERROR, msg: line };
  }
}

/** Takes the lines of a file as they come, until the process that writes it has ended. */
async function follow(path: string, writer: ChildProcess, take: (line: string) => void): Promise<void> {
  const file = await open(path);
  const decoder = new StringDecoder('utf8');
  const piece = Buffer.alloc(65_536);
  let rest = '';
  for (;;) {
    const isOver = writer.exitCode !== null || writer.signalCode !== null;
    const { bytesRead } = await file.read(piece);
    const lines = (rest + decoder.write(piece.subarray(0, bytesRead))).split('\n');
    rest = lines.pop()!;
    for (const line of lines) take(line);
    if (bytesRead > 0) continue;
    if (isOver) break;
    await setTimeout(LOOK_MS);
  }
  await file.close();
}
