import { assert } from 'chai';
import { type Project, State } from '../src/state.js';
import type { Job } from '../src/training/job.js';
import { stopAll, temporaryFolder } from './class-backend.js';

const PROJECT: Project = {
  labelConfig: '<View/>',
  hostname: 'http://localhost:8080',
  accessToken: 'abc',
  extraParams: { model: 'sentiment' },
};

describe('state', () => {
  let folder: string;
  let state: State;
  beforeEach(async () => {
    folder = await temporaryFolder();
    state = State.open(folder);
  });
  afterEach(async () => {
    await state.close();
    await stopAll();
  });

  const reopen = async () => {
    await state.close();
    state = State.open(folder);
  };

  it('keeps so many projects, and refuses one more', async () => {
    await state.close();
    state = State.open(folder, () => {}, 3);
    for (const id of ['1', '2', '3', '1']) state.setProject(id, { ...PROJECT, extraParams: { id } });
    assert.throws(() => state.setProject('4', PROJECT), /knows 3 projects.*\/delete/);
    state.setProject('1', PROJECT);
    state.deleteProject('2');
    state.setProject('4', PROJECT);
    assert.throws(() => state.setProject('2', PROJECT), /knows 3 projects/);
    assert.throws(() => state.duplicateProject('1', '2'), /knows 3 projects/);
    assert.isUndefined(state.project('2'));
    state.duplicateProject('1', '4');
    assert.deepEqual(state.project('1'), PROJECT);
    assert.deepEqual(state.project('3'), { ...PROJECT, extraParams: { id: '3' } });
  });

  it('keeps so many bytes of projects, those of copies and of values too, and refuses more', async () => {
    await state.close();
    state = State.open(folder, () => {}, 1_000, 400_000);
    const large = { ...PROJECT, labelConfig: `<View>${'é'.repeat(40_000)}</View>` };
    state.setProject('1', large);
    state.model('m', '1').set('key', 'v'.repeat(80_000));
    state.duplicateProject('1', '2');
    const refused = { code: 'overloaded' };
    const refuses = (work: () => void) => {
      try {
        work();
      } catch (error) {
        assert.include(error, refused);
        assert.match(String(error), /keeps 0.381 MB of projects .*\/delete/);
        return;
      }
      assert.fail('it was kept');
    };
    refuses(() => state.duplicateProject('1', '3'));
    refuses(() => state.checkCopy('1', '3'));
    refuses(() => state.setProject('3', large));
    refuses(() => state.setProject('1', { ...large, extraParams: { key: 'x'.repeat(80_000) } }));
    assert.isUndefined(state.project('3'));
    assert.deepEqual(state.project('1'), large);
    // What makes nothing larger is kept.
    state.setProject('1', { ...large, hostname: null });
    state.setProject('3', PROJECT);
    state.deleteProject('2');
    state.duplicateProject('1', '3');
    assert.deepEqual(state.project('3'), { ...large, hostname: null });
    assert.equal(state.model('m', '3').get('key'), 'v'.repeat(80_000));
  });

  it('keeps of a project a part of what it keeps of all, and refuses what models set beyond that', async () => {
    await state.close();
    state = State.open(folder, () => {}, 1_000, 4_000_000);
    const model = state.model('m', '1');
    model.set('a', 'v'.repeat(600_000));
    const refuse = (key: string, value: unknown) =>
      assert.throws(
        () => model.set(key, value),
        /^the values that models keep of project 1 may have 0.954 MB, and 'b' would make it more/,
      );
    refuse('b', 'v'.repeat(600_000));
    model.set('b', 'v'.repeat(300_000));
    refuse('b', 'v'.repeat(500_000));
    // It grows smaller, and others have their own part.
    model.set('a', 1);
    model.set('b', 'v'.repeat(500_000));
    state.model('m', '2').set('a', 'v'.repeat(900_000));
    state.setProject('3', PROJECT);
  });

  it('tells why, when the system does not let it look whether the folder is still its own', async () => {
    await state.close();
    const emfile = Object.assign(new Error('EMFILE'), { code: 'EMFILE', syscall: 'open' });
    state = State.open(folder, () => {
      throw emfile;
    });
    const why = `DATA_DIR=${folder}: there are no file descriptors left: start the server with a higher limit (ulimit -n)`;
    const told = { code: 'data_dir_unwritable', message: why };
    try {
      state.setProject('1', PROJECT);
      assert.fail('it was kept');
    } catch (error) {
      assert.include(error, told);
    }
    assert.isUndefined(state.project('1'));
  });

  it('makes its folder, and knows nothing at first', async () => {
    await state.close();
    state = State.open(`${folder}/deep/data`);
    assert.isUndefined(state.project('1'));
    assert.isUndefined(state.lastProject());
    assert.deepEqual(state.jobs(), []);
    assert.deepEqual(state.pending(), []);
    assert.isUndefined(state.model('m', '1').get('key'));
    assert.isFalse(state.model('m', '1').has('key'));
  });

  it('keeps projects, the last one, values and jobs through a restart', async () => {
    state.setProject('1', PROJECT);
    state.setProject('2', { ...PROJECT, accessToken: null });
    state.setLastProject('1');
    state.model('m', '1').set('key', { deep: [1, 'two', null] });
    const job: Job = {
      id: 'j',
      kind: 'fit',
      model: 'm',
      project: '1',
      event: 'START_TRAINING',
      status: 'queued',
      created: '2026-05-01T10:15:00Z',
      attempts: 0,
    };
    const input = { data: { action: 'START_TRAINING' }, labelConfig: '<View/>' };
    state.setJob(job, input);
    state.setJob({ ...job, status: 'failed', error: 'why' });
    const pending = { model: 'm', project: '1', count: 2, event: 'ANNOTATION_CREATED', ...input };
    void state.setPending({ ...pending, count: 1 });
    void state.setPending(pending);
    await reopen();
    assert.deepEqual(state.project('1'), PROJECT);
    assert.deepEqual(state.project('2'), { ...PROJECT, accessToken: null });
    assert.deepEqual(state.lastProject(), { id: '1', project: PROJECT });
    assert.deepEqual(state.model('m', '1').get('key'), { deep: [1, 'two', null] });
    assert.deepEqual(state.jobs(), [{ ...job, status: 'failed', error: 'why' }]);
    assert.deepEqual(state.jobInput('j'), input);
    assert.deepEqual(state.pending(), [pending]);
    state.setJob(job, null);
    assert.isUndefined(state.jobInput('j'));
    state.deleteJob('j');
    await state.deletePending(pending);
    assert.deepEqual([state.jobs(), state.pending()], [[], []]);
  });

  it('keeps whatever JSON can hold under whatever key, also what is false or empty', async () => {
    const model = state.model('m', '1');
    const values: Record<string, unknown> = {
      false: false,
      zero: 0,
      null: null,
      empty: '',
      list: [],
      long: 'ä'.repeat(1_000_000),
      'a key\nof two lines': 1,
      ['__proto__']: 2,
      '': 3,
      键: 4,
    };
    for (const [key, value] of Object.entries(values)) model.set(key, value);
    await reopen();
    for (const [key, value] of Object.entries(values)) {
      assert.isTrue(state.model('m', '1').has(key), key);
      assert.deepEqual(state.model('m', '1').get(key), value, key);
    }
  });

  it('takes a value away that is set to undefined', () => {
    const model = state.model('m', '1');
    model.set('key', 1);
    model.set('key', undefined);
    assert.isFalse(model.has('key'));
    assert.isUndefined(model.get('key'));
  });

  it('refuses what JSON cannot hold', () => {
    const model = state.model('m', '1');
    assert.throws(() => model.set('key', () => 1), TypeError, "'key' is set to a function");
    assert.throws(() => model.set('key', 1n), TypeError);
    assert.isFalse(model.has('key'));
  });

  it('keeps models and projects apart, whatever they are called', () => {
    const places = [
      ['m', '1'],
      ['m', '12'],
      ['m', ''],
      ['m2', '1'],
      ['1', 'm'],
    ] as const;
    places.forEach(([model, project], index) => {
      state.model(model, project).set('key', index);
    });
    assert.deepEqual(
      places.map(([model, project]) => state.model(model, project).get('key')),
      [0, 1, 2, 3, 4],
    );
  });

  it('forgets a project and nothing beside it', () => {
    for (const id of ['1', '12', '']) {
      state.setProject(id, PROJECT);
      state.model('a', id).set('key', id);
      state.model('b', id).set('key', id);
    }
    state.setLastProject('1');
    state.deleteProject('1');
    assert.isUndefined(state.project('1'));
    assert.isUndefined(state.lastProject());
    assert.isFalse(state.model('a', '1').has('key'));
    assert.isFalse(state.model('b', '1').has('key'));
    for (const id of ['12', '']) {
      assert.deepEqual(state.project(id), PROJECT);
      assert.equal(state.model('a', id).get('key'), id);
    }
    state.setLastProject('12');
    state.deleteProject('1');
    assert.equal(state.lastProject()?.id, '12');
  });

  it('gives a project all that another one has; they go their own ways afterwards', () => {
    state.setProject('1', PROJECT);
    state.model('a', '1').set('key', 'of 1');
    state.model('a', '12').set('key', 'of 12');
    state.duplicateProject('1', '2');
    assert.deepEqual(state.project('2'), PROJECT);
    assert.equal(state.model('a', '2').get('key'), 'of 1');
    state.model('a', '2').set('key', 'of 2');
    assert.equal(state.model('a', '1').get('key'), 'of 1');
    assert.equal(state.model('a', '12').get('key'), 'of 12');
    state.duplicateProject('nobody', '2');
    assert.deepEqual(state.project('2'), PROJECT);
  });
});
