import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { LoadedVersion } from '../../src/inference/loaded-version.js';
import type { Prediction } from '../../src/model.js';
import type { Manifest } from '../../src/registry/manifest.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { temporaryFolder } from '../support/folder.js';
import { ROOT, runPython } from '../support/python.js';
import { resampled } from '../support/resampled.js';
import { type Part, RATE, recording } from '../support/speech.js';
import { wav } from '../support/wav.js';

const MODEL = `${ROOT}models/speech`;
const CONFIG =
  '<View><Labels name="label" toName="audio"><Label value="Speech"/></Labels><Audio name="audio" value="$audio"/></View>';
const SPOKEN: readonly Part[] = [
  { start: 0.5, end: 1.5 },
  { start: 2.2, end: 3 },
  { start: 4.1, end: 5.6 },
];
/** Seconds that a part may be off: what the detector needs to be sure, one of its chunks, and what parts are widened by. */
const TOLERANCE = 0.18;

describe('models/speech', () => {
  let backend: TestBackend;
  let folder: string;

  before(async () => {
    const versions = await readdir(`${MODEL}/versions`);
    folder = `${MODEL}/versions/${versions[0]}`;
    backend = await startBackend({ MODEL_DIR: `${ROOT}models` });
  });
  after(() => backend?.stop());

  async function heard(file: Buffer, extra: Record<string, unknown> = {}): Promise<Prediction> {
    const reply = await backend.post<{ results: Prediction[] }>('/models/speech/predict', {
      tasks: [{ id: 1, data: { audio: `data:audio/wav;base64,${file.toString('base64')}` } }],
      label_config: CONFIG,
      ...extra,
    });
    assert.equal(reply.status, 200, reply.reason);
    return reply.body.results[0]!;
  }

  const partsOf = ({ result }: Prediction) => result.map(({ value }) => value as unknown as Part);

  function assertSpoken(prediction: Prediction): void {
    const parts = partsOf(prediction);
    assert.lengthOf(parts, SPOKEN.length);
    for (const [index, { start, end }] of SPOKEN.entries()) {
      assert.approximately(parts[index]!.start, start, TOLERANCE);
      assert.approximately(parts[index]!.end, end, TOLERANCE);
    }
  }

  it('hears when somebody speaks', async () => {
    const prediction = await heard(wav(RATE, recording(7, SPOKEN)));
    assertSpoken(prediction);
    for (const { type, original_length, value, score } of prediction.result) {
      assert.deepEqual([type, original_length, value!.channel], ['labels', 7, 0]);
      assert.deepEqual(value!.labels, ['Speech']);
      assert.isTrue(score! > 0.5 && score! <= 1);
    }
  });

  it('hears the same in two channels of 48 kHz', async () => {
    const samples = resampled(recording(7, SPOKEN), RATE, 48_000);
    assertSpoken(
      await heard(
        wav(
          48_000,
          samples,
          samples.map(sample => sample / 2),
        ),
      ),
    );
  });

  it('hears nobody in silence and noise', async () => {
    assert.deepEqual((await heard(wav(RATE, recording(2, [])))).result, []);
    assert.deepEqual((await heard(wav(RATE, new Float32Array(RATE)))).result, []);
  });

  it('hears up to the end of a recording', async () => {
    const samples = recording(1.6, [{ start: 0.3, end: 1.5 }]).subarray(0, 1.04 * RATE);
    const [part] = partsOf(await heard(wav(RATE, samples)));
    assert.equal(part!.end, 1.04);
  });

  it('says the numbers of a plain loop over the graph', async () => {
    const file = join(await temporaryFolder(), 'speech.wav');
    const samples = recording(2.5, SPOKEN.slice(0, 1));
    await writeFile(file, wav(RATE, samples));
    const { input } = JSON.parse(await readFile(`${MODEL}/model.json`, 'utf8')) as Manifest;
    const source = { key: 'speech', label: 'speech', folder, input, outputs: [] };
    const version = await LoadedVersion.load(source, { name: 'cpu', device: 0 });
    let found: number[] = [];
    const failures = await version.run([{ file }], (_, { outputs }) => {
      found = [...(outputs.output!.data as Float32Array)];
    });
    await version.release();
    assert.equal(failures.size, 0);
    const [expected] = await runPython<number[]>('test/models/speech.py', [
      { graph: `${folder}/model.onnx`, samples: [...samples].map(inSixteenBits) },
    ]);
    assert.lengthOf(found, expected!.length);
    for (const [index, probability] of expected!.entries())
      assert.approximately(found[index]!, probability, 1e-5);
  });
});

/** What a sample is once it was written to a file and read again. */
function inSixteenBits(sample: number): number {
  return Math.round(sample * 32767) / 32768;
}
