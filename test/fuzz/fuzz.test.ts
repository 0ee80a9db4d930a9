import { readFile } from 'node:fs/promises';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { assert } from 'chai';
import fc from 'fast-check';
import { ERRORS, type ErrorCode } from '../../src/errors.js';
import { SENTIMENT, tasksOf } from '../support/configs.js';
import { type ServerProcess, startProcess } from '../support/process.js';
import { expectSame } from '../support/results.js';
import { checkMessage, inputsOr, SEED, timeFor } from './inputs.js';
import { type FuzzRequest, fuzzRequest, fuzzRoute, fuzzWebhook } from './requests.js';

/** Of each kind. */
const REQUESTS = inputsOr(300);
const AT_ONCE = 10;
/** What garbage collection and caches may differ by. */
const GROWTH = 100 * 2 ** 20;

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

function send(url: string, agent: Agent, { method, path, headers, body }: FuzzRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const whole = { ...headers, 'content-length': body.length };
    const sent = request({ hostname, port, agent, method, path, headers: whole }, response => {
      const { statusCode, headers: given } = response;
      buffer(response).then(bytes => resolve({ status: statusCode!, headers: given, body: bytes }), reject);
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/** What holds for every answer. */
function check({ method, path, body: sent }: FuzzRequest, { status, headers, body }: Answer): void {
  const text = body.toString();
  const told = `${method} ${path}: ${status} ${text.slice(0, 500)} for ${sent.toString().slice(0, 1_000)}`;
  assert.isTrue((status >= 200 && status < 300) || (status >= 400 && status < 500) || status === 503, told);
  assert.notMatch(text, /\bat .*\.[jt]s:\d+|node_modules/, told);
  if (status === 503) assert.property(headers, 'retry-after', told);
  if (method === 'HEAD' || (method === 'OPTIONS' && status === 200)) return;
  if (/^\/+metrics/.test(path)) return;
  assert.match(headers['content-type'] ?? '', /^application\/json/, told);
  const value = JSON.parse(text);
  if (status < 300) return;
  assert.deepEqual(Object.keys(value), ['code', 'message', 'request_id'], told);
  assert.equal(ERRORS[value.code as ErrorCode]?.status, status, told);
  assert.equal(value.request_id, headers['x-request-id'], told);
  checkMessage(value.message, told);
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}

describe(`${REQUESTS} malformed requests (FUZZ_SEED=${SEED})`, function () {
  this.timeout(timeFor(3 * REQUESTS));
  let server: ServerProcess;
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  before(async () => {
    server = await startProcess({ LOG_LEVEL: 'info', BODY_LIMIT: '1mb' });
  });
  after(async () => {
    agent.destroy();
    await server.stop();
  });

  async function fuzz(kind: fc.Arbitrary<FuzzRequest>, seed: number, count: number): Promise<void> {
    const batch = fc.array(kind, { minLength: AT_ONCE, maxLength: AT_ONCE });
    const property = fc.asyncProperty(batch, async requests => {
      await Promise.all(requests.map(async each => check(each, await send(server.url, agent, each))));
    });
    await fc.assert(property, { seed, numRuns: count / AT_ONCE });
  }

  for (const [name, kind] of [
    ['of Label Studio', fuzzRequest],
    ['that are webhooks', fuzzWebhook],
    ['to all routes', fuzzRoute],
  ] as const) {
    it(`${name} are answered with 2xx, 4xx or 503, while /health answers within a second and memory stays`, () =>
      expectSound(kind));
  }

  async function expectSound(kind: fc.Arbitrary<FuzzRequest>): Promise<void> {
    const good = { tasks: tasksOf(['I love it', 'awful']), label_config: SENTIMENT };
    const expected = (await server.predict(good)).body.results;
    await fuzz(kind, SEED + 1, REQUESTS / 5);
    const before = await residentBytes(server.pid);

    let over = false;
    const waits: number[] = [];
    const own = new Agent({ keepAlive: true });
    const watch = async () => {
      while (!over) {
        const begin = performance.now();
        assert.equal((await server.get('/health', { agent: own })).status, 200);
        waits.push(performance.now() - begin);
        await setTimeout(20);
      }
    };
    const watching = watch();
    try {
      await fuzz(kind, SEED, REQUESTS);
    } finally {
      over = true;
      await watching;
      own.destroy();
    }
    assert.isBelow(Math.max(...waits), 1_000);
    assert.isBelow((await residentBytes(server.pid)) - before, GROWTH);

    const reply = await server.predict(good);
    assert.equal(reply.status, 200);
    expectSame(reply.body.results, expected);
    const errors = server.log.lines.filter(({ level }) => level >= 50).map(line => JSON.stringify(line));
    assert.deepEqual(errors, []);
  }
});
