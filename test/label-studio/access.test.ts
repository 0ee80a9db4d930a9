import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import { Access } from '../../src/label-studio/access.js';
import type { LabelStudio } from '../../src/label-studio/source.js';
import { labelStudioSource } from '../../src/label-studio/source.js';
import { type Project, State } from '../../src/state.js';
import { temporaryFolder } from '../support/folder.js';
import { CapturedLog } from '../support/log.js';

const KEY = '4.1795520884';
const SET: LabelStudio = { url: 'http://set:8080', token: 'of the settings' };
const OWN = 'http://own:8080';
/** Longer than any finding holds. */
const LONG = 3_600_000;

describe('where a project can be read', () => {
  let state: State;
  let now: number;
  let answers: Record<string, boolean | Error>;
  let asked: string[];
  beforeEach(async () => {
    state = State.open(await temporaryFolder());
    now = 0;
    asked = [];
  });
  afterEach(() => state.close());

  function open(settings: LabelStudio | null, hostname: string | null): Access {
    const project: Project = { labelConfig: '<View/>', hostname, accessToken: 'its own', extraParams: {} };
    state.setProject(KEY, project);
    const config = {
      LABEL_STUDIO_URL: settings?.url ?? null,
      LABEL_STUDIO_API_KEY: settings?.token ?? null,
    };
    return new Access({
      client: {
        async hasProject(_project, _signal, labelStudio) {
          const { url, token } = labelStudio!;
          asked.push(`${url} by ${token}`);
          const answer = answers[url]!;
          if (answer instanceof Error) throw answer;
          return answer;
        },
      },
      labelStudio: labelStudioSource(config, state),
      settings,
      state,
      log: new CapturedLog().logger,
      signal: new AbortController().signal,
      now: () => now,
    });
  }
  const look = async (access: Access) => {
    now += LONG;
    asked = [];
    return await access.look(KEY);
  };
  const away = new AppError('label_studio_unreachable', 'it is away');

  it('is the Label Studio of the settings, asked again after one that did not know it, where there is no other', async () => {
    for (const hostname of [null, 'no address', 'http://set:8080/', 'http://set:8080/prefix']) {
      const access = open(SET, hostname);
      answers = { [SET.url]: false };
      assert.match(
        (await look(access))!,
        /^Label Studio at http:\/\/set:8080 has no project 4\.1795520884; set/,
      );
      assert.deepEqual(asked, ['http://set:8080 by of the settings']);
      assert.notProperty(state.project(KEY), 'setting');
      answers = { [SET.url]: true };
      assert.isNull(await look(access));
    }
  });

  it('is its own where the settings name another one, until that one knows it as well', async () => {
    const access = open(SET, OWN);
    answers = { [SET.url]: false, [OWN]: true };
    assert.isNull(await look(access));
    assert.deepEqual(asked, ['http://set:8080 by of the settings', 'http://own:8080 by its own']);
    assert.deepEqual(state.project(KEY)!.setting, { url: SET.url, has: false });
    answers = { [SET.url]: away, [OWN]: true };
    assert.isNull(await look(access), 'the other one is away');
    answers = { [SET.url]: true, [OWN]: away };
    assert.isNull(await look(access));
    assert.deepEqual(state.project(KEY)!.setting, { url: SET.url, has: true });
  });

  it('is not looked for elsewhere while the Label Studio of the settings is away', async () => {
    const access = open(SET, OWN);
    answers = { [SET.url]: away, [OWN]: true };
    assert.equal(await look(access), 'it is away');
    assert.lengthOf(asked, 1);
    assert.notProperty(state.project(KEY), 'setting');
  });

  it('is nowhere when both say so', async () => {
    const access = open(SET, OWN);
    answers = { [SET.url]: false, [OWN]: away };
    assert.match((await look(access))!, /has no project 4\.1795520884, and its own: it is away$/);
    answers = { [SET.url]: false, [OWN]: false };
    assert.match((await look(access))!, /^Label Studio at http:\/\/set:8080 has no project/);
  });

  it('is its own where the settings name none', async () => {
    const access = open(null, OWN);
    answers = { [OWN]: false };
    assert.match((await look(access))!, /^Label Studio at http:\/\/own:8080 has no project/);
    answers = { [OWN]: true };
    assert.isNull(await look(access));
  });

  it('is gone when the one where it was found says so, and nobody else is asked', async () => {
    const gone = async (access: Access) => {
      asked = [];
      return await access.isGone(KEY, false);
    };
    const found = open(SET, OWN);
    answers = { [SET.url]: true, [OWN]: away };
    await look(found);
    assert.isFalse(await gone(found));
    answers = { [SET.url]: false, [OWN]: away };
    assert.isTrue(await gone(found));
    assert.deepEqual(asked, ['http://set:8080 by of the settings']);
    // It is kept where it was found, whatever an event makes of it.
    assert.deepEqual(state.project(KEY)!.setting, { url: SET.url, has: true });

    state.deleteProject(KEY);
    const other = open(SET, OWN);
    answers = { [SET.url]: false, [OWN]: true };
    assert.isFalse(await gone(other), 'nobody knows where it is');
    await look(other);
    assert.isFalse(await gone(other));
    answers = { [SET.url]: false, [OWN]: false };
    assert.isTrue(await gone(other));
    assert.deepEqual(asked, ['http://own:8080 by its own']);

    state.deleteProject(KEY);
    assert.isFalse(await gone(other), 'its setup is lost');
    const alone = open(SET, null);
    answers = { [SET.url]: false };
    assert.isTrue(await gone(alone));
    state.deleteProject(KEY);
    const nowhere = open(null, null);
    assert.isFalse(await gone(nowhere));
    assert.isTrue(await nowhere.isGone(KEY, true));
  });
});
