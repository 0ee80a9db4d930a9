import { assert } from 'chai';
import { startBackend, type TestBackend } from '../support/backend.js';
import { refusalOf } from '../support/client.js';
import { SENTIMENT, tasksOf, UNFIT } from '../support/configs.js';
import { serve, stopServers } from '../task-data/servers.js';

const RENAMED = SENTIMENT.replaceAll('"sentiment"', '"mood"');

describe('POST /webhook', () => {
  let backend: TestBackend;

  before(async () => {
    backend = await startBackend();
  });
  after(async () => {
    await backend.stop();
    await stopServers();
  });
  beforeEach(() => backend.setup({ project: '4.1', schema: SENTIMENT }));

  const project = { id: 4, title: 'x', label_config: SENTIMENT };
  const annotation = { id: 1, was_cancelled: false, result: [] };
  const BODIES: Record<string, Record<string, unknown>> = {
    ANNOTATION_CREATED: { annotation, task: { id: 1, data: {} } },
    ANNOTATIONS_CREATED: { annotation: [annotation], task: [{ id: 1, data: {} }] },
    ANNOTATION_UPDATED: { annotation, task: { id: 1, data: {} } },
    ANNOTATIONS_DELETED: { annotations: [{ id: 1 }] },
    ANNOTATION_DELETED: { annotations: [{ id: 1 }] },
    TASKS_CREATED: { tasks: [{ id: 1 }] },
    TASKS_DELETED: { tasks: [{ id: 1 }] },
    PROJECT_UPDATED: {},
    LABEL_LINK_CREATED: { label_link: [{}] },
    LABEL_LINK_UPDATED: { label_link: {} },
    LABEL_LINK_DELETED: { label_link: [{ id: 1 }] },
    START_TRAINING: {},
    PROJECT_DELETED: {},
    SOMETHING_NEW: { anything: [1] },
  };

  for (const [action, body] of Object.entries(BODIES)) {
    it(`acknowledges ${action}, with a project, without, and for one never seen`, async () => {
      for (const who of [{ project }, {}, { project: { id: 99 } }, { project: null }])
        for (const path of ['/webhook', '/models/sentiment/webhook']) {
          const reply = await backend.post(path, { action, ...body, ...who });
          assert.equal(reply.status, 200, reply.reason);
          assert.deepEqual(reply.body, { status: 'ok' });
        }
    });
  }

  it('acknowledges an event of a project that no model fits, and logs why nothing is learnt', async () => {
    const body = { action: 'ANNOTATION_CREATED', annotation, project: { id: 8, label_config: UNFIT } };
    assert.equal((await backend.post('/webhook', body)).status, 200);
    await backend.log.line(line => line.code === 'no_model_fits' && line.action === 'ANNOTATION_CREATED');
  });

  it('acknowledges an event without its payload, and logs which setting to switch on', async () => {
    for (const action of ['ANNOTATION_CREATED', 'TASKS_CREATED']) {
      const reply = await backend.post('/webhook', { action });
      assert.deepEqual([reply.status, reply.body], [200, { status: 'ok' }]);
      const line = await backend.log.line(
        ({ level, msg }) => level === 40 && msg.startsWith(`${action} came`),
      );
      assert.include(line.msg, 'Settings > Webhooks');
      assert.include(line.msg, "switch on 'Send payload'");
    }
  });

  it('acknowledges or refuses bodies that say nothing of use, and never fails', async () => {
    const review = { action: 'REVIEW_CREATED', project: { id: 71 }, review: {} };
    const list = { action: 'ANNOTATIONS_CREATED', project: { id: 71 }, annotation: [{ id: 5, result: [] }] };
    for (const body of [review, list]) assert.equal((await backend.post('/webhook', body)).status, 200);
    for (const body of [
      { action: null },
      {},
      [],
      { action: [] },
      { action: 'X', project: 'x', annotation: null },
    ])
      assert.oneOf((await backend.post('/webhook', body)).status, [200, 400], JSON.stringify(body));
  });

  it('and /train start nothing for a model that does not learn', async () => {
    const reply = await backend.post('/train', { project: '1.1', annotations: [], label_config: SENTIMENT });
    assert.deepEqual([reply.status, reply.body], [201, {}]);
    assert.deepEqual((await backend.get('/api/jobs')).body, { jobs: [] });
  });

  const fromName = async (who: unknown) => {
    const { status, body } = await backend.predict({ tasks: tasksOf(['good']), project: who });
    assert.equal(status, 200);
    return (body.results[0] as { result: { from_name: string }[] }).result[0]!.from_name;
  };

  it('takes the new labeling config of PROJECT_UPDATED', async () => {
    assert.equal(await fromName(4), 'sentiment');
    const updated = { action: 'PROJECT_UPDATED', project: { ...project, label_config: RENAMED } };
    assert.equal((await backend.post('/webhook', updated)).status, 200);
    assert.equal(await fromName(4), 'mood');
  });

  it('acknowledges a PROJECT_UPDATED whose new config does not fit, and says so at the next predict', async () => {
    const predict = async (label_config: string) => {
      const updated = { action: 'PROJECT_UPDATED', project: { ...project, label_config } };
      assert.equal((await backend.post('/webhook', updated)).status, 200);
      return await backend.predict({ tasks: tasksOf(['good']), project: 4 });
    };
    assert.equal(refusalOf(await predict(UNFIT)).code, 'no_model_fits');
    assert.include((await predict('<View')).body as object, { code: 'label_config_invalid' });
  });

  it('forgets a project on PROJECT_DELETED, when its Label Studio has it no more', async () => {
    const { url: hostname } = await serve((_, response) =>
      response.writeHead(404).end('{"detail": "Not found."}'),
    );
    await backend.setup({ project: '4.1', schema: SENTIMENT, hostname });
    assert.equal(await fromName(4), 'sentiment');
    assert.equal(
      (await backend.post('/webhook', { action: 'PROJECT_DELETED', project: { id: 4 } })).status,
      200,
    );
    const reply = await backend.predict({ tasks: tasksOf(['good']), project: 4 });
    assert.equal(reply.status, 400);
    assert.include(reply.body as object, { code: 'no_label_config' });
  });
});
