import { assert } from 'chai';
import { projectName } from '../src/http/wire.js';
import { readProjectName } from '../src/project-key.js';
import { ProjectKeys } from '../src/project-keys.js';
import { type Project, State } from '../src/state.js';
import { temporaryFolder } from './support/folder.js';
import { CapturedLog } from './support/log.js';

const PROJECT: Project = { labelConfig: '<View/>', hostname: null, accessToken: null, extraParams: {} };
const HOUR = 3_600;

describe('which project a request means', () => {
  let state: State;
  let folders: string[];
  let keys: ProjectKeys;
  let log: CapturedLog;
  beforeEach(async () => {
    state = State.open(await temporaryFolder());
    folders = [];
    log = new CapturedLog();
    keys = new ProjectKeys({ state, folders: () => folders, log: log.logger });
  });
  afterEach(() => state.close());

  const of = (text: string) => keys.of(readProjectName(text)!);
  const exactly = (text: string) => keys.exactly(readProjectName(text)!);
  const ofSetup = (text: string, hostname: string | null = null) =>
    keys.ofSetup(readProjectName(text)!, hostname);
  const setUp = (key: string, hostname: string | null = null) =>
    state.setProject(key, { ...PROJECT, hostname });
  const now = () => Math.floor(Date.now() / 1_000);

  it('has a time of creation where Label Studio tells one, and no other text is taken for it', () => {
    const name = (created_at: unknown) => projectName({ id: 4, created_at });
    const created = 1_795_520_884;
    for (const text of ['2026-11-24T11:48:04.424462Z', '2026-11-24T13:48:04+02:00', '2026-11-24T11:48:04Z'])
      assert.deepEqual(name(text), { id: '4', created }, text);
    for (const odd of [
      '1',
      'Jan 1 2024',
      '2026-11-24',
      '+275760-09-13T00:00:00Z',
      '1960-01-01T00:00:00Z',
      17,
      null,
    ])
      assert.deepEqual(name(odd), { id: '4', created: null }, String(odd));
    assert.deepEqual(projectName('4.1795520884'), { id: '4', created });
    assert.deepEqual(projectName(4.1795520884), { id: '4', created: null });
    for (const odd of ['4.x', '4.1.2', 'a/b', '4.', '.4', {}.toString()])
      assert.throws(() => projectName(odd), /the project is no id/, odd);
  });

  it('is told by id and time of creation', () => {
    assert.equal(of('4.100'), '4.100');
    setUp('4.100');
    setUp('4.200');
    assert.deepEqual([of('4.100'), of('4.200'), of('4.300')], ['4.100', '4.200', '4.300']);
  });

  it('is, by the id alone, the only one that has it', () => {
    assert.equal(of('4'), '4');
    setUp('4.100');
    setUp('40.100');
    setUp('4-1.100');
    assert.equal(of('4'), '4.100');
    assert.equal(of('40'), '40.100');
    state.deleteProject('4.100');
    assert.equal(of('4'), '4');
  });

  it('is, by the id alone, the only one that has a folder, where none was set up', () => {
    folders = ['4.100', '4.100', '40.100'];
    assert.equal(of('4'), '4.100');
    folders = ['4.100', '4.200'];
    assert.throws(() => of('4'), /have the id 4: 4\.100 and 4\.200;/);
  });

  it('is refused, by the id alone, where several have it', () => {
    setUp('4.100', 'http://a');
    setUp('4.200');
    assert.throws(
      () => of('4'),
      '2 projects of this server have the id 4: 4.100 of http://a and 4.200; name the one that is meant so, or have this server forget the other ones (POST /delete)',
    );
    state.deleteProject('4.200');
    assert.equal(of('4'), '4.100');
  });

  it('known by its id alone, takes on the first time of creation that it may have, when that is set up', () => {
    setUp('4');
    const before = now() - HOUR;
    // Until then it is meant by all that may be it.
    assert.deepEqual([of(`4.${before}`), of(`4.${before - 1}`)], ['4', '4']);
    assert.equal(exactly(`4.${before}`), `4.${before}`, 'to be changed');
    assert.equal(exactly('4'), '4');
    assert.equal(ofSetup(`4.${before}`), '4');
    assert.deepEqual([of(`4.${before}`), ofSetup(`4.${before}`), of('4')], ['4', '4', '4']);
    assert.equal(exactly(`4.${before}`), '4');
    // Another one, and nothing of the first is its own.
    const other = `4.${before - 1}`;
    assert.deepEqual([of(other), ofSetup(other)], [other, other]);
  });

  it('known by its id alone, is none that was created after it was known', () => {
    setUp('4');
    const later = `4.${now() + HOUR}`;
    assert.deepEqual([of(later), ofSetup(later)], [later, later]);
    setUp(later);
    assert.throws(() => of('4'), new RegExp(`id 4: 4\\.0 and ${later.replace('.', '\\.')};`));
    assert.equal(of('4.0'), '4');
    state.deleteProject('4');
    assert.equal(of('4'), later);
  });

  it('known by its id alone, is none of another Label Studio', () => {
    setUp('4', 'http://a');
    const key = `4.${now() - HOUR}`;
    assert.equal(ofSetup(key, 'http://b'), key);
    assert.include(
      log.lines.at(-1)!.msg,
      `POST /duplicate_model {"project_src": "4.0", "project_dst": "${key}"} gives it what was learnt`,
    );
    assert.equal(ofSetup(key, null), key);
    assert.equal(ofSetup(key, 'http://a'), '4');
    assert.equal(of(key), '4');
  });

  it('known by its id alone, as a copy is, is found by its time of creation', () => {
    setUp('5.100');
    state.duplicateProject('5.100', '4');
    assert.equal(ofSetup('4.100'), '4');
  });

  it('is known anew after it was forgotten', () => {
    setUp('4');
    const key = `4.${now() - HOUR}`;
    assert.equal(ofSetup(key), '4');
    state.deleteProject('4');
    assert.deepEqual([of(key), ofSetup(key)], [key, key]);
  });
});
