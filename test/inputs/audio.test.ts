import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import type { AudioMeta } from '../../src/inputs/audio/contract.js';
import { soundDecoder } from '../../src/inputs/audio/decode.js';
import { AudioEncoder, type AudioOptions } from '../../src/inputs/audio/encoder.js';
import { Fourier } from '../../src/inputs/audio/fourier.js';
import { MelSpectrum } from '../../src/inputs/audio/mel.js';
import type { EncodedBatch, PlainTensor, TaskFailure } from '../../src/inputs/contract.js';
import { temporaryFolder } from '../support/folder.js';
import { runPython } from '../support/python.js';
import { resampled } from '../support/resampled.js';
import { wav } from '../support/wav.js';
import { awaitedBatchesOf } from './batches.js';

/** Tones that come and go, -0.5..0.5. */
function tones(length: number, rate: number): Float32Array {
  return Float32Array.from({ length }, (_, index) => {
    const t = index / rate;
    return (
      0.3 * Math.sin(2 * Math.PI * 440 * t) * Math.sin(9 * t) + 0.2 * Math.sin(2 * Math.PI * 1234 * t * t)
    );
  });
}

const uri = (file: Buffer) => ({ file: `data:audio/wav;base64,${file.toString('base64')}` });

const encoderOf = async (options: AudioOptions) => new AudioEncoder(options, soundDecoder(options));

async function encode(files: readonly { file: string }[], options: AudioOptions) {
  const failures = new Map<number, TaskFailure>();
  const fail = (row: number, failure: TaskFailure) => failures.set(row, failure);
  const batches: EncodedBatch[] = await awaitedBatchesOf(await encoderOf(options), files, fail);
  return { batches, failures };
}

const worst = (found: ArrayLike<number>, expected: readonly number[]) => {
  assert.equal(found.length, expected.length);
  return expected.reduce((most, value, at) => Math.max(most, Math.abs(value - found[at]!)), 0);
};

describe('sound, compared with NumPy and SciPy', () => {
  it('is resampled as by resample_poly', async () => {
    const rates = [
      [44_100, 16_000],
      [8000, 16_000],
      [48_000, 16_000],
      [22_050, 8000],
      [16_000, 44_100],
    ] as const;
    const cases = rates.map(([from, to]) => ({
      what: 'resample',
      from,
      to,
      samples: [...tones(1501, from)],
    }));
    const expected = await runPython<{ data: number[] }>('test/inputs/audio/oracle.py', cases);
    for (const [index, [from, to]] of rates.entries())
      assert.isBelow(worst(resampled(tones(1501, from), from, to), expected[index]!.data), 1e-6);
  });

  it('has the log-mel spectra of Whisper and of torchaudio', async () => {
    const [wide, narrow] = [tones(16_000, 16_000), tones(8000, 8000)];
    const expected = await runPython<{ shape: number[]; data: number[] }>('test/inputs/audio/oracle.py', [
      { what: 'whisper', samples: [...wide] },
      { what: 'torchaudio', samples: [...narrow] },
    ]);
    const whisper = new MelSpectrum({ normalize: 'whisper' }, 16_000);
    assert.deepEqual([whisper.mels, whisper.frames(16_000)], expected[0]!.shape);
    assert.isBelow(worst(whisper.of(wide), expected[0]!.data), 1e-4);
    const options = {
      n_fft: 512,
      win_length: 400,
      hop_length: 128,
      n_mels: 40,
      f_min: 20,
      f_max: 3800,
      mel_scale: 'htk',
      log: 'ln',
      floor: 1e-6,
    } as const;
    const other = new MelSpectrum(options, 8000);
    assert.deepEqual([other.mels, other.frames(8000)], expected[1]!.shape);
    assert.isBelow(worst(other.of(narrow), expected[1]!.data), 1e-4);
  });

  it('is taken apart into frequencies, whatever the length', () => {
    for (const length of [1, 2, 3, 4, 5, 7, 10, 12, 25, 26, 97, 128, 400, 441]) {
      const lists = [100, 130].map(rate => Float64Array.from(tones(length, rate)));
      const spectra = lists.map(() => new Float64Array((length >> 1) + 1));
      const [first, second] = lists as [Float64Array, Float64Array];
      const [powers, secondPowers] = spectra as [Float64Array, Float64Array];
      new Fourier(length).powers(first, second, powers, secondPowers);
      for (const [list, samples] of lists.entries()) {
        for (const [k, power] of spectra[list]!.entries()) {
          let [real, imaginary] = [0, 0];
          for (const [n, sample] of samples.entries()) {
            real += sample * Math.cos((2 * Math.PI * k * n) / length);
            imaginary -= sample * Math.sin((2 * Math.PI * k * n) / length);
          }
          assert.approximately(power, real ** 2 + imaginary ** 2, 1e-9);
        }
      }
    }
  });
});

describe('recordings as tensors', () => {
  it('are mixed to one channel, or one of them is heard', async () => {
    const [left, right] = [tones(800, 8000), tones(800, 8000).map(sample => -sample / 2)];
    const file = uri(wav(8000, left, right));
    const mixed = await encode([file], { sample_rate: 8000 });
    assert.isBelow(
      worst(
        mixed.batches[0]!.feeds.audio!.data as Float32Array,
        [...left].map(sample => sample / 4),
      ),
      1e-4,
    );
    const one = await encode([file], { sample_rate: 8000, channel: 1, channel_axis: true, tensor: 'wave' });
    assert.deepEqual(one.batches[0]!.feeds.wave!.dims, [1, 1, 800]);
    assert.isBelow(worst(one.batches[0]!.feeds.wave!.data as Float32Array, [...right]), 1e-4);
    assert.equal((one.batches[0]!.metas as AudioMeta[])[0]!.channel, 1);
    const none = await encode([file], { sample_rate: 8000, channel: 2 });
    assert.match(none.failures.get(0)!.message, /has 2 channels, and the model hears number 2/);
  });

  it('are cut into windows of seconds, and filled up where the graph wants that', async () => {
    const long = uri(wav(8000, tones(20_000, 8000)));
    const short = uri(wav(16_000, tones(8000, 16_000)));
    const { batches } = await encode([long, short], { sample_rate: 8000, seconds: 1, overlap: 0.25 });
    assert.deepEqual(
      batches.map(({ rows, feeds }) => [rows, feeds.audio!.dims]),
      [
        [
          [0, 0, 0],
          [3, 8000],
        ],
        [[1], [1, 4000]],
      ],
    );
    assert.deepEqual(
      (batches[0]!.metas as AudioMeta[]).map(({ first, duration, rate }) => [first, duration, rate]),
      [
        [0, 2.5, 8000],
        [6000, 2.5, 8000],
        [12_000, 2.5, 8000],
      ],
    );
    const fixed = await encode([long, short], { sample_rate: 8000, seconds: 1, overlap: 0.25, fixed: true });
    assert.deepEqual(
      fixed.batches.map(({ feeds }) => feeds.audio!.dims),
      [[4, 8000]],
    );
    const mel = await encode([short], { sample_rate: 16_000, seconds: 2, fixed: true, features: 'log-mel' });
    assert.deepEqual(mel.batches[0]!.feeds.audio!.dims, [1, 80, 200]);
  });

  it('are run a few windows at a time, and answered as one', async () => {
    const samples = tones(900, 1000);
    const options = { sample_rate: 1000, seconds: 0.1, overlap: 0.05, batch: 4 } as const;
    const runs: number[][] = [];
    const run = async ({ audio }: Readonly<Record<string, PlainTensor>>) => {
      const [rows, size] = audio!.dims as [number, number];
      runs.push([rows, size]);
      const firsts = Array.from({ length: rows }, (_, row) => (audio!.data as Float32Array)[row * size]!);
      const names = firsts.map(first => `${first > 0}`);
      return {
        first: { type: 'float32' as const, data: Float32Array.from(firsts), dims: [rows, 1] },
        name: { type: 'string' as const, data: names, dims: [rows] },
      };
    };
    const encoder = await encoderOf(options);
    const batches = [];
    for await (const batch of encoder.encode([uri(wav(1000, samples))], () => {}, run)) batches.push(batch);
    assert.deepEqual(
      runs.map(([rows]) => rows),
      [4, 4, 4, 4, 1],
    );
    assert.lengthOf(batches, 1);
    const [{ rows, metas, outputs }] = batches as unknown as [
      { rows: number[]; metas: AudioMeta[]; outputs: Record<string, PlainTensor> },
    ];
    assert.deepEqual([rows.length, metas.length], [17, 17]);
    const expected = metas.map(({ first }) => samples[first]!);
    assert.isBelow(worst(outputs.first!.data as Float32Array, expected), 1e-4);
    assert.deepEqual([outputs.first!.dims, outputs.name!.dims], [[17, 1], [17]]);
    assert.deepEqual(
      outputs.name!.data as string[],
      [...(outputs.first!.data as Float32Array)].map(first => `${first > 0}`),
    );
    const scalar = async () => ({ sum: { type: 'float32' as const, data: Float32Array.of(1), dims: [] } });
    const failing = encoder.encode([uri(wav(1000, samples))], () => {}, scalar);
    const message = await failing.next().catch((error: Error) => error.message);
    assert.match(String(message), /output sum is not of the same shape for all parts/);
  });

  it('get mean 0 and deviation 1 where the graph wants that, what fills them up left out', async () => {
    const file = uri(
      wav(
        1000,
        tones(500, 1000).map(sample => sample / 4 + 0.25),
      ),
    );
    const options = { sample_rate: 1000, seconds: 1, fixed: true, normalize: 'standard' } as const;
    const { batches } = await encode([file, uri(wav(1000, new Float32Array(10)))], options);
    const data = batches[0]!.feeds.audio!.data as Float32Array;
    const row = [...data.subarray(0, 500)];
    const mean = row.reduce((sum, sample) => sum + sample, 0) / 500;
    assert.approximately(mean, 0, 1e-5);
    assert.approximately(row.reduce((sum, sample) => sum + (sample - mean) ** 2, 0) / 500, 1, 1e-3);
    assert.isTrue([...data.subarray(500)].every(sample => sample === 0));
  });

  it('are a second of silence at first, in as many channels as it takes', async () => {
    const encoder = await encoderOf({ sample_rate: 8000, channel: 2 });
    const { feeds } = (
      await awaitedBatchesOf(encoder, [encoder.warmUp], (_, { message }) => assert.fail(message))
    )[0]!;
    assert.deepEqual(feeds.audio!.dims, [1, 8000]);
    assert.isTrue((feeds.audio!.data as Float32Array).every(sample => sample === 0));
  });

  it('are heard piece by piece by a graph that remembers', async () => {
    const samples = tones(1000, 8000);
    const stream = {
      samples: 256,
      context: 32,
      state: { input: 'h', output: 'hn', shape: [2, 1] },
      rate: 'sr',
      output: 'p',
    };
    const fed: Record<string, PlainTensor>[] = [];
    const run = async (feeds: Readonly<Record<string, PlainTensor>>) => {
      fed.push(feeds);
      const data = Float32Array.of(fed.length, fed.length);
      return {
        hn: { type: 'float32' as const, data, dims: [2, 1] },
        p: { type: 'float32' as const, data: Float32Array.of(fed.length / 10), dims: [1, 1] },
      };
    };
    const encoder = await encoderOf({ sample_rate: 8000, stream });
    const batches = [];
    for await (const batch of encoder.encode([uri(wav(8000, samples))], () => {}, run)) batches.push(batch);
    const [batch] = batches as unknown as [{ outputs: Record<string, PlainTensor>; metas: AudioMeta[] }];
    assert.isBelow(worst(batch.outputs.p!.data as Float32Array, [0.1, 0.2, 0.3, 0.4]), 1e-6);
    assert.deepInclude(batch.metas[0], { size: 1024, count: 1000, total: 1000 });
    assert.deepEqual(
      fed.map(({ h }) => (h!.data as Float32Array)[0]),
      [0, 1, 2, 3],
    );
    assert.deepEqual([...(fed[0]!.sr!.data as BigInt64Array)], [8000n]);
    const heard = (at: number) => [...(fed[at]!.audio!.data as Float32Array)];
    assert.isBelow(worst(heard(0), [...new Float32Array(32), ...samples.subarray(0, 256)]), 1e-4);
    assert.isBelow(worst(heard(1), [...samples.subarray(224, 512)]), 1e-4);
    assert.isBelow(worst(heard(3), [...samples.subarray(736), ...new Float32Array(24)]), 1e-4);
  });

  it('are read from files, and fail one by one', async () => {
    const file = join(await temporaryFolder(), 'call.wav');
    await writeFile(file, wav(8000, tones(80, 8000)));
    const text = { file: `data:text/plain;base64,${Buffer.from('no sound').toString('base64')}` };
    const { batches, failures } = await encode([{ file }, text, uri(wav(8000, new Float32Array(0)))], {
      sample_rate: 8000,
    });
    assert.deepEqual(
      batches.map(({ rows }) => rows),
      [[0]],
    );
    assert.deepEqual([...failures.keys()], [1, 2]);
    for (const { code, message } of failures.values()) {
      assert.equal(code, 'task_unreadable');
      assert.match(message, /cannot be read as a recording/);
    }
  });

  it('refuse options that contradict each other', async () => {
    const decode = soundDecoder({ sample_rate: 8000 });
    const stream = { samples: 1, state: { input: 'a', output: 'b', shape: [1] }, output: 'c' };
    const make = (options: Partial<AudioOptions>) => () =>
      new AudioEncoder({ sample_rate: 8000, ...options }, decode);
    assert.throws(make({ seconds: 1, overlap: 1 }), /overlap is 1 s, and a window has 1 s/);
    assert.throws(make({ normalize: 'whisper' }), /normalize whisper is not for features waveform/);
    assert.throws(make({ fixed: true }), /fixed needs seconds/);
    assert.throws(make({ n_fft: 256, win_length: 400 }), /win_length is 400, more than n_fft, 256/);
    assert.throws(make({ f_max: 8000 }), /bands from 0 to 8000 Hz are not in 0 to 4000/);
    assert.throws(make({ stream, seconds: 1 }), /stream takes the whole recording/);
  });
});
