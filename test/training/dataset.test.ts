import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import type { LabelStudioTask } from '../../src/label-studio/pages.js';
import type { AnswerReader } from '../../src/regions/contract.js';
import { type DatasetCounts, type DatasetOptions, prepareDataset } from '../../src/training/dataset.js';
import { temporaryFolder } from '../support/folder.js';
import { smallDisk } from '../support/tmpfs.js';
import { learntFrom, learntIn, result } from './support.js';

const SITES = ['Amazon', 'IMDb', 'Yelp'];
const LINE_ENDS = 'one\u2028two\u2029three\u0085\r\n"four" 😀';

function task(id: number, answers: Parameters<typeof result>[0], more: object = {}): LabelStudioTask {
  return { id, data: { text: `text ${id}` }, annotations: [{ id, result: result(answers) }], ...more };
}

const sites = (count: number, of: readonly string[] = SITES, first = 1) =>
  Array.from({ length: count }, (_, index) => task(first + index, { site: [of[index % of.length]!] }));

interface Row extends LabelStudioTask {
  split: string;
  targets: Record<string, unknown>;
}

async function prepare(
  tasks: DatasetOptions['tasks'],
  more: Partial<DatasetOptions> = {},
): Promise<{ counts: DatasetCounts; rows: Row[]; folder: string }> {
  const folder = await temporaryFolder();
  const readable = ({ data }: LabelStudioTask) => ({ value: (data as { text: string }).text });
  const options = { tasks, outputs: learntFrom('site'), min: 2, folder, readable, ...more };
  const counts = await prepareDataset(options);
  assert.deepEqual(await readdir(folder), ['tasks.jsonl']);
  const lines = (await readFile(join(folder, 'tasks.jsonl'), 'utf8')).split('\n');
  assert.equal(lines.pop(), '');
  return { counts, rows: lines.map(line => JSON.parse(line)), folder };
}

async function refusal(...input: Parameters<typeof prepare>): Promise<string> {
  const error = await prepare(...input).then(
    () => assert.fail('it was enough'),
    (thrown: unknown) => thrown,
  );
  assert.instanceOf(error, AppError);
  assert.equal((error as AppError).code, 'annotations_too_few');
  return (error as AppError).message;
}

describe('the dataset of a training', () => {
  it('leaves a text of 20 MB out and names its task, and those that cannot be read', async () => {
    const told: string[] = [];
    const large = task(7, { site: ['Yelp'] }, { data: { text: 'x'.repeat(20_000_000) } });
    const readable = ({ id, data }: LabelStudioTask) => {
      if (id === 8) throw new AppError('task_unreadable', "cannot read 'http://a/b': HTTP 404");
      return { value: (data as { text: string }).text };
    };
    const all = [...sites(30, SITES, 100), large, task(8, { site: ['Yelp'] })];
    const { counts, rows } = await prepare(all, { readable, tell: reason => told.push(reason) });
    assert.lengthOf(rows, 30);
    assert.equal(counts.tasks, 30);
    assert.equal(counts.left_out.data, 2);
    assert.match(told[0]!, /^task 7 is left out: it has 4\d{7} characters with its annotations, .* 32000000/);
    assert.deepEqual(told.slice(1), ["task 8 is left out: cannot read 'http://a/b': HTTP 404"]);
  });

  it('is not written where it would not leave a good part of the disk free', async function () {
    const disk = await smallDisk('size=100m');
    if (!disk) return this.skip();
    try {
      const text = 'x'.repeat(1_000_000);
      const all = Array.from({ length: 60 }, (_, index) =>
        task(index + 1, { site: [SITES[index % 2]!] }, { data: { text } }),
      );
      const error = await prepare(all, { folder: disk.folder }).then(
        () => assert.fail('it was written'),
        (thrown: unknown) => thrown,
      );
      assert.include(error, { code: 'training_failed' });
      assert.match(
        (error as AppError).message,
        /^there is no room for the annotated tasks on the disk of DATA_DIR/,
      );
      assert.deepEqual(await readdir(disk.folder), []);
    } finally {
      await disk.remove();
    }
  });

  it('has a line for each task that counts, as it came, with its targets and its side', async () => {
    const first = task(
      1,
      { site: ['Yelp'] },
      { data: { text: LINE_ENDS }, meta: { a: 1 }, split: 'odd', targets: 'odd', value: 'odd', shown: 'odd' },
    );
    const { counts, rows } = await prepare([first, ...sites(299, SITES, 2)]);
    const { split, ...row } = rows[0]!;
    assert.deepEqual<unknown>(row, {
      ...task(1, { site: ['Yelp'] }),
      data: { text: LINE_ENDS },
      value: LINE_ENDS,
      meta: { a: 1 },
      targets: { site: 'Yelp' },
    });
    assert.include(['train', 'held_out'], split);
    assert.deepEqual(
      rows.map(({ id }) => id),
      Array.from({ length: 300 }, (_, index) => index + 1),
    );
    const heldOut = rows.filter(({ split }) => split === 'held_out').length;
    assert.approximately(heldOut, 60, 25);
    assert.equal(rows.filter(({ split }) => split === 'train').length, 300 - heldOut);
    assert.deepEqual(counts, {
      tasks: 300,
      held_out: heldOut,
      left_out: { tasks: 0, data: 0, outdated: 0, unreadable: 0 },
      answers: { site: 300 },
      labels: { site: { Yelp: 100, Amazon: 100, IMDb: 100 } },
    });
  });

  it('has several outputs, some of which a task may not answer', async () => {
    const tasks = [
      ...sites(10),
      task(11, { topics: ['food', 'price'], age: 3 }),
      ...Array.from({ length: 10 }, (_, index) => task(20 + index, { topics: ['food'], age: index })),
      task(40, { topics: ['price'] }),
    ];
    const { counts, rows } = await prepare(tasks, { outputs: learntFrom('site', 'topics', 'age') });
    assert.deepEqual(rows.find(({ id }) => id === 11)!.targets, { topics: ['food', 'price'], age: 3 });
    assert.deepEqual(counts.answers, { site: 10, topics: 12, age: 11 });
    assert.deepEqual(counts.labels, {
      site: { Amazon: 4, IMDb: 3, Yelp: 3 },
      topics: { food: 11, price: 2 },
    });
    for (const side of ['train', 'held_out']) {
      assert.isTrue(
        rows.some(({ split, targets }) => split === side && 'age' in targets),
        side,
      );
    }
  });

  it('leaves tasks out that say nothing or cannot be read, and counts them', async () => {
    const tasks = [
      ...sites(10),
      task(20, {}),
      task(21, { site: ['Ebay'] }),
      task(22, { site: 4 }),
      { id: 23 },
      task(24, { site: ['IMDb'] }, { data: null }),
      task(25, { age: 3 }),
    ];
    const readable = ({ data }: LabelStudioTask) => {
      if (data === null) throw new AppError('task_invalid', 'no data');
      return { value: 'fetched', shown: '<b>fetched</b>' };
    };
    const { counts, rows } = await prepare(tasks, { readable });
    assert.equal(counts.tasks, 10);
    assert.deepEqual(counts.left_out, { tasks: 5, data: 1, outdated: 1, unreadable: 1 });
    assert.deepInclude(rows[0], { data: { text: 'text 1' }, value: 'fetched', shown: '<b>fetched</b>' });
  });

  it('needs but one label of regions, because what has no label is in the texts as well', async () => {
    const schema =
      '<View><Text name="text" value="$text"/><Labels name="marks" toName="text">' +
      '<Label value="Name"/><Label value="Place"/></Labels></View>';
    const outputs = learntIn(schema, {
      format: 1,
      title: 'M',
      input: { kind: 'tokens', tokenizer: 'words.json' },
      outputs: [{ name: 'marks', control: 'Labels' }],
    });
    const marked = (id: number): LabelStudioTask => ({
      id,
      data: { text: 'Ada met Alan' },
      annotations: [
        {
          id,
          result: [8, 0].map(start => ({
            id: `${start}`,
            from_name: 'marks',
            to_name: 'text',
            type: 'labels',
            value: { start, end: start + 3, text: '', labels: ['Name'] },
          })),
        },
      ],
    });
    const { counts, rows } = await prepare([marked(1), marked(2)], { outputs });
    assert.deepEqual(counts.labels, { marks: { Name: 2 } });
    assert.deepEqual(rows[0]!.targets, {
      marks: [
        { start: 0, end: 3, labels: ['Name'] },
        { start: 8, end: 11, labels: ['Name'] },
      ],
    });
    const few = "'marks' needs annotated tasks of a label or more, at least 2 tasks of each; there are none";
    assert.equal(await refusal([], { outputs }), few);
    assert.match(await refusal([marked(1)], { outputs }), /at least 2 tasks of each label that was used/);
  });

  it('is refused with too few tasks, and says how many are needed and what there is', async () => {
    assert.equal(
      await refusal([]),
      "'site' needs annotated tasks of two labels or more, at least 2 tasks of each; there are none",
    );
    assert.equal(
      await refusal([...sites(3, ['IMDb']), task(8, { site: ['Ebay'] }), task(9, { site: 4 })]),
      "'site' needs annotated tasks of two labels or more, at least 2 tasks of each; all 3 are of IMDb (left out: 1 " +
        'answer names what the labeling config no longer has; 1 answer cannot be read)',
    );
    assert.equal(
      await refusal([...sites(6, ['IMDb']), ...sites(2, ['Yelp', 'Amazon'], 10)], { min: 3 }),
      "'site' needs at least 3 tasks of each label that was used; Yelp has 1, Amazon has 1; enough of IMDb",
    );
    const ages = (count: number) => Array.from({ length: count }, (_, id) => task(id, { age: id }));
    const outputs = learntFrom('age');
    assert.equal(await refusal(ages(9), { outputs }), "'age' needs at least 10 annotated tasks; there are 9");
    assert.equal(
      await refusal(ages(1), { outputs, min: 12 }),
      "'age' needs at least 12 annotated tasks; there is 1",
    );
    assert.equal((await prepare(ages(10), { outputs })).counts.tasks, 10);
  });

  it('names some of many labels', async () => {
    const labels = Array.from({ length: 12 }, (_, index) => `L${index}`);
    const [output] = learntFrom('site');
    const read: AnswerReader['read'] = ([result]) => ({
      target: (result!.value as { choices: string[] }).choices[0]!,
      outdated: false,
    });
    const message = await refusal(sites(12, labels), { outputs: [{ ...output!, read }] });
    assert.match(message, /; L0 has 1, .*L7 has 1 and 4 more$/);
  });

  it('leaves nothing but what was there when the tasks end with an error or the signal', async () => {
    const reason = new AppError('shutting_down', 'the server is stopping');
    const controller = new AbortController();
    async function* broken() {
      yield* sites(10);
      throw reason;
    }
    async function* endless() {
      for (let id = 1; ; id++) {
        if (id === 500) controller.abort(reason);
        yield task(id, { site: ['IMDb'] });
      }
    }
    for (const [tasks, signal] of [
      [broken(), undefined],
      [endless(), controller.signal],
    ] as const) {
      const folder = await temporaryFolder();
      const error = await prepare(tasks, { folder, signal }).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      assert.equal(error, reason);
      assert.deepEqual(await readdir(folder), []);
    }
  });

  it('takes memory for one task at a time', async () => {
    const text = 'x'.repeat(1_000_000);
    async function* large() {
      for (let id = 1; id <= 250; id++) yield task(id, { site: [SITES[id % 3]!] }, { data: { text } });
    }
    const before = process.memoryUsage().rss;
    let peak = 0;
    const readable = ({ data }: LabelStudioTask) => {
      peak = Math.max(peak, process.memoryUsage().rss);
      return { value: (data as { text: string }).text };
    };
    const folder = await temporaryFolder();
    const counts = await prepareDataset({
      tasks: large(),
      outputs: learntFrom('site'),
      min: 2,
      folder,
      readable,
    });
    assert.equal(counts.tasks, 250);
    assert.isBelow(peak - before, 150e6);
  });
});
