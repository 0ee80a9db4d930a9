import { assert } from 'chai';
import { type Annotated, CREATED_AT } from '../label-studio/server.js';
import { refusalOf } from '../support/client.js';
import { stopServers } from '../task-data/servers.js';
import { keyOf, Loop } from './loop.js';

const MODEL = 'text-classifier';
const WORDS: Readonly<Record<string, string>> = {
  Food: 'soup bread fish',
  Service: 'waiter staff host',
  Price: 'bill money tip',
  Cost: 'bill money tip',
  Place: 'room garden view',
  Essen: 'soup bread fish',
  Preis: 'bill money tip',
};

const config = (...labels: string[]) =>
  '<View><Text name="text" value="$text"/><Choices name="topic" toName="text" choice="single">' +
  `${labels.map(label => `<Choice value="${label}"/>`).join('')}</Choices></View>`;

const annotations = (each: number, ...labels: string[]): Annotated[] =>
  labels.flatMap(label =>
    Array.from({ length: each }, (_, index) => ({
      data: { text: `${WORDS[label]} number ${index}` },
      result: [{ from_name: 'topic', to_name: 'text', type: 'choices', value: { choices: [label] } }],
    })),
  );

describe('a trained project whose labels change', function () {
  this.timeout(120_000);
  let loop: Loop;
  let projects = 0;

  before(async () => {
    loop = await Loop.start({ TRAIN_EVERY: '12' });
  });
  after(async () => {
    await loop.backend.stop();
    await stopServers();
  });

  /** A project that has learnt Food, Service and Price. */
  async function trained(): Promise<{ project: string; version: string }> {
    const project = String(++projects);
    await loop.setUp(project, config('Food', 'Service', 'Price'));
    loop.labelStudio.annotate(project, annotations(6, 'Food', 'Service', 'Price'));
    const job = await loop.train(project);
    assert.equal(job.status, 'finished', job.error);
    return { project, version: `${MODEL}:${job.version}` };
  }

  /** The label that a text about something gets, and the version that gives it. */
  async function answer(project: string, schema: string, label: string): Promise<[unknown, unknown]> {
    const tasks = [{ id: 1, data: { text: WORDS[label] } }];
    const reply = await loop.backend.predict({ tasks, project, label_config: schema });
    assert.equal(reply.status, 200, reply.reason);
    const [item] = reply.body.results as {
      result: { value: { choices: string[] } }[];
      model_version: string;
    }[];
    return [item!.result[0]!.value.choices[0], item!.model_version];
  }

  /** Annotates as many as start a training, by webhooks alone, and waits for its end. */
  async function learns(project: string, schema: string, all: Annotated[]): Promise<string> {
    loop.labelStudio.annotate(project, all);
    for (const { result } of all) {
      const event = {
        action: 'ANNOTATION_CREATED',
        project: { id: Number(project), created_at: CREATED_AT, label_config: schema },
        annotation: { result, was_cancelled: false },
      };
      assert.deepEqual((await loop.backend.post('/webhook', event)).body, { status: 'ok' });
    }
    const { job } = await loop.backend.log.line(
      ({ msg }) => msg === `training of ${MODEL} for project ${keyOf(project)} is queued: ANNOTATION_CREATED`,
    );
    const { status, error, version } = (await loop.follow(job as string)).at(-1)!;
    assert.equal(status, 'finished', error);
    return `${MODEL}:${version}`;
  }

  const notes = async (project: string) =>
    (await loop.backend.get<{ notes: string[] }>(`/api/projects/${project}`)).body.notes;

  it('is served with a warning by what still fits, and learns a label that was renamed', async () => {
    const { project, version } = await trained();
    const renamed = config('Food', 'Service', 'Cost');
    assert.equal(await loop.setUp(project, renamed), version);
    assert.deepEqual(await answer(project, renamed, 'Food'), ['Food', version]);
    // The best of what the project has.
    assert.include(['Food', 'Service'], (await answer(project, renamed, 'Cost'))[0] as string);
    const told = [
      `the model '${MODEL}' leaves out Price, which the config's Choices 'topic' does not have`,
      `the model '${MODEL}' never answers Cost of the config's Choices 'topic'`,
    ];
    assert.deepEqual(await notes(project), told);
    for (const each of told) await loop.backend.log.line(({ msg, level }) => msg === each && level === 40);

    const next = await learns(project, renamed, annotations(4, 'Food', 'Service', 'Cost'));
    assert.equal(await loop.setUp(project, renamed), next);
    assert.deepEqual(await answer(project, renamed, 'Cost'), ['Cost', next]);
    assert.deepEqual(await notes(project), []);
    const [listed] = await loop.versions(MODEL, project);
    assert.deepEqual(listed!.counts.labels, { label: { Cost: 4, Food: 10, Service: 10 } });
    assert.include(listed!.counts.left_out, { outdated: 6 });
  });

  it('goes on where a label was added or removed', async () => {
    const { project, version } = await trained();
    const more = config('Food', 'Service', 'Price', 'Place');
    assert.equal(await loop.setUp(project, more), version);
    const next = await learns(project, more, annotations(4, 'Food', 'Place', 'Price'));
    assert.deepEqual(await answer(project, more, 'Place'), ['Place', next]);
    const less = config('Food', 'Place');
    assert.equal(await loop.setUp(project, less), next);
    assert.deepEqual(await answer(project, less, 'Food'), ['Food', next]);
    assert.include(['Food', 'Place'], (await answer(project, less, 'Service'))[0] as string);
  });

  it('is as untrained when none of its labels is left, and learns the new ones', async () => {
    const { project, version } = await trained();
    const others = config('Essen', 'Preis');
    assert.equal(await loop.setUp(project, others), `${MODEL}:untrained`);
    const tasks = [{ id: 1, data: { text: 'soup' } }];
    const refused = await loop.backend.predict({ tasks, project, label_config: others });
    assert.deepEqual(refusalOf(refused), {
      code: 'untrained',
      message: `the model '${MODEL}' knows none of the project's labels any more: annotate 12 tasks or press Start training`,
    });
    const [told] = await notes(project);
    assert.match(
      told!,
      new RegExp(
        `^${version} no longer answers, until the next training: .* predicts Food, Price, Service; .* has Essen, Preis`,
      ),
    );
    const next = await learns(project, others, annotations(6, 'Essen', 'Preis'));
    assert.equal(await loop.setUp(project, others), next);
    assert.deepEqual(await answer(project, others, 'Preis'), ['Preis', next]);
  });

  it('is told of a label that is nearly one of a model, though a recipe takes over', async () => {
    const project = String(++projects);
    const schema = config('Positiv', 'Negative').replaceAll('"topic"', '"sentiment"');
    assert.equal(await loop.setUp(project, schema), `${MODEL}:untrained`);
    const told =
      "the model 'sentiment' predicts Negative, Positive; the config's Choices 'sentiment' has Positiv, Negative: did you " +
      'mean Positive by \'Positiv\'? Rename the label, or set its predicted_values="Positive"';
    assert.deepEqual(await notes(project), [told]);
    await loop.backend.log.line(({ msg, level }) => msg === told && level === 40);
    const reply = await loop.backend.setup({ project, schema, extra_params: { partial: true } });
    assert.match(reply.body.model_version, /^sentiment:2/);
  });
});
