import { assert } from 'chai';
import type { Prediction } from '../../src/model.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { shippedRepository } from '../support/models.js';
import { runPython } from '../support/python.js';

const CONFIG =
  '<View><Audio name="audio" value="$audio"/><Labels name="label" toName="audio"><Label value="Speech"/><Label value="Noise"/></Labels></View>';
/** Seconds that an end of speech may be off: the graph hears 0.032 s at once, and waits for a silence to be sure. */
const OFF = 0.15;

interface Recording {
  file: string;
  spans: [number, number][];
  seconds: number;
}

describe('speech in synthesised recordings, by the model that make models fetches', () => {
  let backend: TestBackend;
  let recordings: Recording[];

  before(async () => {
    recordings = await runPython<Recording>('test/inputs/audio/speech.py', [
      { seed: 1, parts: [1, 2, 1.5, 1.5, 1], rate: 16_000, channels: 1 },
      { seed: 2, parts: [0.8, 1.2, 0.9, 2.5, 0.7, 0.9, 1], rate: 44_100, channels: 2 },
      { seed: 3, parts: [3], rate: 8000, channels: 1 },
    ]);
    backend = await startBackend({ MODEL_DIR: await shippedRepository('speech') });
  });
  after(() => backend?.stop());

  it('is found where it is, and none where there is none', async () => {
    const reply = await backend.post<{ results: Prediction[] }>('/predict', {
      tasks: recordings.map(({ file }, id) => ({ id, data: { audio: file } })),
      label_config: CONFIG,
    });
    assert.equal(reply.status, 200, reply.reason);
    for (const [index, { spans, seconds }] of recordings.entries()) {
      const found = reply.body.results[index]!.result as {
        value: { start: number; end: number };
        original_length: number;
      }[];
      assert.lengthOf(found, spans.length, `recording ${index}`);
      for (const [at, [start, end]] of spans.entries()) {
        assert.approximately(found[at]!.value.start, start, OFF);
        assert.approximately(found[at]!.value.end, end, OFF);
        assert.approximately(found[at]!.original_length, seconds, 1e-3);
      }
    }
  });
});
