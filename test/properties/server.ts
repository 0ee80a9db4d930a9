import type fc from 'fast-check';
import { INPUTS } from '../../src/inputs/index.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { addExampleModels, type Pair } from '../support/example-models.js';
import { useFfmpeg } from '../support/ffmpeg.js';
import { shippedRepository } from '../support/models.js';
import { serve, stopServers } from '../task-data/servers.js';
import { makeFiles, objectsOf, type Shown } from './objects.js';

/** Which samples are tried, and how many for each model. */
export const SEED = Number(process.env.PROPERTY_SEED ?? 1);
export const CONFIGS = Number(process.env.PROPERTY_CONFIGS ?? 6);

/** A backend of example models, and what its tasks may hold. */
export interface PropertyServer {
  backend: TestBackend;
  objects: Readonly<Record<string, fc.Arbitrary<Shown>>>;
  stop(): Promise<void>;
}

/** @param shipped models of the repository that it has as well */
export async function startPropertyServer(
  models: readonly Pair[],
  shipped: readonly string[] = [],
): Promise<PropertyServer> {
  await useFfmpeg();
  const { url, host } = await serve((request, response) =>
    response.end(Buffer.from(request.url!.slice(1), 'base64url')),
  );
  const at = (text: string) => `${url}/${Buffer.from(text).toString('base64url')}`;
  const objects = objectsOf(await makeFiles(at, [INPUTS.video!.example.data.video as string]));
  const root = await shippedRepository(...shipped);
  await addExampleModels(root, models);
  const backend = await startBackend({ MODEL_DIR: root, ALLOW_HOSTS: host });
  return {
    backend,
    objects,
    async stop() {
      await backend.stop();
      await stopServers();
    },
  };
}
