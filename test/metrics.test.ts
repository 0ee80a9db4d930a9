import { assert } from 'chai';
import { startBackend, type TestBackend } from './support/backend.js';
import { SENTIMENT, sentences, tasksOf } from './support/configs.js';
import { shippedRepository } from './support/models.js';

const SAMPLE =
  /^([a-z_][a-z0-9_]*)(?:\{((?:[a-z_][a-z0-9_]*="(?:[^"\\\n]|\\.)*",?)*)\})? (-?[0-9.e+-]+|\+Inf|NaN)$/i;

/** The samples of a page in the text format of Prometheus, by name and labels; each must have been announced. */
function parse(page: string): Map<string, number> {
  const announced = new Map<string, Set<string>>();
  const samples = new Map<string, number>();
  assert.isTrue(page.endsWith('\n'));
  for (const line of page.split('\n').filter(each => each !== '')) {
    const [, kind, name, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind !== undefined) {
      announced.set(name!, (announced.get(name!) ?? new Set()).add(kind));
      assert.isNotEmpty(rest);
      continue;
    }
    const sample = SAMPLE.exec(line);
    assert.isNotNull(sample, line);
    const family = [sample![1]!, sample![1]!.replace(/_(?:bucket|sum|count)$/, '')].find(each =>
      announced.has(each),
    );
    assert.equal(announced.get(family!)?.size, 2, line);
    const key = sample![2] ? `${sample![1]}{${sample![2]}}` : sample![1]!;
    assert.isFalse(samples.has(key), `${key} twice`);
    samples.set(key, Number(sample![3]));
  }
  return samples;
}

describe('GET /metrics', () => {
  let backend: TestBackend;
  before(async () => {
    backend = await startBackend({ MODEL_DIR: await shippedRepository('sentiment') });
  });
  after(() => backend.stop());

  const page = async () => {
    const { body, headers } = await backend.get<string>('/metrics');
    assert.match(headers['content-type']!, /^text\/plain; version=0\.0\.4/);
    return parse(body);
  };

  it('is what Prometheus reads, and counts what was done', async () => {
    const predict = (texts: readonly unknown[], path = '/predict') =>
      backend.post(path, { tasks: tasksOf(texts), label_config: SENTIMENT });
    await predict(sentences(30));
    await predict(['good']);
    await predict(['good'], '/models/sentiment/predict');
    await predict([{}]);
    await backend.post('/setup', { project: '1', schema: SENTIMENT });
    await backend.get('/no"such\\path');
    const samples = await page();
    const count = (name: string) => samples.get(name);
    assert.equal(count('request_duration_seconds_count{route="predict",status="200"}'), 3);
    assert.equal(count('request_duration_seconds_count{route="predict",status="422"}'), 1);
    assert.equal(count('request_duration_seconds_count{route="setup",status="200"}'), 1);
    assert.equal(count('request_duration_seconds_count{route="other",status="404"}'), 1);
    assert.equal(count('model_run_tasks_sum'), 32);
    assert.equal(count('model_run_duration_seconds_count'), count('model_run_tasks_count'));
    assert.equal(count('model_load_duration_seconds_count'), 1);
    assert.deepEqual([count('file_cache_hits'), count('file_cache_misses')], [0, 0]);
    assert.equal(count('queue_tasks'), 0);
    assert.equal(count('result_cache_hits'), 1);
    assert.equal(count('result_cache_misses'), 31);
    assert.equal(count('inference_process_restarts_total'), 0);
    assert.isAbove(count('process_resident_memory_bytes')!, 2 ** 20);
    assert.isTrue(samples.has('nodejs_eventloop_lag_p99_seconds'));
  });

  it('does not grow with what clients make up', async () => {
    const before = (await page()).size;
    for (let index = 0; index < 50; index++) {
      await backend.get(`/nothing-${index}`);
      await backend.get(`/models/m${index}/versions`);
    }
    // A route and a status more, each with its buckets.
    assert.isBelow((await page()).size - before, 40);
  });
});
