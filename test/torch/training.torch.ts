import { assert } from 'chai';
import type { Prediction } from '../../src/model.js';
import type { Region } from '../../src/regions/contract.js';
import type { Annotated } from '../label-studio/server.js';
import { serve, stopServers, type TestServer } from '../task-data/servers.js';
import { Loop } from '../training/loop.js';
import { TORCH } from './python.js';

const PROJECT = '7';
const CONFIG =
  '<View><Text name="text" value="$text"/><Labels name="ner" toName="text">' +
  '<Label value="Person"/><Label value="Place"/></Labels></View>';
const PERSONS = ['Ada', 'Grace Hopper', 'Alan', 'Edsger Dijkstra', 'Barbara'];
const PLACES = ['Turku', 'New York', 'Rome', 'London', 'Oulu'];

/** A text with its spans, in code points as Label Studio counts them. */
function marked(parts: readonly (string | [label: string, text: string])[]): Annotated {
  let text = '';
  const result: object[] = [];
  for (const part of parts) {
    const start = [...text].length;
    const [label, word] = typeof part === 'string' ? [null, part] : part;
    text += word;
    if (label === null) continue;
    const value = { start, end: [...text].length, text: word, labels: [label] };
    result.push({ from_name: 'ner', to_name: 'text', type: 'labels', value });
  }
  return { data: { text }, result };
}

function texts(count: number): Annotated[] {
  return Array.from({ length: count }, (_, index) => {
    const person: [string, string] = ['Person', PERSONS[index % 5]!];
    const place: [string, string] = ['Place', PLACES[(index * 3 + (index >> 3)) % 5]!];
    if (index % 3 === 0) return marked([person, ' moved to ', place, ` in ${1900 + index}.`]);
    if (index % 3 === 1) return marked(['😀 I met ', person, ' in ', place]);
    return marked([place, ' is cold, says ', person, '!']);
  });
}

const GAIT =
  '<View><TimeSeriesLabels name="gait" toName="walk"><Label value="Fast"/><Label value="Slow"/></TimeSeriesLabels>' +
  '<TimeSeries name="walk" value="$walk" timeColumn="time"><Channel column="speed"/></TimeSeries></View>';
const STEPS = 200;

/** A step each half a second, and speed that swings slowly, then fast, at another time for each index. */
function walk(index: number): { csv: string; parts: { start: number; end: number; label: string }[] } {
  const slow = 10 + (index % 7) * 3;
  const fast = 110 + (index % 5) * 4;
  const size = 50;
  const swing = (step: number) => {
    if (step >= slow && step < slow + size) return Math.sin((step - slow) / 4);
    return step >= fast && step < fast + size ? Math.sin(step - fast) : 0;
  };
  const lines = Array.from({ length: STEPS }, (_, step) => `${step / 2},${(5 + 3 * swing(step)).toFixed(3)}`);
  const part = (first: number, label: string) => ({ start: first / 2, end: (first + size - 1) / 2, label });
  return { csv: `time,speed\n${lines.join('\n')}\n`, parts: [part(slow, 'Slow'), part(fast, 'Fast')] };
}

describe('a project of TimeSeriesLabels', function () {
  this.timeout(300_000);
  let loop: Loop;
  let files: TestServer;
  before(async () => {
    files = await serve((request, response) => response.end(walk(Number(request.url!.slice(1))).csv));
    loop = await Loop.start({ PYTHON: TORCH, ALLOW_HOSTS: files.host });
  });
  after(async () => {
    await loop.backend.stop();
    await stopServers();
  });

  it('learns from files which parts have a label, and finds them in another', async () => {
    assert.equal(await loop.setUp(PROJECT, GAIT), 'series-segmenter:untrained');
    const tasks = Array.from({ length: 24 }, (_, index): Annotated => {
      const result = walk(index).parts.map(({ start, end, label }) => ({
        from_name: 'gait',
        to_name: 'walk',
        type: 'timeserieslabels',
        value: { start, end, instant: false, timeserieslabels: [label] },
      }));
      return { data: { walk: `${files.url}/${index}` }, result };
    });
    loop.labelStudio.annotate(PROJECT, tasks);
    const job = await loop.train(PROJECT);
    assert.equal(job.status, 'finished', job.error);
    assert.match(job.message!, /^series-segmenter:\S+ serves: f1_micro (1|0\.[89]\d*) on \d+ held-out tasks/);

    const task = { id: 1, data: { walk: `${files.url}/33` } };
    await loop.serving(PROJECT, GAIT, task);
    const { body } = await loop.backend.predict({ tasks: [task], project: PROJECT });
    const found = ((body.results[0] as Prediction).result as Region[]).map(({ value }) => value);
    for (const { start, end, label } of walk(33).parts) {
      const overlaps = found.filter(value => (value.timeserieslabels as string[])[0] === label);
      const longest = overlaps.toSorted((a, b) => lengthOf(b) - lengthOf(a))[0]!;
      assert.approximately(longest.start as number, start, 3, label);
      assert.approximately(longest.end as number, end, 3, label);
    }
  });
});

function lengthOf({ start, end }: Region['value']): number {
  return (end as number) - (start as number);
}

describe('a project of Labels on Text', function () {
  this.timeout(300_000);
  let loop: Loop;
  before(async () => {
    loop = await Loop.start({ PYTHON: TORCH });
  });
  after(async () => {
    await loop.backend.stop();
    await stopServers();
  });

  it('learns what its annotators mark, and marks it in new texts', async () => {
    assert.equal(await loop.setUp(PROJECT, CONFIG), 'token-tagger:untrained');
    loop.labelStudio.annotate(PROJECT, texts(60));
    const job = await loop.train(PROJECT);
    assert.equal(job.status, 'finished', job.error);
    assert.match(job.message!, /^token-tagger:\S+ serves: f1_micro (1|0\.[89]\d*) on \d+ held-out tasks/);
    const [version] = await loop.versions('token-tagger', PROJECT);
    assert.deepEqual(version!.counts.labels, { label: { Person: 60, Place: 60 } });

    const { data, result } = marked(['😀 I met ', ['Person', 'Alan'], ' in ', ['Place', 'New York']]);
    const task = { id: 1, data };
    await loop.serving(PROJECT, CONFIG, task);
    const { body } = await loop.backend.predict({ tasks: [task], project: PROJECT });
    const regions = (body.results[0] as Prediction).result as Region[];
    assert.deepEqual(
      regions.map(({ id: _, score: _score, ...rest }) => rest) as object[],
      result as object[],
    );
  });

  it('may have one label alone, and is told how many texts it needs', async () => {
    const schema = CONFIG.replace('<Label value="Place"/>', '');
    await loop.setUp('8', schema);
    loop.labelStudio.annotate('8', [marked([['Person', 'Ada'], ' moved'])]);
    const refused = await loop.train('8');
    assert.equal(refused.status, 'failed');
    assert.equal(refused.error, "'ner' needs at least 2 tasks of each label that was used; Person has 1");
    loop.labelStudio.annotate('8', [
      marked([['Person', 'Grace'], ' moved']),
      marked(['I met ', ['Person', 'Alan']]),
    ]);
    const job = await loop.train('8');
    assert.equal(job.status, 'finished', job.error);
  });
});
