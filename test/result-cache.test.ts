import { readdir } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { assert } from 'chai';
import { ITEM_SEPARATOR, splitItems } from '../src/inference/protocol.js';
import { ResultCache } from '../src/result-cache.js';
import { startBackend, type TestBackend } from './support/backend.js';
import { SENTIMENT, sentences, tasksOf } from './support/configs.js';
import { addVersion, editJson, modelRepository, shippedRepository } from './support/models.js';
import { expectSame } from './support/results.js';

const FIGURES =
  '<View><Text name="text" value="$text"/><Labels name="figures" toName="text"><Label value="Date"/><Label value="Time"/>' +
  '<Label value="Money"/><Label value="Phone"/><Label value="Email"/><Label value="URL"/></Labels></View>';

describe('ResultCache', () => {
  it('gives what was put in, and counts', () => {
    const cache = new ResultCache(10_000);
    assert.isUndefined(cache.get('a'));
    cache.set('a', '{"x":1}');
    assert.equal(cache.get('a'), '{"x":1}');
    cache.set('a', '{"x":2}');
    assert.equal(cache.get('a'), '{"x":2}');
    assert.deepEqual([cache.hits, cache.misses], [2, 1]);
  });

  it('lets go what was not asked for the longest', () => {
    const cache = new ResultCache(1_000);
    for (const key of ['a', 'b', 'c']) cache.set(key, 'x'.repeat(150));
    cache.get('a');
    cache.set('d', 'x'.repeat(150));
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].filter(key => cache.get(key) !== undefined),
      ['a', 'c', 'd'],
    );
  });

  it('takes no longer for an entry when it is full', () => {
    const cache = new ResultCache(2 ** 23);
    const fill = (count: number, from: number) => {
      const begin = process.cpuUsage().user;
      for (let index = 0; index < count; index++) cache.set(`${from + index}`, 'x'.repeat(200));
      return process.cpuUsage().user - begin;
    };
    fill(20_000, 0);
    const some = Math.min(fill(20_000, 20_000), fill(20_000, 40_000));
    // Five times as many; walking over what was taken out would take minutes.
    assert.isBelow(fill(100_000, 60_000), some * 25 + 2_000_000);
  });

  it('is not for a request that would put out all others', () => {
    const cache = new ResultCache(2 ** 20);
    assert.isTrue(cache.suits(1));
    assert.isTrue(cache.suits(500));
    assert.isFalse(cache.suits(3_000));
  });

  it('stays within its size, whatever is put in', () => {
    const cache = new ResultCache(100_000);
    for (let index = 0; index < 5_000; index++) cache.set(`${index % 700}`, 'x'.repeat((index * 37) % 2_000));
    let held = 0;
    for (let index = 0; index < 700; index++) held += cache.get(`${index}`)?.length ?? 0;
    assert.isBelow(held, 100_000);
    assert.isAbove(held, 50_000);
    cache.set('huge', 'x'.repeat(100_000));
    assert.isUndefined(cache.get('huge'));
    cache.set('699', 'y'.repeat(100_001));
    assert.isUndefined(cache.get('699'), 'not the answer before it either');
  });
});

describe('splitItems', () => {
  it('takes joined items apart', () => {
    for (const items of [['{}'], ['{"x":"é,"}', '{"y":"😀"}', '[]']])
      assert.deepEqual(splitItems(Buffer.from(items.join(ITEM_SEPARATOR))), items);
  });

  it('keeps nothing of the others, so that the cache is as large as it says', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const item = `{"result":"${'x'.repeat(1_000)}"}`;
    const joined = Array.from({ length: 1_000 }, () => item).join(ITEM_SEPARATOR);
    collect();
    const before = process.memoryUsage().heapUsed;
    const kept = Array.from({ length: 50 }, () => splitItems(Buffer.from(joined))[7]!);
    collect();
    assert.isBelow(process.memoryUsage().heapUsed - before, 5 * 2 ** 20);
    assert.deepEqual(new Set(kept), new Set([item]));
  });
});

describe('RESULT_CACHE', () => {
  let backend: TestBackend;
  let root: string;
  before(async () => {
    root = await modelRepository('sentiment');
    backend = await startBackend({ MODEL_DIR: root, RESULT_CACHE: '1mb' });
  });
  after(() => backend.stop());

  const texts = sentences(30);
  const ask = async (some: readonly unknown[], more: Record<string, unknown> = {}) => {
    const { status, body } = await backend.predict({
      tasks: tasksOf(some),
      label_config: SENTIMENT,
      ...more,
    });
    assert.equal(status, 200);
    return body;
  };
  const numbers = async () => {
    const { body } = await backend.get<string>('/metrics');
    const read = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(body)![1]);
    return [read('result_cache_hits'), read('result_cache_misses'), read('model_run_tasks_sum')] as const;
  };
  /** What a piece of work added to hits, misses and tasks that were run. */
  async function added(work: () => Promise<unknown>): Promise<number[]> {
    const before = await numbers();
    await work();
    const after = await numbers();
    return after.map((value, index) => value - before[index]!);
  }

  it('runs only what is new, and answers in the order of the tasks', async () => {
    assert.deepEqual(await added(() => ask(texts.slice(0, 20))), [0, 20, 20]);
    let mixed: Awaited<ReturnType<typeof ask>> | undefined;
    const order = [25, 3, 26, 4, 27, 5, 3].map(index => texts[index]!);
    assert.deepEqual(
      await added(async () => {
        mixed = await ask(order);
      }),
      [4, 3, 3],
    );
    const alone = [];
    for (const text of order) alone.push((await ask([text])).results[0]!);
    expectSame(mixed!.results, alone);
  });

  it('tells apart what is not the same: other labels, other controls', async () => {
    const other = SENTIMENT.replace('"Positive"', '"gut" predicted_values="Positive"');
    const one = await ask([texts[0]]);
    const two = await ask([texts[0]], { label_config: other });
    assert.include(JSON.stringify(one), 'Positive');
    assert.notInclude(JSON.stringify(two), 'Positive');
    const renamed = await ask([texts[0]], { label_config: SENTIMENT.replaceAll('sentiment', 'mood') });
    assert.include(JSON.stringify(renamed), '"from_name":"mood"');
  });

  it('is not asked for interactive requests, nor told of them', async () => {
    const params = { context: { result: [] } };
    assert.deepEqual(await added(() => ask([texts[0]], { params })), [0, 0, 1]);
  });

  it('is not asked for a request of very many tasks', async () => {
    assert.deepEqual(await added(() => ask(sentences(2_000))), [0, 0, 2_000]);
  });

  it('keeps no failure', async () => {
    const twice = async () => {
      for (let time = 0; time < 2; time++) await ask([texts[0], {}]);
    };
    assert.deepEqual(await added(twice), [2, 0, 2]);
  });

  it('knows nothing of another version', async () => {
    const before = await ask([texts[0]]);
    await addVersion(`${root}/sentiment`, '20990101-000000-abcdef');
    await backend.backend.reload();
    let after: Awaited<ReturnType<typeof ask>> | undefined;
    const counts = await added(async () => {
      after = await ask([texts[0]]);
    });
    assert.deepEqual(counts, [0, 1, 1]);
    assert.equal(after!.model_version, 'sentiment:20990101-000000-abcdef');
    assert.notEqual(before.model_version, after!.model_version);
    assert.equal((after!.results[0] as { model_version: string }).model_version, after!.model_version);
  });
});

describe('an answer that was kept', () => {
  it('is not given once model.json says something else', async () => {
    const root = await shippedRepository('tagger');
    const [version] = await readdir(`${root}/tagger/versions`);
    // It then reads what model.json says.
    await editJson(`${root}/tagger/versions/${version}/version.json`, record => {
      delete record.input;
    });
    const texts = ['Meet me on 12 March 2024 at 5:30 pm and pay 25.50 dollars before 7 May 2025.', 'x'];
    const ask = async (server: TestBackend) =>
      (await server.predict({ tasks: tasksOf(texts), label_config: FIGURES })).body.results;
    const server = await startBackend({ MODEL_DIR: root });
    try {
      const before = await ask(server);
      await editJson(`${root}/tagger/model.json`, manifest => {
        manifest.input = { ...(manifest.input as object), max_tokens: 2, overlap: 0 };
      });
      await server.backend.reload();
      const fresh = await startBackend({ MODEL_DIR: root, RESULT_CACHE: 'off' });
      const expected = await ask(fresh).finally(() => fresh.stop());
      assert.notDeepEqual(expected, before);
      assert.deepEqual(await ask(server), expected);
    } finally {
      await server.stop();
    }
  });
});
