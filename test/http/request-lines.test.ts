import { assert } from 'chai';
import { createHiding } from '../../src/http/hiding.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { SENTIMENT } from '../support/configs.js';
import type { LogLine } from '../support/log.js';
import { RawConnection } from '../support/raw.js';

const INFO = 30;

describe('the lines of requests', () => {
  let backend: TestBackend;
  before(async () => {
    backend = await startBackend();
  });
  after(() => backend.stop());
  const requests = (): LogLine[] => backend.log.lines.filter(({ msg }) => msg === 'request');

  it('tell of probes and scrapes to whom asks for the level debug alone', async () => {
    for (const path of [
      '/',
      '/health',
      '/ready',
      '/metrics',
      '/models/sentiment',
      '/models/sentiment/health',
    ])
      assert.equal((await backend.get(path)).status, 200);
    assert.lengthOf(requests(), 6);
    for (const { level, path } of requests()) assert.isBelow(level, INFO, String(path));
    await backend.get('/versions');
    await backend.post('/health', {});
    assert.deepEqual(
      requests()
        .slice(6)
        .map(({ level, path }) => [level, path]),
      [
        [INFO, '/versions'],
        [INFO, '/health'],
      ],
    );
  });

  it('are short and plain, whatever the path is', async () => {
    const raw = await RawConnection.open(backend.url);
    raw.send(`GET /${'x'.repeat(10_000)}%9b31m HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    raw.send('GET /a%9b31m%1b HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await raw.count(2);
    raw.socket.destroy();
    const [long, odd] = requests().slice(-2);
    assert.match(String(long!.path), /^\/x{196}\.\.\.$/);
    assert.equal(odd!.path, '/a%9b31m%1b');
    for (const { msg } of backend.log.lines.slice(-4)) assert.match(msg, /^[ -~]{1,400}$/);
  });

  it('are as few as the webhooks, however long the name of an event is', async () => {
    const { status } = await backend.post('/webhook', { action: 'x'.repeat(1_000_000), task: SENTIMENT });
    assert.equal(status, 400);
    for (const line of backend.log.lines) assert.isBelow(JSON.stringify(line).length, 10_000);
  });
});

describe('createHiding()', () => {
  const hiding = createHiding(['s3cret/x', 'pä', null]);
  for (const [path, shown] of [
    ['/predict', '/predict'],
    ['/webhook', '/webhook'],
    ['/webhook/anything/at/all', '/webhook/…'],
    ['/webhook%2fanything', '/webhook/…'],
    ['/Webhooks%20x/anything', '/Webhooks%20x/…'],
    ['/hook/s3cret%2Fx/more', '/hook/…/more'],
    ['/hook/s3cret/x', '/…'],
    ['/as3cret%2fxb', '/…'],
    ['/p%C3%A4', '/…'],
    ['/p%E4', '/…'],
    ['/user:pass@host/setup', '/…@host/setup'],
    ['/models/a@b', '/models/a@b'],
    ['/%zz', '/%zz'],
  ] as const)
    it(`shows ${path} as ${shown}`, () => assert.equal(hiding.path(path), shown));

  it('hides secrets in messages, short ones where they are quoted', () => {
    const other = createHiding(['long-secret', 'pass']);
    assert.equal(
      other.text("a bypass: there is no 'pass' and no 'a/long-secret'"),
      "a bypass: there is no '…' and no 'a/…'",
    );
  });

  it('takes no longer for a path that is made to take long', () => {
    for (const unit of [':', '@', '/webhook', '%2f', ':@', '/:'])
      assert.isAtMost(hiding.path(unit.repeat(16_000)).length, 200);
  });
});
