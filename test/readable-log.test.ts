import { assert } from 'chai';
import { pino } from 'pino';
import { readable } from '../src/readable-log.js';

describe('the log at a terminal', () => {
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: line => void lines.push(readable(line)) });
  const shown = (write: () => void) => {
    lines.length = 0;
    write();
    return lines.map(line => line.replace(/^\d\d:\d\d:\d\d /, ''));
  };

  it('tells the time of day and the sentence', () => {
    log.info({ models: ['sentiment'] }, 'serving sentiment on http://127.0.0.1:9090');
    assert.match(lines[0]!, /^\d\d:\d\d:\d\d serving sentiment on http:\/\/127\.0\.0\.1:9090\n$/);
  });

  it('names warnings and errors, with their request', () => {
    assert.deepEqual(
      shown(() => {
        log.child({ request_id: 'r-1' }).warn({ code: 'not_found' }, 'there is no /x');
        log.fatal('it is over');
      }),
      ['warning: there is no /x (request r-1)\n', 'error: it is over\n'],
    );
  });

  it('shows a request in one line', () => {
    const entry = { request_id: 'r-1', method: 'POST', path: '/predict', status: 200, ms: 14 };
    assert.deepEqual(
      shown(() => {
        log.info({ ...entry, tasks: 3 }, 'request');
        log.info({ ...entry, tasks: 1 }, 'request');
        log.info(entry, 'request');
      }),
      [
        'POST /predict: 200, 3 tasks, 14 ms (request r-1)\n',
        'POST /predict: 200, 1 task, 14 ms (request r-1)\n',
        'POST /predict: 200, 14 ms (request r-1)\n',
      ],
    );
  });

  it('obeys nothing that a client wrote, and cuts what is long', () => {
    const [line] = shown(() => log.warn('a\u001b[2Jb\u009b31mc\r\nd\u202ee\u2028\u0007\tf 中文 👩‍🚒'));
    assert.equal(
      line,
      'warning: a\\u001b[2Jb\\u009b31mc\\u000d\\u000ad\\u202ee\\u2028\\u0007\\u0009f 中文 👩‍🚒\n',
    );
    const [request] = shown(() =>
      log.info({ method: 'GET', path: '/\u001bc', status: 404, ms: 1, request_id: '\u001b' }, 'request'),
    );
    assert.equal(request, 'GET /\\u001bc: 404, 1 ms (request \\u001b)\n');
    assert.lengthOf(shown(() => log.error('x'.repeat(100_000)))[0]!, 'error: \n'.length + 2_000);
    const long = new Error(`\u001b]0;title\u0007${'y'.repeat(10_000)}${'\nz'.repeat(1_000)}`);
    const [stack] = shown(() => log.error({ err: long }, 'it failed'));
    assert.notMatch(stack!, /(?!\n)\p{Cc}/u);
    assert.isBelow(stack!.length, 2_000);
    assert.match(stack!, /\.\.\.\n$/);
  });

  it('shows a line without a sentence', () => {
    assert.deepEqual(
      shown(() => log.info({ models: 1 })),
      ['\n'],
    );
  });

  it('shows the stack of an error, indented', () => {
    const [line] = shown(() => log.error({ err: new RangeError('deep') }, 'fit() failed'));
    assert.match(line!, /^error: fit\(\) failed\n {9}RangeError: deep\n {9} {4}at .*readable-log\.test\.ts/);
  });
});
