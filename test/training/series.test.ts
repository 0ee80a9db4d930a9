import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import { bindModel } from '../../src/label-config/bind.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import type { LabelStudioTask } from '../../src/label-studio/pages.js';
import { placeInSteps } from '../../src/regions/frames/steps.js';
import { prepareDataset } from '../../src/training/dataset.js';
import { learntOutputs } from '../../src/training/outputs.js';
import { metaOf, readableData, trainingInput } from '../../src/training/readable.js';
import { temporaryFolder } from '../support/folder.js';
import { serve, stopServers, taskDataWith } from '../task-data/servers.js';

const MANIFEST = {
  format: 1 as const,
  title: 'M',
  input: { kind: 'time-series' },
  outputs: [{ name: 'gait', control: 'TimeSeriesLabels' }],
};
const CHANNELS =
  '<Channel column="x"/><MultiChannel><Channel column="y"/><Channel column="x"/></MultiChannel>';

const configOf = (attributes: string, channels = CHANNELS) =>
  readLabelConfig(
    `<View><TimeSeriesLabels name="gait" toName="walk"><Label value="Run"/><Label value="Walk"/></TimeSeriesLabels>
     <TimeSeries name="walk" value="$walk" ${attributes}>${channels}</TimeSeries></View>`,
  );

/** A task whose annotation has such parts: the times of their first and last steps, and a label. */
function task(id: number, walk: unknown, ...parts: [unknown, unknown, string][]): LabelStudioTask {
  const result = parts.map(([start, end, label]) => ({
    from_name: 'gait',
    to_name: 'walk',
    type: 'timeserieslabels',
    value: { start, end, instant: false, timeserieslabels: [label] },
  }));
  return { id, data: { walk, name: `walk ${id}` }, annotations: [{ id, result }] };
}

/** What a recipe that names no channels learns from. */
async function prepare(attributes: string, tasks: LabelStudioTask[], host = 'example.com') {
  const config = configOf(attributes);
  const { place, binding } = bindModel({ name: 'm', manifest: MANIFEST, outputs: null }, config);
  const input = trainingInput(MANIFEST, place);
  const taskData = taskDataWith({ allowHosts: [host], texts: { each: 2 ** 20, together: 2 ** 22 } });
  const folder = await temporaryFolder();
  const counts = await prepareDataset({
    tasks,
    outputs: learntOutputs(MANIFEST, binding, config),
    min: 1,
    folder,
    readable: readableData(input, place, taskData, '7', new AbortController().signal),
  });
  const lines = (await readFile(join(folder, 'tasks.jsonl'), 'utf8')).trimEnd().split('\n');
  return { counts, rows: lines.map(line => JSON.parse(line)), place, input };
}

describe('what is learnt of time series', () => {
  afterEach(stopServers);

  it('is what stands behind their addresses, as numbers without gaps, and which steps have a label', async () => {
    const csv = 'time;x;other;Y\n08:00;1;a;2\n08:10;;b;3\n08:20;-1e1;c;4\n08:30;5;d;\n';
    const { url, host } = await serve((_, response) => response.end(csv));
    for (const valueType of ['', ' valueType="url"']) {
      const { counts, rows, place, input } = await prepare(
        `timeColumn="time" timeFormat="%H:%M" sep=";"${valueType}`,
        [task(1, `${url}/1.csv`, ['08:20', '08:30', 'Walk'], ['08:10', '08:10', 'Run'])],
        host,
      );
      assert.deepEqual(counts.labels, { gait: { Run: 1, Walk: 1 } });
      assert.deepEqual(rows[0].data, { walk: `${url}/1.csv`, name: 'walk 1' });
      assert.deepEqual(rows[0].value, {
        x: [1, 1, -10, 5],
        y: [2, 3, 4, 4],
        time: ['08:00', '08:10', '08:20', '08:30'],
      });
      assert.deepEqual(rows[0].targets, {
        gait: [
          { steps: [1, 2], labels: ['Run'] },
          { steps: [2, 4], labels: ['Walk'] },
        ],
      });
      // The gate reads of the line what the trainer's side knew of the file.
      const { times, total } = (await metaOf(rows[0], place, input)) as { times: unknown; total: number };
      assert.deepEqual([times, total], [[0, 10, 20, 30].map(minute => Date.UTC(1900, 0, 1, 8, minute)), 4]);
    }
  });

  it('is the same of files that are read on a thread of their own', async () => {
    const count = 20_000;
    const lines = (y: string) => Array.from({ length: count }, (_, step) => `${step / 10},${step % 7},${y}`);
    const files: Record<string, string> = { good: '0.25', bad: 'b' };
    const { url, host } = await serve((request, response) =>
      response.end(`t,x,y\n${lines(files[request.url!.slice(1)]!).join('\n')}\n`),
    );
    const { counts, rows } = await prepare(
      'timeColumn="t"',
      [task(1, `${url}/good`, [1, 2, 'Run']), task(2, `${url}/bad`, [1, 2, 'Run'])],
      host,
    );
    assert.equal(counts.left_out.data, 1);
    const { t, x, y } = rows[0].value;
    assert.deepEqual([t.length, x.length, y.length], [count, count, count]);
    assert.deepEqual([t.at(-1), x.at(-1), y.at(-1)], [(count - 1) / 10, (count - 1) % 7, 0.25]);
    assert.deepEqual(rows[0].targets, { gait: [{ steps: [10, 21], labels: ['Run'] }] });
  });

  it('may stand in the task itself, and needs no times', async () => {
    const walk = { x: ['1', 2, 3], y: [0, null, 1] };
    const { rows } = await prepare('', [task(1, walk, [0, 1, 'Run'])]);
    assert.deepEqual(rows[0].value, { x: [1, 2, 3], y: [0, 0, 1] });
    assert.deepEqual(rows[0].targets, { gait: [{ steps: [0, 2], labels: ['Run'] }] });
  });

  it('leaves out series that cannot be read, and times that are none of theirs', async () => {
    const good = { t: [0, 10, 20], x: [1, 2, 3], y: [1, 2, 3] };
    const { counts, rows } = await prepare('timeColumn="t"', [
      task(1, good, [0, 10, 'Run']),
      task(2, { ...good, y: ['a', 2, 3] }, [0, 10, 'Run']),
      task(3, { t: [0], x: [1] }, [0, 10, 'Run']),
      task(4, 'walk.csv', [0, 10, 'Run']),
      task(5, good, [50, 60, 'Run']),
      task(6, good, ['ten', 20, 'Run'], [12, 30, 'Walk']),
    ]);
    assert.equal(counts.tasks, 2);
    assert.deepEqual(counts.left_out, { tasks: 1, data: 3, outdated: 0, unreadable: 1 });
    assert.deepEqual(rows[1].targets, { gait: [{ steps: [2, 3], labels: ['Walk'] }] });
  });

  it('are the channels that model.json names, else those of the config, which has to have one', () => {
    const place = (channels?: string) =>
      bindModel({ name: 'm', manifest: MANIFEST, outputs: null }, configOf('', channels)).place;
    assert.deepEqual(trainingInput(MANIFEST, place()), { kind: 'time-series', channels: ['x', 'y'] });
    const named = { ...MANIFEST, input: { kind: 'time-series', channels: ['speed'] } };
    assert.deepEqual(trainingInput(named, place('')), named.input);
    assert.throws(() => trainingInput(MANIFEST, place('')), AppError, "the TimeSeries 'walk'");
  });

  it('is found by times between steps, and by the first and the last of steps at the same time', () => {
    const found = (times: number[], start: number | string, end: number | string, timeFormat?: string) =>
      placeInSteps([{ start, end, labels: ['Run'] }], { times, timeFormat })?.map(({ steps }) => steps) ??
      null;
    assert.deepEqual(found([0, 10, 20, 30], 5, 25), [[1, 3]]);
    assert.deepEqual(found([0, 10, 20, 30], -5, 99), [[0, 4]]);
    assert.deepEqual(found([0, 10, 20, 30], 12, 18), null);
    assert.deepEqual(found([0, 10, 10, 10, 30], 10, 10), [[1, 4]]);
    assert.deepEqual(found([0, 10, 20], 20, 10), null);
    assert.deepEqual(found([0, 10, 20], 'ten', 20), null);
    const day = (date: number) => Date.UTC(2024, 4, date);
    const days = [1, 2, 2, 10].map(day);
    assert.deepEqual(found(days, '02.05.2024', '02.05.2024', '%d.%m.%Y'), [[1, 3]]);
    assert.deepEqual(found(days, '3.5.2024', '11.5.2024', '%d.%m.%Y'), [[3, 4]]);
    assert.deepEqual(found(days, day(2), '10.05.2024', '%d.%m.%Y'), [[1, 4]]);
    assert.deepEqual(found(days, '2024-05-02', '10.05.2024', '%d.%m.%Y'), null);
  });
});
