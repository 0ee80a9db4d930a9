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

  /** For each way to draw: what is answered, and how many of the answers are right. */
  async function answers(...ways: readonly object[]) {
    const drawn = await runPython<{ image: string; digit: string }>('test/models/digits.py', ways);
    const reply = await backend.post<{ results: Prediction[] }>('/predict', {
      tasks: drawn.map(({ image }, id) => ({ id, data: { image } })),
      label_config: CONFIG,
    });
    assert.equal(reply.status, 200, reply.reason);
    const all = reply.body.results.map(
      ({ result }) => (result[0]!.value as { choices: string[] }).choices[0]!,
    );
    const count = all.length / ways.length;
    return ways.map((_, way) => {
      const found = all.slice(way * count, (way + 1) * count);
      return { found, right: found.filter((each, index) => each === drawn[index]!.digit).length / count };
    });
  }

  for (const [what, options] of Object.entries({
    'as small as they were learnt': { side: 8, every: 9, mode: 'L' },
    'larger and in colour': { side: 96, every: 36, mode: 'RGB' },
  })) {
    it(`knows digits that are drawn ${what}`, async () => {
      const [drawn] = await answers(options);
      assert.isAtLeast(drawn!.right, 0.98);
    });
  }

  for (const [side, least] of Object.entries({ 6: 0.7, 7: 0.9 })) {
    it(`answers to digits of ${side} x ${side} as if Pillow had enlarged them`, async () => {
      const options = { side: Number(side), every: 6, mode: 'L' };
      const [small, enlarged] = await answers(options, { ...options, enlarged: true });
      assert.deepEqual(small, enlarged);
      assert.isAtLeast(small!.right, least);
    });
  }
});
