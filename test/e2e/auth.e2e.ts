import { assert } from 'chai';
import type { Recorder } from './recorder.js';
import { labelStudio, SENTIMENT_CONFIG, startRecorded, stopAll } from './world.js';

const USER = 'label-studio';
const PASS = 'p@ss:w/rd';
const SECRET = 'a-webhook-secret';

interface Webhook {
  id: number;
  project: number;
  url: string;
}

describe('Basic auth', () => {
  let recorder: Recorder;

  before(async () => {
    recorder = await startRecorded({
      BASIC_AUTH_USER: USER,
      BASIC_AUTH_PASS: PASS,
      WEBHOOK_SECRET: SECRET,
    });
  });
  after(stopAll);

  /** Annotates a new task. @returns the status of each webhook that this caused */
  async function webhookStatuses(project: number): Promise<number[]> {
    const before = recorder.calls.length;
    const [task] = await labelStudio().importTasks(project, [{ text: 'I love it' }]);
    const annotation = { result: [], was_cancelled: true };
    await labelStudio().ask('POST', `/tasks/${task}/annotations/`, annotation);
    return recorder.calls.slice(before).map(({ status }) => status);
  }

  async function predicts(project: number): Promise<void> {
    const [task] = await labelStudio().importTasks(project, [{ text: 'I love it' }]);
    await labelStudio().retrievePredictions(project);
    assert.lengthOf(await labelStudio().predictions(task!), 1);
  }

  async function webhookOf(project: number): Promise<Webhook> {
    const hooks = await labelStudio().ask<Webhook[]>('GET', `/webhooks/?project=${project}`);
    return hooks.find(hook => hook.project === project)!;
  }

  async function connectWithForm(): Promise<number> {
    const project = await labelStudio().createProject(SENTIMENT_CONFIG);
    const { status, body } = await labelStudio().connect(project, recorder.url, {
      auth_method: 'BASIC_AUTH',
      basic_auth_user: USER,
      basic_auth_pass: PASS,
    });
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal(body.readable_state, 'Connected');
    return project;
  }

  it('refuses a backend without credentials or with wrong ones, and says what to do', async () => {
    const project = await labelStudio().createProject(SENTIMENT_CONFIG);
    const wrong = { auth_method: 'BASIC_AUTH', basic_auth_user: USER, basic_auth_pass: 'wrong' } as const;
    for (const [connection, message] of [
      [{}, 'this server wants Basic auth: set user and password of the ML backend in Label Studio'],
      [
        wrong,
        'the user or the password is wrong: compare those of the ML backend in Label Studio with BASIC_AUTH_USER',
      ],
    ] as const) {
      const { status, body } = await labelStudio().connect(project, recorder.url, connection);
      assert.equal(status, 400);
      assert.include(JSON.stringify(body), message);
    }
  });

  it("takes user and password of Label Studio's form, but its webhooks bring none", async () => {
    const project = await connectWithForm();
    await predicts(project);
    assert.deepEqual(await webhookStatuses(project), [401, 401]);
  });

  it('takes credentials in the URL, which webhooks bring too', async () => {
    const project = await labelStudio().createProject(SENTIMENT_CONFIG);
    const credentials = `${USER}:${encodeURIComponent(PASS)}`;
    const { status, body } = await labelStudio().connect(project, `http://${credentials}@${recorder.host}`);
    assert.equal(status, 201, JSON.stringify(body));
    await predicts(project);
    assert.deepEqual(await webhookStatuses(project), [200, 200]);
    await labelStudio().ask('POST', `/ml/${body.id}/train`, {});
    assert.equal(recorder.webhooks('START_TRAINING').at(-1)?.status, 200);
  });

  it('lets webhooks in with the secret as a header or at the end of the path', async () => {
    const withHeader = await connectWithForm();
    const { id } = await webhookOf(withHeader);
    await labelStudio().ask('PATCH', `/webhooks/${id}/`, { headers: { 'X-Webhook-Secret': SECRET } });
    assert.deepEqual(await webhookStatuses(withHeader), [200, 200]);

    const withPath = await connectWithForm();
    const hook = await webhookOf(withPath);
    await labelStudio().ask('PATCH', `/webhooks/${hook.id}/`, { url: `${hook.url}/${SECRET}` });
    assert.deepEqual(await webhookStatuses(withPath), [200, 200]);
  });
});
