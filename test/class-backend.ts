import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createBackend } from '../src/backend.js';
import { readConfig } from '../src/config.js';
import type { ModelClass } from '../src/model.js';

/** An item of `results`, with what the tests look at. */
export interface Item {
  result: { value: { choices: string[] } }[];
  score: number;
  model_version: string;
  error: { code: string; message: string };
}

/** The fields that answers have, each of them only where it belongs. */
export interface Body {
  code: string;
  message: string;
  request_id: string;
  model_version: string;
  results: Item[];
  versions: string[];
  job: string;
  job_status: string;
  created_at: string;
  error: string;
}

export interface Answer {
  status: number;
  /** The reason phrase, which is what Label Studio shows of an error. */
  reason: string;
  body: Body;
}

/** A backend of classes that listens on a port which the system chose. */
export interface ClassBackend {
  url: string;
  post(path: string, body: unknown): Promise<Answer>;
  get(path: string): Promise<Answer>;
  /** What it logged, parsed. */
  log: Record<string, unknown>[];
  stop(): Promise<void>;
}

export const CHOICES =
  '<View><Text name="text" value="$body"/><Choices name="label" toName="text">' +
  '<Choice value="My Label"/><Choice value="Gut" predicted_values="good, fine"/></Choices></View>';

const running = new Set<ClassBackend>();
const folders: string[] = [];

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'label-studio-onnx-'));
  folders.push(folder);
  return folder;
}

/** Starts a backend that `stopAll` ends; without a `DATA_DIR` of the test's own it has an empty one. */
export async function startClasses(
  models: readonly ModelClass[],
  env: Record<string, string> = {},
): Promise<ClassBackend> {
  const log: Record<string, unknown>[] = [];
  const backend = await createBackend({
    config: readConfig({ DATA_DIR: env.DATA_DIR ?? (await temporaryFolder()), ...env }),
    log: pino({ level: 'debug' }, { write: line => void log.push(JSON.parse(line)) }),
    models,
  });
  const server = createServer(backend.app.callback());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answer = async (response: Response): Promise<Answer> => ({
    status: response.status,
    reason: response.statusText,
    body: (await response.json()) as Body,
  });
  const started: ClassBackend = {
    url,
    log,
    post: async (path, body) =>
      answer(await fetch(url + path, { method: 'POST', body: JSON.stringify(body) })),
    get: async path => answer(await fetch(url + path)),
    async stop() {
      if (!running.delete(started)) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      await backend.close();
    },
  };
  running.add(started);
  return started;
}

/** Ends what a test started and removes its folders. */
export async function stopAll(): Promise<void> {
  for (const backend of [...running]) await backend.stop();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}

/** A promise with the function that resolves it. */
export function gate<T = void>(): { opened: Promise<T>; open(value: T): void } {
  let open: (value: T) => void = () => {};
  const opened = new Promise<T>(resolve => {
    open = resolve;
  });
  return { opened, open };
}
