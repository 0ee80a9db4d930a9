import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { buffer, text } from 'node:stream/consumers';
import { settings } from './backend.js';
import { Client } from './client.js';
import { CapturedLog } from './log.js';
import { program } from './program.js';
import { ROOT } from './python.js';

/** The process of a server, which may not listen yet. */
export interface StartingProcess {
  pid: number;
  log: CapturedLog;
  signal(name: NodeJS.Signals): void;
  /** The exit code, once it has ended. */
  ended: Promise<number | null>;
  /** What it wrote to stderr, once it has ended. */
  stderr: Promise<string>;
}

/** The server as `make serve` runs it, in a process of its own. */
export interface ServerProcess extends Client, StartingProcess {
  /** Posts bytes and gives the bytes of the answer. */
  sendRaw(path: string, body: Buffer): Promise<Buffer>;
  stop(): Promise<void>;
}

/**
 * Starts a server.
 * @param script what calls `serve()`, with the options of Node; by default what `make serve` runs
 * @param before a program that runs Node, with its arguments
 */
export async function spawnProcess(
  env: Record<string, string> = {},
  script = program('cli/start'),
  before: readonly string[] = [],
): Promise<StartingProcess> {
  const [command, ...args] = [...before, process.execPath, ...script];
  const child = spawn(command!, args, {
    cwd: ROOT,
    env: { ...process.env, ...(await settings(env)) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = new CapturedLog();
  createInterface({ input: child.stdout }).on('line', line => log.add(JSON.parse(line)));
  const stderr = text(child.stderr);
  const ended = new Promise<number | null>(resolve => child.once('close', resolve));
  return { pid: child.pid!, log, ended, stderr, signal: name => void child.kill(name) };
}

/**
 * Starts a server and waits until it listens.
 * @param script as for `spawnProcess`
 */
export async function startProcess(
  env: Record<string, string> = {},
  script = program('cli/start'),
): Promise<ServerProcess> {
  const starting = await spawnProcess(env, script);
  const { log, ended, stderr, signal } = starting;
  const listening = log.line(line => / on http:\/\//.test(line.msg));
  const first = await Promise.race([listening, ended]);
  if (first === null || typeof first === 'number') throw new Error(`it ended with ${first}: ${await stderr}`);
  const client = new Client(first.msg.replace(/^.* on /, ''));
  return Object.assign(client, {
    ...starting,
    sendRaw: (path: string, body: Buffer) =>
      new Promise<Buffer>((resolve, reject) => {
        request(`${client.url}${path}`, { method: 'POST' }, response => resolve(buffer(response)))
          .once('error', reject)
          .end(body);
      }),
    async stop() {
      client.close();
      signal('SIGTERM');
      await ended;
    },
  });
}
