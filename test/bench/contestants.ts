import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-port.js';
import { BENCH, CACHE, MODELS, PIPELINE, PYTHON_BIN, ROOT } from './paths.js';

/** What is compared, each as its users would start it. */
export const CONTESTANTS = ['ours', 'flask1', 'flaskN', 'echo'] as const;
export type ContestantName = (typeof CONTESTANTS)[number];

export const TITLES: Readonly<Record<ContestantName, string>> = {
  ours: 'this server',
  flask1: 'Flask around the pipeline, 1 worker, 8 threads',
  flaskN: `the same, one worker a core (${availableParallelism()} x 4)`,
  echo: 'bare Koa echo of the same JSON, no model (the ceiling)',
};

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 15_000;

export interface Contestant {
  name: ContestantName;
  port: number;
  pid: number;
  stop(): Promise<void>;
}

function gunicorn(port: number, workers: number, threads: number): string[] {
  const options = ['-w', `${workers}`, '--threads', `${threads}`, '-b', `127.0.0.1:${port}`];
  return [
    join(PYTHON_BIN, 'gunicorn'),
    ...options,
    '--chdir',
    BENCH,
    '--log-level',
    'warning',
    'baseline:app',
  ];
}

function command(name: ContestantName, port: number): string[] {
  switch (name) {
    case 'ours':
      return [process.execPath, join(ROOT, 'dist/cli/start.js')];
    case 'flask1':
      return gunicorn(port, 1, 8);
    case 'flaskN':
      return gunicorn(port, availableParallelism(), 4);
    case 'echo':
      return [process.execPath, '--import', 'tsx', join(BENCH, 'echo.ts')];
  }
}

/** The environment without settings that this server would read. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, LANG, TMPDIR } = process.env;
  return { PATH, HOME, LANG, TMPDIR };
}

/** Where the server under test keeps its state. */
export const DATA_DIR = join(CACHE, 'data');

/** Those that run; whatever ends the benchmark ends them too. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

/** Starts one; its output goes to `.cache/bench/<name>.log`. It may not listen yet. */
export function launch(
  name: ContestantName,
  port: number,
  settings: Record<string, string> = {},
): ChildProcess {
  mkdirSync(CACHE, { recursive: true });
  const log = openSync(join(CACHE, `${name}.log`), 'w');
  const [program = '', ...options] = command(name, port);
  const child = spawn(program, options, {
    cwd: ROOT,
    stdio: ['ignore', log, log],
    env: {
      ...cleanEnvironment(),
      PORT: `${port}`,
      PIPELINE,
      MODEL_DIR: MODELS,
      DATA_DIR,
      RESULT_CACHE: 'off',
      ...settings,
    },
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** Whether somebody listens. */
function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(late);
}

/** @throws Error when it ends or does not listen in time, naming its log */
export async function start(
  name: ContestantName,
  settings: Record<string, string> = {},
): Promise<Contestant> {
  if (name === 'ours') rmSync(DATA_DIR, { recursive: true, force: true });
  const port = await freePort();
  const child = launch(name, port, settings);
  const limit = performance.now() + START_LIMIT_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || performance.now() > limit) {
      await end(child);
      throw new Error(`${name} did not start; see ${join(CACHE, `${name}.log`)}`);
    }
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  return { name, port, pid: child.pid!, stop: () => end(child) };
}
