import { assert } from 'chai';
import { SENTIMENT } from '../support/configs.js';
import { type ServerProcess, startProcess } from '../support/process.js';

const MEGA = 2 ** 20;

describe('what is kept for each project', () => {
  let server: ServerProcess;
  before(async () => {
    server = await startProcess({ NODE_OPTIONS: '--max-old-space-size=250' });
  });
  after(() => server.stop());

  it('is refused where it is too large, with the limit', async () => {
    const setup = (more: Record<string, unknown>) =>
      server.post<{ message: string }>('/setup', { project: '1', schema: SENTIMENT, ...more });
    const large = await setup({ extra_params: { pad: 'x'.repeat(9 * MEGA) } });
    assert.equal(large.status, 400);
    assert.match(large.body.message, /\/extra_params has 9437194 characters.* at most 100000/);
    const text = await setup({ extra_params: JSON.stringify({ pad: 'x'.repeat(100_000) }) });
    assert.match(text.body.message, /at most 100000/);
    for (const [name, most] of [
      ['hostname', 2_000],
      ['access_token', 10_000],
    ] as const) {
      const { status, body } = await setup({ [name]: 'x'.repeat(most + 1) });
      assert.equal(status, 400);
      assert.include(body.message, `/${name} must NOT have more than ${most} characters`);
    }
    assert.equal((await setup({ extra_params: { pad: 'x'.repeat(99_000) } })).status, 200);
  });

  it('fills no memory with the configs of many projects, nor with their events', async () => {
    const config = (id: number) => SENTIMENT.replace('<View>', `<View title="${id}${'x'.repeat(900_000)}">`);
    for (let id = 1; id <= 15; id++) {
      const { status } = await server.post('/setup', { project: String(id), schema: config(id) });
      assert.equal(status, 200);
    }
    const pad = 'x'.repeat(5 * MEGA);
    const labelConfig = SENTIMENT.replace('Positive', 'Aa').replace('Negative', 'Bb');
    for (let id = 1; id <= 50; id++) {
      const project = { id, label_config: labelConfig };
      const { status } = await server.post('/models/text-classifier/webhook', {
        action: 'ANNOTATION_CREATED',
        project,
        annotation: { result: [{}] },
        pad,
      });
      assert.equal(status, 200);
    }
  });

  it('is no labeling config of an update that could not be read', async () => {
    const update = { action: 'PROJECT_UPDATED', project: { id: 1, label_config: 'x'.repeat(1_000_001) } };
    await server.sendRaw('/webhook', Buffer.from(JSON.stringify(update)));
    const line = await server.log.line(({ code }) => code === 'label_config_invalid');
    assert.match(line.msg, /has 1000001 characters, and this server reads at most 1000000/);
    const { status } = await server.predict({ project: '1', tasks: [{ data: { text: 'good' } }] });
    assert.equal(status, 200);
  });
});
