import { assert } from 'chai';
import { textForTraining } from '../../../src/inputs/html/training.js';
import { textOfContent } from '../../../src/inputs/shown/text.js';

describe('a document that is learnt from', () => {
  const html = '<p>a<p>b'.repeat(60_000);

  it('is parsed on a thread of its own when it is large', async () => {
    const content = { html, inline: false };
    let threads = 0;
    const count = () => threads++;
    process.on('worker', count);
    try {
      assert.equal(await textForTraining(content), textOfContent(content));
      assert.equal(threads, 1);
    } finally {
      process.off('worker', count);
    }
  });

  it('has its own error there as well', async () => {
    const error = await textForTraining({ html: '<b>'.repeat(100_000), inline: true }).catch(
      (thrown: unknown) => thrown,
    );
    assert.include(error, { code: 'task_invalid' });
    assert.match(String(error), /more than 2048 elements in one another/);
  });

  it('is read at once when it is small, or no document', async () => {
    assert.equal(await textForTraining({ html: '<p>a<p>b', inline: false }), 'a\nb');
    assert.equal(await textForTraining('<p>a'), '<p>a');
  });
});
