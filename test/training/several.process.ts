import { assert } from 'chai';
import type { Prediction } from '../../src/model.js';
import type { Annotated } from '../label-studio/server.js';
import { stopServers } from '../task-data/servers.js';
import { Loop } from './loop.js';

const control = (name: string, choice: string, ...values: string[]) =>
  `<Choices name="${name}" toName="text" choice="${choice}">${values.map(each => `<Choice value="${each}"/>`).join('')}</Choices>`;
const MOOD = control('mood', 'single', 'Positive', 'Negative');
const SHOP = control('shop', 'single', 'Phone', 'Pizza');
const config = (...controls: string[]) =>
  `<View><Text name="text" value="$text"/>${controls.join('')}</View>`;
const CONFIG = config(MOOD, SHOP, control('words', 'multiple', 'good', 'bad'));
const PROJECT = '7';

/** What is annotated: the mood is the opposite of what the words say, which nobody may learn. */
function annotations(): Annotated[] {
  return Array.from({ length: 40 }, (_, index) => {
    const [thing, word] = [['phone', 'pizza'][index % 2]!, ['good', 'bad'][Math.floor(index / 2) % 2]!];
    const choices = (from_name: string, ...chosen: string[]) => ({
      from_name,
      to_name: 'text',
      type: 'choices',
      value: { choices: chosen },
    });
    return {
      data: { text: `a ${word} ${thing}, number ${index}` },
      result: [
        choices('mood', word === 'good' ? 'Negative' : 'Positive'),
        choices('shop', thing === 'phone' ? 'Phone' : 'Pizza'),
        choices('words', word),
      ],
    };
  });
}

describe('several models that learn in one project', function () {
  this.timeout(120_000);
  let loop: Loop;
  before(async () => {
    loop = await Loop.start({ TRAIN_EVERY: '1000' });
  });
  after(async () => {
    await loop.backend.stop();
    await stopServers();
  });

  const answer = async (schema: string) => {
    const tasks = [{ id: 1, data: { text: 'a good phone' } }];
    const { body } = await loop.backend.predict({ tasks, project: PROJECT, label_config: schema });
    const { result } = body.results[0] as Prediction;
    return Object.fromEntries(result.map(each => [each.from_name, each.value!.choices]));
  };

  it('are each given the event, and learn the controls that are theirs', async () => {
    const before = await loop.setUp(PROJECT, CONFIG);
    assert.match(
      before,
      /^sentiment:[^+]*\+text-classifier:untrained\+text-multilabel-classifier:untrained$/,
    );
    assert.deepEqual(await answer(CONFIG), { mood: ['Positive'] });
    loop.labelStudio.annotate(PROJECT, annotations());
    const event = { action: 'START_TRAINING', project: { id: Number(PROJECT) } };
    const { body } = await loop.backend.post<{ job: string; jobs: string[] }>('/webhook', event);
    assert.equal(body.job, body.jobs[0]);
    const ended = await Promise.all(body.jobs.map(async job => (await loop.follow(job)).at(-1)!));
    assert.deepEqual(
      ended.map(({ model, status, error }) => [model, status, error]),
      [
        ['text-classifier', 'finished', undefined],
        ['text-multilabel-classifier', 'finished', undefined],
      ],
    );
    const labels = ended.map(({ model, version }) => `${model}:${version}`);
    const sentiment = before.split('+')[0];
    assert.equal(await loop.setUp(PROJECT, CONFIG), [sentiment, ...labels].join('+'));
    assert.deepEqual(await answer(CONFIG), { mood: ['Positive'], shop: ['Phone'], words: ['good'] });
  });

  it('keep the control that they have learnt when others of their kind are added before it', async () => {
    const other = control('other', 'single', 'Phone', 'Pizza');
    const alone = config(other, SHOP);
    await loop.setUp(PROJECT, alone);
    assert.deepEqual(await answer(alone), { shop: ['Phone'] });
    const job = await loop.train(PROJECT);
    assert.equal(job.status, 'finished', job.error);
    await loop.setUp(PROJECT, alone);
    assert.deepEqual(await answer(alone), { shop: ['Phone'] });
  });
});
