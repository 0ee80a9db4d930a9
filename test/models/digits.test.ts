import { assert } from 'chai';
import type { Prediction } from '../../src/model.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { shippedRepository } from '../support/models.js';
import { runPython } from '../support/python.js';

const CONFIG = `<View><Image name="image" value="$image"/><Choices name="digit" toName="image">${[
  ...'0123456789',
]
  .map(digit => `<Choice value="${digit}"/>`)
  .join('')}</Choices></View>`;

describe('models/digits', () => {
  let backend: TestBackend;

  before(async () => {
    backend = await startBackend({ MODEL_DIR: await shippedRepository('digits') });
  });
  after(() => backend?.stop());

  for (const [what, options] of Object.entries({
    'as small as they were learnt': { side: 8, every: 9, mode: 'L' },
    'larger and in colour': { side: 96, every: 36, mode: 'RGB' },
  })) {
    it(`knows digits that are drawn ${what}`, async () => {
      const drawn = await runPython<{ image: string; digit: string }>('test/models/digits.py', [options]);
      const reply = await backend.post<{ results: Prediction[] }>('/predict', {
        tasks: drawn.map(({ image }, id) => ({ id, data: { image } })),
        label_config: CONFIG,
      });
      assert.equal(reply.status, 200, reply.reason);
      const right = reply.body.results.filter(
        ({ result }, index) => (result[0]!.value as { choices: string[] }).choices[0] === drawn[index]!.digit,
      );
      assert.isAtLeast(right.length / drawn.length, 0.98);
    });
  }
});
