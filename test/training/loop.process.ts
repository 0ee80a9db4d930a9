import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import type { Job } from '../../src/training/job.js';
import type { Annotated } from '../label-studio/server.js';
import { refusalOf } from '../support/client.js';
import { errorOf } from '../support/results.js';
import { stopServers } from '../task-data/servers.js';
import { keyOf, Loop } from './loop.js';

const EVERY = 12;
const MODEL = 'text-classifier';
const PROJECT = '7';
const SITES =
  '<View><Text name="text" value="$text"/><Choices name="site" toName="text">' +
  '<Choice value="Amazon"/><Choice value="IMDb"/><Choice value="Yelp"/></Choices></View>';
const TABLE = '<View><Table name="flat" value="$flat"/>CONTROL</View>';
const SIZES = TABLE.replace(
  'CONTROL',
  '<Choices name="size" toName="flat"><Choice value="small"/><Choice value="large"/></Choices>',
);
const RENTS = TABLE.replace('CONTROL', '<Number name="rent" toName="flat"/>');

const WORDS: Readonly<Record<string, readonly string[]>> = {
  Amazon: ['phone', 'battery', 'charger', 'headset'],
  IMDb: ['movie', 'actor', 'scene', 'script'],
  Yelp: ['waiter', 'pizza', 'menu', 'dessert'],
};
const choice = (from_name: string, to_name: string, label: string) => [
  { from_name, to_name, type: 'choices', value: { choices: [label] } },
];

/** So many sentences of each site, and of labels that the config does not have as many more. */
function sentences(each: number, ...others: string[]): Annotated[] {
  return [...Object.keys(WORDS), ...others].flatMap(site =>
    Array.from({ length: each }, (_, index) => {
      const [a, b] = [WORDS[site] ?? [site], ['well', 'never', 'again']];
      const data = { text: `the ${a[index % a.length]} was ${b[index % b.length]} number ${index}` };
      return { data, result: choice('site', 'text', site) };
    }),
  );
}

/** Rows of a table: flats with what is made of each. */
function flats(count: number, resultOf: (metres: number) => object[]): Annotated[] {
  return Array.from({ length: count }, (_, index) => {
    const metres = 20 + ((index * 37) % 80);
    const city = ['Turku', 'Oulu', 'Rome'][index % 3];
    return { data: { flat: { metres, city } }, result: resultOf(metres) };
  });
}

describe('the training loop', function () {
  this.timeout(120_000);
  let loop: Loop;
  const asked = { id: 1, data: { text: 'a pizza and a dessert' } };

  before(async () => {
    loop = await Loop.start({ TRAIN_EVERY: String(EVERY) });
  });
  after(async () => {
    await loop.backend.stop();
    await stopServers();
  });

  const serving = () => loop.serving(PROJECT, SITES, asked);
  const answer = async (tasks: object[], project = PROJECT) =>
    (await loop.backend.predict({ tasks, project })).body.results.map(item =>
      'result' in item ? (item.result[0] as { value: unknown }).value : errorOf(item),
    );

  it('tells a new project what to do, and trains after TRAIN_EVERY annotations', async () => {
    assert.equal(await loop.setUp(PROJECT, SITES), `${MODEL}:untrained`);
    const refused = await loop.backend.predict({ tasks: [asked], project: PROJECT });
    assert.deepEqual(refusalOf(refused), {
      code: 'untrained',
      message: `the model '${MODEL}' is not trained yet: annotate ${EVERY} tasks or press Start training`,
    });

    const all = sentences(8);
    loop.labelStudio.annotate(PROJECT, all);
    for (const each of all.slice(0, EVERY)) await loop.annotated(each, PROJECT);
    const queued = await loop.backend.log.line(({ msg }) => msg.includes(' is queued'));
    assert.equal(
      queued.msg,
      `training of ${MODEL} for project ${keyOf(PROJECT)} is queued: ANNOTATION_CREATED`,
    );

    const events = await loop.follow(queued.job as string);
    const job = events.at(-1)!;
    assert.equal(job.status, 'finished', job.error);
    const steps = events.filter(({ status }) => status === 'started').map(({ progress = 0 }) => progress);
    assert.deepEqual(
      steps,
      [...steps].sort((a, b) => a - b),
    );
    assert.isTrue(steps.some(step => step > 0 && step < 1));
    assert.include(
      events.map(({ message }) => message),
      `measuring on ${24 - (await loop.versions(MODEL, PROJECT))[0]!.counts.held_out} texts with 3 labels`,
    );
    const { body } = await loop.backend.post<object>('/job_status', { job: job.id });
    assert.deepInclude(body, { job_status: 'finished', progress: 1, message: job.message });

    const label = `${MODEL}:${job.version}`;
    assert.equal(await serving(), label);
    assert.deepEqual(await answer([asked]), [{ choices: ['Yelp'] }]);
    assert.match(job.message!, new RegExp(`^${label} serves: accuracy \\S+ on \\d+ held-out tasks, `));
    const { jobs } = (await loop.backend.get<{ jobs: Job[] }>('/api/jobs')).body;
    assert.deepEqual(jobs, [job]);
    const { msg } = await loop.backend.log.line(line => line.msg.includes(' finished in '));
    assert.match(
      msg,
      new RegExp(
        `^training of ${MODEL} for project ${keyOf(PROJECT)} finished in \\d+\\.\\d s: ${label} serves`,
      ),
    );
  });

  it('trains a second version by Start training, counts what it leaves out, and goes back and forth', async () => {
    loop.labelStudio.annotate(PROJECT, sentences(2, 'Ebay'));
    const first = await serving();
    const job = await loop.train(PROJECT);
    assert.equal(job.status, 'finished', job.error);
    const second = await serving();
    assert.equal(second, `${MODEL}:${job.version}`);
    const [newer, older] = await loop.versions(MODEL, PROJECT);
    assert.include(newer, { label: second, parent: first, job: job.id, active: true, accepted: true });
    assert.include(older, { label: first, parent: null, active: false });
    assert.include(newer!.counts, { tasks: 30 });
    assert.include(newer!.counts.left_out, { tasks: 2, outdated: 2 });
    assert.deepEqual(newer!.counts.labels, { label: { Amazon: 10, IMDb: 10, Yelp: 10 } });
    assert.isNumber(newer!.gate!.serving);

    const path = (label: string) => `/api/models/${MODEL}/versions/${label.split(':')[1]}`;
    const query = `?project=${PROJECT}`;
    for (const label of [first, second]) {
      assert.equal((await loop.backend.post(`${path(label)}/activate${query}`, '')).status, 200);
      assert.equal(await serving(), label);
    }
    assert.equal((await loop.backend.send('DELETE', path(second) + query, null)).status, 409);
    assert.equal((await loop.backend.send('DELETE', path(first) + query, null)).status, 200);
    assert.deepEqual(
      (await loop.versions(MODEL, PROJECT)).map(({ label }) => label),
      [second],
    );
    assert.equal(await serving(), second);
  });

  it('learns labels and numbers from the rows of tables', async () => {
    const size = (metres: number) => choice('size', 'flat', metres < 60 ? 'small' : 'large');
    const rent = (metres: number) => [
      { from_name: 'rent', to_name: 'flat', type: 'number', value: { number: 100 + 10 * metres } },
    ];
    loop.labelStudio.annotate('8', flats(30, size));
    loop.labelStudio.annotate('9', flats(30, rent));
    const tasks = [25, 95].map((metres, id) => ({ id, data: { flat: { metres, city: 'Oulu' } } }));
    for (const [project, config, model] of [
      ['8', SIZES, 'tabular-classifier'],
      ['9', RENTS, 'tabular-regressor'],
    ] as const) {
      assert.equal(await loop.setUp(project, config), `${model}:untrained`);
      const job = await loop.train(project);
      assert.equal(job.status, 'finished', job.error);
      assert.equal(await loop.serving(project, config, tasks[0]!), `${model}:${job.version}`);
    }
    assert.deepEqual(await answer(tasks, '8'), [{ choices: ['small'] }, { choices: ['large'] }]);
    const [low, high] = (await answer(tasks, '9')) as { number: number }[];
    assert.approximately(low!.number, 350, 50);
    assert.approximately(high!.number, 1050, 50);
  });

  it('removes all that a project has with the project, and nothing of another', async () => {
    const folders = () =>
      Promise.all(['jobs', 'projects'].map(name => readdir(join(loop.backend.dataDir, name))));
    const { jobs } = (await loop.backend.get<{ jobs: Job[] }>(`/api/jobs?project=${PROJECT}`)).body;
    assert.lengthOf(jobs, 2);
    const other = await loop.versions('tabular-classifier', '8');
    assert.equal((await loop.backend.post('/delete', { project: PROJECT })).status, 200);
    assert.isEmpty(await loop.versions(MODEL, PROJECT));
    for (const { id } of jobs)
      assert.equal((await loop.backend.post('/job_status', { job: id })).status, 410);
    const [jobFolders, projects] = await folders();
    assert.deepEqual(projects, ['8', '9'].map(keyOf));
    assert.lengthOf(jobFolders!, 2);
    assert.isFalse(existsSync(join(loop.backend.dataDir, 'projects', PROJECT)));
    assert.equal(await loop.setUp(PROJECT, SITES), `${MODEL}:untrained`);
    assert.deepEqual(await loop.versions('tabular-classifier', '8'), other);
  });
});
