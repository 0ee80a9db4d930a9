import { readFile } from 'node:fs/promises';
import { assert } from 'chai';
import { ROOT } from '../../support/python.js';
import { encodeAudio } from '../on-audio.js';
import { float32 } from '../on-image.js';

interface Case {
  scores: number[];
  total: number;
  options: Record<string, number>;
  parts: [start: number, end: number][];
}

const RATE = 16_000;

describe('parts of speech, compared with get_speech_timestamps of Silero VAD', () => {
  it('are the same to the sample', async () => {
    const file = await readFile(`${ROOT}test/regions/speech/timestamps.json`, 'utf8');
    for (const { scores, total, options, parts } of JSON.parse(file) as Case[]) {
      const output = { name: 'out', kind: 'frames', tensor: 'scores', labels: ['Speech'] };
      const { results } = encodeAudio(
        output,
        { scores: float32([1, scores.length], ...scores) },
        [
          {
            first: 0,
            count: total,
            size: scores.length * 512,
            total,
            rate: RATE,
            duration: total / RATE,
            channel: 0,
          },
        ],
        {
          method: 'silero',
          model_score_threshold: options.threshold,
          ...(options.neg_threshold !== undefined && { offset_threshold: options.neg_threshold }),
          min_length: options.min_speech_duration_ms! / 1000,
          merge_gap: options.min_silence_duration_ms! / 1000,
          pad: options.speech_pad_ms! / 1000,
        },
      );
      // A sample lasts 62.5 microseconds, and results tell hundredths of a millisecond.
      const found = results.map(({ value }) =>
        [value.start, value.end].map(at => Math.round((at as number) * RATE)),
      );
      assert.deepEqual(found, parts, JSON.stringify({ scores, options }));
    }
  });
});
