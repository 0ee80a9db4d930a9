import { readFile } from 'node:fs/promises';
import { assert } from 'chai';
import type { Prediction } from '../../src/model.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { PredictBody, Reply } from '../support/client.js';
import { shippedRepository } from '../support/models.js';

interface Recorded {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body: Record<string, unknown> | null;
}

interface Mark {
  start: number;
  end: number;
  text: string;
  labels: string[];
}

/** A request of Labels on Text. */
interface Interactive {
  tasks: { data: { text: string } }[];
  params: { context: { result: { value: Mark }[] } | null };
}

const requests = (await readFile(new URL('requests.jsonl', import.meta.url), 'utf8'))
  .trim()
  .split('\n')
  .map(line => JSON.parse(line) as Recorded);

/** Headers of the connection are the client's own business. */
function endToEnd(headers: Record<string, string>): Record<string, string> {
  const { connection, 'accept-encoding': _, ...rest } = headers;
  return rest;
}

describe('the requests of a real Label Studio 1.23.2, in their order', () => {
  let backend: TestBackend;
  const replies: Reply<unknown>[] = [];

  before(async () => {
    backend = await startBackend({ MODEL_DIR: await shippedRepository('sentiment', 'substring') });
    for (const { method, path, headers, body } of requests) {
      const options = { headers: endToEnd(headers) };
      replies.push(
        method === 'GET' ? await backend.get(path, options) : await backend.post(path, body, options),
      );
    }
  });
  after(() => backend.stop());

  /** Whether a request is of a config with Labels on Text, and not of one with Choices. */
  const isLabels = ({ path, body }: Recorded) =>
    (path === '/setup' && /<Labels/.test(String(body!.schema))) ||
    (path === '/predict' && /<Labels/.test(String(body!.label_config)));
  const where = (fits: (request: Recorded) => boolean) =>
    requests.flatMap((request, index) => (fits(request) ? [{ request, reply: replies[index]!, index }] : []));

  it('answers 2xx to all of them', () => {
    const failed = where(() => true)
      .filter(({ reply }) => reply.status < 200 || reply.status > 299)
      .map(({ index, request, reply }) => `${index} ${request.path}: ${reply.status} ${reply.reason}`);
    assert.deepEqual(failed, []);
  });

  it('marks in the tasks of Labels on Text what the annotator marked, wherever else it stands', () => {
    const labels = where(request => isLabels(request) && request.path === '/predict');
    assert.isAbove(labels.length, 2);
    let marks = 0;
    for (const { request, reply } of labels) {
      const { results, model_version } = reply.body as PredictBody;
      const { tasks, params } = request.body as unknown as Interactive;
      assert.equal(model_version, 'substring:0.0.1');
      assert.lengthOf(results, tasks.length);
      const marked = params.context?.result.map(({ value }) => value) ?? [];
      marks += marked.length;
      for (const [index, item] of results.entries()) {
        const characters = [...tasks[index]!.data.text];
        const found = (item as Prediction).result.map(({ value }) => value as unknown as Mark);
        if (marked.length === 0) assert.deepEqual(found, []);
        for (const { start, end, text, labels: chosen } of found) {
          assert.equal(characters.slice(start, end).join(''), text);
          assert.isTrue(
            marked.some(mark => mark.text === text && mark.labels[0] === chosen[0] && mark.start !== start),
          );
        }
      }
    }
    assert.isAbove(marks, 0);
    const last = labels.at(-1)!.reply.body as PredictBody;
    assert.deepEqual(
      (last.results[0] as Prediction).result.map(({ value }) => value),
      [
        { start: 17, end: 19, text: 'Ad', labels: ['PER'] },
        { start: 31, end: 33, text: 'Ad', labels: ['PER'] },
      ],
    );
  });

  it('gives the text-choices tasks predictions of the version that /setup and /versions tell', () => {
    const setups = where(request => request.path === '/setup' && !isLabels(request));
    const versions = new Set(
      setups.map(({ reply }) => (reply.body as { model_version: string }).model_version),
    );
    assert.equal(versions.size, 1);
    const version = [...versions][0]!;
    assert.match(version, /^sentiment:\d{8}-\d{6}-[0-9a-f]{6}$/);
    for (const { reply } of where(({ path }) => path === '/versions'))
      assert.deepEqual(reply.body, { versions: [version, 'substring:0.0.1'] });

    const predicts = where(request => request.path === '/predict' && !isLabels(request));
    assert.isAbove(predicts.length, 2);
    for (const { request, reply } of predicts) {
      const { results, model_version } = reply.body as PredictBody;
      assert.equal(model_version, version);
      assert.lengthOf(results, (request.body!.tasks as unknown[]).length);
      for (const item of results) {
        assert.include(item, { model_version: version });
        assert.nestedProperty(item, 'result[0].value.choices[0]');
      }
    }
  });
});
