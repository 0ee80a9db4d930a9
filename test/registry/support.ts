import { assert } from 'chai';
import type { TestBackend } from '../support/backend.js';
import { SENTIMENT, tasksOf } from '../support/configs.js';

export interface Models {
  models: { name: string; title?: string; trainable?: boolean; projects?: string[]; versions: string[] }[];
  problems: { model: string; message: string }[];
}

/** What `/api/models` tells. */
export async function models(backend: TestBackend): Promise<Models> {
  return (await backend.get<Models>('/api/models')).body;
}

/** The `model_version` that answers a project's tasks. */
export async function servedBy(backend: TestBackend, project: string | null = null): Promise<string> {
  const reply = await backend.predict({ tasks: tasksOf(['good']), project, label_config: SENTIMENT });
  assert.equal(reply.status, 200, reply.reason);
  return reply.body.model_version;
}
