import type { IncomingMessage, ServerResponse } from 'node:http';
import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import { createLabelStudioAuth } from '../../src/label-studio/auth.js';
import { createLabelStudioClient, type LabelStudioClientDeps } from '../../src/label-studio/client.js';
import type { TestServer } from '../task-data/servers.js';

export const TASKS = Array.from({ length: 1234 }, (_, index) => ({
  id: index * 2 + 1,
  data: { text: `sentence ${index}` },
  annotations: [{ id: index, result: [] }],
  predictions: [{ model_version: 'a' }],
  drafts: [],
}));

/** The query of a request for a page, as Label Studio reads it. */
export function pageOf({ url }: IncomingMessage): {
  after: number;
  size: number;
  query: Record<string, unknown>;
} {
  const params = new URL(url!, 'http://localhost').searchParams;
  const query = JSON.parse(params.get('query')!);
  const filter = query.filters.items.find((each: { filter: string }) => each.filter === 'filter:tasks:id');
  return { after: filter.value, size: Number(params.get('page_size')), query };
}

/** Answers as Label Studio does. */
export function page(
  request: IncomingMessage,
  response: ServerResponse,
  tasks: readonly { id: number }[] = TASKS,
) {
  const { after, size } = pageOf(request);
  const rest = tasks.filter(({ id }) => id > after);
  response.end(JSON.stringify({ tasks: rest.slice(0, size), total: rest.length, total_annotations: 0 }));
}

/** A client of a server, which does not wait. */
export function clientOf({ url }: TestServer, deps: Partial<LabelStudioClientDeps> = {}) {
  const pauses: number[] = [];
  const client = createLabelStudioClient({
    labelStudio: () => ({ url, token: 'abc' }),
    auth: createLabelStudioAuth({ fetch, now: Date.now, timeoutMs: 10_000 }),
    timeoutMs: 10_000,
    maxBytes: 2 ** 20,
    maxTotalBytes: 2 ** 32,
    wait: async milliseconds => pauses.push(milliseconds),
    ...deps,
  });
  return { client, pauses };
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

export async function failure(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => assert.fail('it succeeded'),
    (thrown: unknown) => thrown,
  );
  assert.instanceOf(error, AppError);
  return `${(error as AppError).code}: ${(error as AppError).message}`;
}

export const jwt = (claims: object) =>
  ['{}', JSON.stringify(claims), 'signed'].map(part => Buffer.from(part).toString('base64url')).join('.');
