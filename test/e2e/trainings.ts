import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { assert } from 'chai';
import type { Recorder } from './recorder.js';
import { modelDir, startRecorded } from './world.js';

/** A server that trains, and what it tells of a project. */

const MODELS = fileURLToPath(new URL('../../models', import.meta.url));
const POLL_MS = 200;
/** Where packages are installed from, if this machine says so. */
const INSTALLING = /^(?:HOME|(?:PIP|UV)_\w+|\w+_proxy|SSL_CERT_(?:FILE|DIR)|REQUESTS_CA_BUNDLE)$/i;
/** The one recipe that the suites train. */
export const RECIPE = 'text-classifier';
/** The Python environment of trainers is made on the first job, and Label Studio takes its time over many tasks. */
export const TRAINING_MS = 400_000;

export interface Job {
  id: string;
  status: string;
  event: string;
  message?: string;
  error?: string;
  version?: string;
}

export interface Version {
  version: string;
  label: string;
  active: boolean;
  accepted: boolean;
  parent: string | null;
  counts: {
    tasks: number;
    held_out: number;
    labels: Record<string, Record<string, number>>;
    left_out: Record<string, number>;
  };
}

/** Starts a server with the sentiment model and a recipe, with a recorder before it. */
export async function startTraining(env: Readonly<Record<string, string>>): Promise<Recorder> {
  const models = await modelDir('sentiment');
  await cp(join(MODELS, RECIPE), join(models, RECIPE), { recursive: true });
  const installing = Object.entries(process.env).filter(([name]) => INSTALLING.test(name));
  return startRecorded({
    ...(Object.fromEntries(installing) as Record<string, string>),
    MODEL_DIR: models,
    TRAIN_DEBOUNCE: '1s',
    ...env,
  });
}

/** Calls the server's own API. */
export async function api<T>({ url }: Recorder, method: string, path: string): Promise<T> {
  const response = await fetch(url + path, { method });
  const body = (await response.json()) as T;
  assert.equal(response.status, 200, JSON.stringify(body));
  return body;
}

/** Waits until a project has so many jobs, and none that is queued or running. @returns the jobs, newest first */
export async function settled(server: Recorder, project: number, least = 1): Promise<Job[]> {
  for (;;) {
    const { jobs } = await api<{ jobs: Job[] }>(server, 'GET', `/api/jobs?project=${project}`);
    const isOver = jobs.every(({ status }) => status === 'finished' || status === 'failed');
    if (jobs.length >= least && isOver) return jobs;
    await setTimeout(POLL_MS);
  }
}

/** The versions of the recipe, newest first. */
export async function versionsOf(server: Recorder, project: number): Promise<Version[]> {
  const path = `/api/models/${RECIPE}/versions?project=${project}`;
  return (await api<{ versions: Version[] }>(server, 'GET', path)).versions;
}
