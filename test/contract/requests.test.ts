import { readFile } from 'node:fs/promises';
import { assert } from 'chai';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { ErrorBody, PredictBody, Reply } from '../support/client.js';
import { modelRepository } from '../support/models.js';

interface Recorded {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body: Record<string, unknown> | null;
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
    backend = await startBackend({ MODEL_DIR: await modelRepository('sentiment') });
    for (const { method, path, headers, body } of requests) {
      const options = { headers: endToEnd(headers) };
      replies.push(
        method === 'GET' ? await backend.get(path, options) : await backend.post(path, body, options),
      );
    }
  });
  after(() => backend.stop());

  /** Whether a request is of a config that the shipped model cannot fill: Labels on Text. */
  const unfit = ({ path, body }: Recorded) =>
    (path === '/setup' && /<Labels/.test(String(body!.schema))) ||
    (path === '/predict' && /<Labels/.test(String(body!.label_config)));
  const where = (fits: (request: Recorded) => boolean) =>
    requests.flatMap((request, index) => (fits(request) ? [{ request, reply: replies[index]!, index }] : []));

  it('answers 2xx to all but the setups and predicts of Labels on Text', () => {
    const failed = where(request => !unfit(request))
      .filter(({ reply }) => reply.status < 200 || reply.status > 299)
      .map(({ index, request, reply }) => `${index} ${request.path}: ${reply.status} ${reply.reason}`);
    assert.deepEqual(failed, []);
  });

  it('answers those with a 4xx that says what does not fit, in body and reason phrase', () => {
    const refused = where(unfit);
    assert.isAbove(refused.length, 5);
    for (const { reply } of refused) {
      const { code, message } = reply.body as ErrorBody;
      assert.equal(reply.status, 422);
      assert.equal(code, 'no_model_fits');
      assert.equal(
        message,
        "the model 'sentiment' fills Choices on Text or HyperText; the labeling config has Labels 'label' on Text",
      );
      assert.equal(reply.reason, message);
    }
  });

  it('gives the text-choices tasks predictions of the version that /setup and /versions tell', () => {
    const setups = where(request => request.path === '/setup' && !unfit(request));
    const versions = new Set(
      setups.map(({ reply }) => (reply.body as { model_version: string }).model_version),
    );
    assert.equal(versions.size, 1);
    const version = [...versions][0]!;
    assert.match(version, /^sentiment:\d{8}-\d{6}-[0-9a-f]{6}$/);
    for (const { reply } of where(({ path }) => path === '/versions'))
      assert.deepEqual(reply.body, { versions: [version] });

    const predicts = where(request => request.path === '/predict' && !unfit(request));
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
