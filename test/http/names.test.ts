import { assert } from 'chai';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { PredictBody } from '../support/client.js';
import { SENTIMENT } from '../support/configs.js';
import { choiceOf, errorOf } from '../support/results.js';

/** Names that every object of JavaScript has something under. */
const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'toJSON'];

describe('names that JavaScript has given already', () => {
  let backend: TestBackend;

  before(async () => {
    backend = await startBackend();
  });
  after(() => backend.stop());

  const ask = (tasks: string, config: string) =>
    backend.send<PredictBody>(
      'POST',
      '/predict',
      `{"tasks":[${tasks}],"label_config":${JSON.stringify(config)}}`,
    );

  for (const name of NAMES) {
    it(`may be keys of webhooks and of what they hold: ${name}`, async () => {
      const task = `{"id":1,"data":{"${name}":{"${name}":"x"},"text":"good"},"${name}":1}`;
      const event = `{"action":"ANNOTATION_CREATED","${name}":{"a":1},"project":{"id":1,"${name}":null},"task":${task},"annotation":{"id":1,"result":[]}}`;
      for (const path of ['/webhook', '/models/sentiment/webhook']) {
        const reply = await backend.send('POST', path, event);
        assert.equal(reply.status, 200, reply.reason);
      }
      const named = await backend.send('POST', '/webhook', `{"action":"${name}","project":{"id":"${name}"}}`);
      assert.equal(named.status, 200, named.reason);
    });

    it(`may be what a tag shows, a control, a label and a key of extra params: ${name}`, async () => {
      const shown = SENTIMENT.replace('$text', `$${name}`);
      const { body } = await ask(
        `{"id":1,"data":{"${name}":"I love it"}},{"id":2,"data":{"text":"I love it"}}`,
        shown,
      );
      assert.equal(choiceOf(body.results[0]!).choice, 'Positive');
      assert.equal(errorOf(body.results[1]!).code, 'task_invalid');

      const task = '{"id":1,"data":{"text":"I love it"}}';
      const control = await ask(task, SENTIMENT.replace('name="sentiment"', `name="${name}"`));
      const [prediction] = control.body.results as unknown as [{ result: [{ from_name: string }] }];
      assert.equal(prediction.result[0].from_name, name);

      const label = SENTIMENT.replace(
        'value="Positive"',
        `value="${name}" predicted_values="Positive,positive"`,
      );
      assert.equal(choiceOf((await ask(task, label)).body.results[0]!).choice, name);

      const extra_params = `{"${name}":{"model":"none"}}`;
      const setup = await backend.setup({ project: '7.1', schema: SENTIMENT, extra_params });
      assert.equal(setup.status, 200, setup.reason);
    });
  }
});
