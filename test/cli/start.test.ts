import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { assert } from 'chai';
import { SENTIMENT, tasksOf } from '../support/configs.js';
import { addVersion, modelRepository } from '../support/models.js';
import { startProcess } from '../support/process.js';

const NEWER = '20990101-000000-abcdef';

/** The message of what a promise must reject with. */
const failure = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'it did not fail',
    (error: Error) => error.message,
  );

describe('the server as a process', () => {
  it('reads the models again on SIGHUP, and finishes what it began on SIGTERM', async () => {
    const root = await modelRepository('sentiment');
    const server = await startProcess({ MODEL_DIR: root, DRAIN_TIMEOUT: '60s' });
    try {
      await addVersion(join(root, 'sentiment'), NEWER);
      server.signal('SIGHUP');
      await server.log.line(line => line.msg === `sentiment:${NEWER} serves now`);

      // The server says that it has begun the request; its body comes after the signal.
      const agent = new Agent({ keepAlive: true });
      const begun = request(`${server.url}/predict`, {
        method: 'POST',
        agent,
        headers: { expect: '100-continue' },
      });
      const answered = once(begun, 'response');
      begun.flushHeaders();
      await once(begun, 'continue');
      server.signal('SIGTERM');
      await server.log.line(line => line.msg.startsWith('stopping'));
      begun.end(JSON.stringify({ tasks: tasksOf(['good']), label_config: SENTIMENT }));
      const [response] = await answered;
      assert.equal(response.statusCode, 200);
      assert.include(JSON.parse(await text(response)), { model_version: `sentiment:${NEWER}` });
      // Its standard output closes when the last of its processes has ended.
      assert.equal(await server.ended, 0);
      assert.equal(await server.stderr, '');
      assert.include(await failure(server.get('/health')), 'ECONNREFUSED');
      agent.destroy();
    } finally {
      await server.stop();
    }
  });

  it('says in one line why it does not start', async () => {
    const taken = createServer();
    await once(taken.listen(0, '127.0.0.1'), 'listening');
    const { port } = taken.address() as AddressInfo;
    const start = async (env: Record<string, string>) =>
      (await failure(startProcess(env))).replace('it ended with 1: ', '').trim();
    const [inUse, setting, provider] = await Promise.all([
      start({ PORT: String(port) }),
      start({ WORKERS: 'many' }),
      start({ EXECUTION_PROVIDER: 'cuda:99' }),
    ]);
    taken.close();
    assert.match(inUse, /^setting_invalid: PORT=\d+: another /);
    assert.equal(setting, 'setting_invalid: WORKERS=many: WORKERS is a whole number from 1 to 256');
    assert.match(provider, /^provider_unavailable: cuda \(device 99\) does not work here: /);
    for (const message of [inUse, setting, provider]) assert.notMatch(message, /\n\s+at /);
  });
});
