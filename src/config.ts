import { resolve } from 'node:path';
import { validate as isCronExpression } from 'node-cron';
import { AppError } from './errors.js';
import { parseProviders } from './inference/providers/index.js';
import type { Environment } from './training/environment.js';

/** One setting: how its text is read, and what it is when the variable is absent or empty. */
interface Setting<T> {
  read(text: string): T;
  default(environment: Environment): T;
  meaning: string;
  /** The default in words, where it depends on the machine. */
  shown?: string;
  /** Whether its name is read in lower case first, as other programs read it. */
  lowerCase?: boolean;
}

const UNITS: Record<string, number> = { '': 1, b: 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30 };
const SECONDS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function bytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb)?$/i.exec(text);
  if (!match) throw new Error('is a size such as 64mb, 512kb or 1gb');
  return Math.round(Number(match[1]) * UNITS[(match[2] ?? '').toLowerCase()]!);
}

/** Timers take no more than 24.8 days, and end at once when they are to wait longer. */
const LONGEST_MS = 24 * 24 * 3_600_000;

function milliseconds(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$/i.exec(text);
  if (!match) throw new Error('is a time such as 500ms, 10s or 5m');
  const value = Math.round(Number(match[1]) * SECONDS[match[2]!.toLowerCase()]!);
  if (value > LONGEST_MS) throw new Error('is a time of at most 24 days, such as 500ms, 10s, 5m or 576h');
  return value;
}

function runTime(text: string): number {
  const value = milliseconds(text);
  if (value < 1_000) throw new Error('is a time of at least 1s');
  return value;
}

function integer(least: number, most: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new Error(`is a whole number from ${least} to ${most}`);
    }
    return value;
  };
}

function fraction(text: string): number {
  const value = Number(text);
  if (!/^\d*\.?\d+$/.test(text) || value > 1) throw new Error('is a number from 0 to 1, such as 0.02');
  return value;
}

function cacheSize(value: string): number {
  if (value === 'off') return 0;
  try {
    return bytes(value);
  } catch (error) {
    throw new Error(`${(error as Error).message}, or off`);
  }
}

function oneOf<const W extends string>(...words: W[]) {
  return (text: string): W => {
    const word = words.find(each => each === text);
    if (word === undefined) throw new Error(`is one of ${words.join(', ')}`);
    return word;
  };
}

function text(value: string): string {
  return value;
}

function list(value: string): readonly string[] {
  return value
    .split(',')
    .map(each => each.trim())
    .filter(each => each !== '');
}

function httpUrl(value: string): string {
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value))
    throw new Error('is a URL such as http://localhost:8080');
  return value.replace(/\/+$/, '');
}

function proxyUrl(value: string): string {
  const url = value.includes('://') ? value : `http://${value}`;
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
    throw new Error('is the URL of an HTTP proxy such as http://proxy:3128');
  const { username, password } = new URL(url);
  try {
    decodeURIComponent(username + password);
  } catch {
    throw new Error('has a % in its name or password that is no escape: write %25 for it');
  }
  return url;
}

/** A name is looked for on the `PATH`; a path must mean the same in every folder. */
function program(value: string): string {
  return value.includes('/') ? resolve(value) : value;
}

function cron(value: string): string {
  if (!isCronExpression(value)) throw new Error('is a cron expression such as "* * * * *"');
  return value;
}

function setting<T>(
  meaning: string,
  read: (text: string) => T,
  fallback: string | ((env: Environment) => T),
  shown?: string,
): Setting<T> {
  return {
    meaning,
    read,
    default: typeof fallback === 'string' ? () => read(fallback) : fallback,
    ...(shown === undefined ? (typeof fallback === 'string' ? { shown: fallback } : {}) : { shown }),
  };
}

const nothing = (): null => null;

/** A variable of other programs too, which is written in lower case as often. */
function common<T>(all: Setting<T>): Setting<T> {
  return { ...all, lowerCase: true };
}

/** Every setting by the name of its environment variable. The README's table is held against this one by a test. */
export const SETTINGS = {
  PORT: setting('where it listens', integer(0, 65_535), '9090'),
  HOST: setting('the address it listens on; beyond loopback, set Basic auth too', text, '127.0.0.1'),
  PUBLIC_HOSTS: setting<readonly string[]>(
    "this server's host names behind proxies and tunnels, such as `ml.example.com,*.ngrok-free.app`",
    list,
    '',
  ),
  MODEL_DIR: setting('the shipped model repository, read only', path => resolve(path), 'models'),
  DATA_DIR: setting(
    'everything that the server writes: state, trained versions, jobs',
    path => resolve(path),
    'data',
  ),
  EXECUTION_PROVIDER: setting(
    '`cpu`, `cuda`, `cuda:1` (a device), or a list to try in turn such as `cuda,cpu`',
    parseProviders,
    'cpu',
  ),
  WORKERS: setting<number | null>(
    "inference processes; a container's cores are those that its CPU limit grants",
    integer(1, 256),
    nothing,
    'one a core; 1 with cuda',
  ),
  RELOAD_CRON: setting('when the model repository is read again; SIGHUP does it too', cron, '* * * * *'),
  LABEL_STUDIO_URL: setting<string | null>(
    "Label Studio's address; wins over what `/setup` carries",
    httpUrl,
    nothing,
  ),
  LABEL_STUDIO_API_KEY: setting<string | null>(
    'a token of Label Studio; sent to `LABEL_STUDIO_URL` alone',
    text,
    nothing,
  ),
  HTTP_PROXY: common(
    setting<string | null>(
      'the proxy through which task data and Label Studio are read at `http://`; `http_proxy` too',
      proxyUrl,
      nothing,
    ),
  ),
  HTTPS_PROXY: common(setting<string | null>('the same at `https://`; `https_proxy` too', proxyUrl, nothing)),
  NO_PROXY: common(
    setting<readonly string[]>(
      'hosts that are read without a proxy, such as `label-studio,.corp.example,10.0.0.0/8`; `no_proxy` too',
      value => list(value.replaceAll(/\s+/g, ',')),
      '',
    ),
  ),
  BODY_LIMIT: setting('the largest body of `/predict`; all others are at most 10mb', bytes, '64mb'),
  MAX_BATCH: setting('tasks that an inference process runs at once, at most', integer(1, 65_536), '64'),
  BATCH_DELAY: setting(
    'how long a task may wait for others to share its run; `0ms`: for those that arrive with it only',
    milliseconds,
    '0ms',
  ),
  QUEUE_LIMIT: setting(
    'requests that may wait; one beyond them gets 503 at once',
    integer(1, 1_000_000),
    '1000',
  ),
  REQUEST_DEADLINE: setting(
    'when a request is answered with what is ready; Label Studio gives up at 100 s',
    milliseconds,
    '90s',
  ),
  RUN_TIMEOUT: setting<number | null>(
    'how long an inference process may take over a task before it is replaced and the task is given up',
    runTime,
    nothing,
    '`REQUEST_DEADLINE`',
  ),
  RESULT_CACHE: setting('memory for answers that were given before, or `off`', cacheSize, '32mb'),
  FILE_CACHE: setting(
    'disk for files that tasks pointed to, on top of those in use, or `off`',
    cacheSize,
    '1gb',
  ),
  CHILD_MEMORY: setting('an inference process that grows past it is replaced', bytes, '4gb'),
  DRAIN_TIMEOUT: setting(
    'how long all that runs may take when the server stops: requests in flight, trainings',
    milliseconds,
    '10s',
  ),
  TRAIN_EVERY: setting('new annotations after which a model is trained', integer(1, 1_000_000), '10'),
  TRAIN_DEBOUNCE: setting(
    'how long no annotation may have come before that; after six times as long it is trained all the same',
    milliseconds,
    '10s',
  ),
  TRAIN_CRON: setting<string | null>(
    'when models with new annotations are trained, however few there are',
    cron,
    nothing,
  ),
  TRAIN_TIMEOUT: setting('a training, or `fit`, that takes longer is ended', milliseconds, '30m'),
  TRAIN_MEMORY: setting('a training, or `fit`, that grows past it is ended (on Linux)', bytes, '4gb'),
  PYTHON: setting<string | null>(
    'the Python that trains, with the packages of `scripts/requirements/base.txt`, and of `torch.txt` for recipes that need them',
    program,
    nothing,
    'an environment that the first training makes in `DATA_DIR`',
  ),
  BASIC_AUTH_USER: setting<string | null>('user name of Basic auth', text, nothing),
  BASIC_AUTH_PASS: setting<string | null>('password of Basic auth', text, nothing),
  WEBHOOK_SECRET: setting<string | null>('lets webhooks in without Basic auth', text, nothing),
  GATE: setting(
    '`on`: a new version serves only when it is not worse than the one that serves; `off`: when it loads and runs',
    oneOf('on', 'off'),
    'on',
  ),
  GATE_TOLERANCE: setting(
    "how much less a new version may score, 0 to 1; on few annotations the scores' standard error, if that is larger",
    fraction,
    '0.02',
  ),
  KEEP_VERSIONS: setting(
    "trained versions of a project's model that are kept, the newest; the one that serves always is",
    integer(1, 1_000),
    '5',
  ),
  ALLOW_HOSTS: setting<readonly string[]>(
    'hosts beyond public ones that task data may come from, such as `minio:9000,*.corp.example`',
    list,
    '',
  ),
  LOCAL_FILES_DOCUMENT_ROOT: setting<string | null>(
    "folder of Label Studio's local files, when this server can read it",
    path => resolve(path),
    nothing,
  ),
  LOG_LEVEL: setting(
    'trace, debug, info, warn, error or fatal',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal'),
    'info',
  ),
} as const;

type Values = { [K in keyof typeof SETTINGS]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never };

/** The validated settings, frozen; sizes in bytes, times in milliseconds. */
export type Config = Readonly<Values>;

/** The environment of this process, for the programs that it starts. */
export function ownEnvironment(): Environment {
  return process.env;
}

/**
 * Reads all settings from an environment.
 *
 * @throws AppError `setting_invalid`, naming the setting, its value and what it may be
 * @example
 * const config = readConfig({ PORT: '8000' }); // config.PORT === 8000, config.HOST === '127.0.0.1'
 */
export function readConfig(environment: Environment): Config {
  const values: Record<string, unknown> = {};
  for (const [name, { read, default: fallback, lowerCase }] of Object.entries<Setting<unknown>>(SETTINGS)) {
    const lower = lowerCase ? environment[name.toLowerCase()]?.trim() : '';
    const given = lower || environment[name]?.trim();
    try {
      values[name] = given === undefined || given === '' ? fallback(environment) : read(given);
    } catch (error) {
      const shown = given?.replace(/\/\/[^/]*@/, '//...@');
      throw new AppError('setting_invalid', `${name}=${shown}: ${name} ${(error as Error).message}`);
    }
  }
  if ((values.BASIC_AUTH_USER === null) !== (values.BASIC_AUTH_PASS === null)) {
    throw new AppError(
      'setting_invalid',
      'BASIC_AUTH_USER and BASIC_AUTH_PASS are set together or not at all',
    );
  }
  return Object.freeze(values) as Config;
}
