import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LabelStudio } from './label-studio.js';
import { Child } from './process.js';
import { Recorder } from './recorder.js';

/** What all suites share: one Label Studio, and whatever they start beside it, which is ended with their suite. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SHIPPED = join(ROOT, 'models', 'sentiment');
const START_MS = 300_000;

/** The project of most tests: the tags and labels that the shipped model fills. */
export const SENTIMENT_CONFIG =
  '<View><Text name="text" value="$text"/><Choices name="sentiment" toName="text" choice="single">' +
  '<Choice value="Positive"/><Choice value="Negative"/><Choice value="Neutral"/></Choices></View>';

let scratch: string;
let shared: LabelStudio;
const started: { stop(): Promise<void> }[] = [];

export const mochaHooks: Mocha.RootHookObject = {
  async beforeAll(this: Mocha.Context) {
    this.timeout(START_MS);
    scratch = await mkdtemp(join(tmpdir(), 'label-studio-e2e-'));
    shared = await LabelStudio.start(await folder('label-studio'));
  },
  async afterAll() {
    await shared?.stop();
    await rm(scratch, { recursive: true, force: true });
  },
};

/** The Label Studio of this run. */
export function labelStudio(): LabelStudio {
  return shared;
}

/** A new folder, removed at the end of the run. */
export function folder(name: string): Promise<string> {
  return mkdtemp(join(scratch, `${name}-`));
}

/** A model repository that holds the shipped sentiment model under each of the names. */
export async function modelDir(...names: string[]): Promise<string> {
  const path = await folder('models');
  for (const name of names) await cp(SHIPPED, join(path, name), { recursive: true });
  return path;
}

/** The version of the shipped model that serves: the newest. */
export async function shippedVersion(): Promise<string> {
  return (await readdir(join(SHIPPED, 'versions'))).sort().at(-1)!;
}

/** A running server of this project, as `make serve` starts it. */
export interface Backend {
  url: string;
  process: Child;
}

/** Starts one with a repository of the sentiment model alone, in a scratch folder, on a port that the system chooses. */
export async function startBackend(env: Readonly<Record<string, string>> = {}): Promise<Backend> {
  const server = new Child(process.execPath, [join(ROOT, 'dist', 'cli', 'start.js')], {
    cwd: ROOT,
    env: {
      PORT: '0',
      WORKERS: '1',
      DATA_DIR: env.DATA_DIR ?? (await folder('data')),
      MODEL_DIR: env.MODEL_DIR ?? (await modelDir('sentiment')),
      ...env,
    },
  });
  started.push(server);
  const url = await server.line(line => /"serving .* on (http:[^"]+)"/.exec(line)?.[1]);
  return { url, process: server };
}

/** A server with a recorder before it. */
export async function startRecorded(env: Readonly<Record<string, string>> = {}): Promise<Recorder> {
  return await record((await startBackend(env)).url);
}

export async function record(target: string): Promise<Recorder> {
  const recorder = await Recorder.start(target);
  started.push(recorder);
  return recorder;
}

/** Starts a Label Studio beside the one of all suites. */
export async function startLabelStudio(
  ...options: Parameters<typeof LabelStudio.start>
): Promise<LabelStudio> {
  const another = await LabelStudio.start(...options);
  started.push(another);
  return another;
}

/** Ends what the suite started; for its `after`. */
export async function stopAll(): Promise<void> {
  for (const each of started.splice(0).reverse()) await each.stop();
}
