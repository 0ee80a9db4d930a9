import { assert } from 'chai';
import type { Prediction } from '../../src/model.js';
import type { Region } from '../../src/regions/contract.js';
import type { Annotated } from '../label-studio/server.js';
import { stopServers } from '../task-data/servers.js';
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
