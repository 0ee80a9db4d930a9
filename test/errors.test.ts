import { fork } from 'node:child_process';
import { once } from 'node:events';
import { assert } from 'chai';
import { AppError, ERRORS, type ErrorCode, type ErrorData, messageOf } from '../src/errors.js';

const CODES = Object.keys(ERRORS) as ErrorCode[];

describe('errors', () => {
  it('have a status of an error and a meaning each', () => {
    for (const [code, { status, meaning }] of Object.entries(ERRORS)) {
      assert.match(code, /^[a-z_]+$/);
      assert.isTrue(status >= 400 && status <= 599, code);
      assert.match(meaning, /^[^|\n]+[^.\s]$/, code);
    }
  });

  it('know their status, and whether the request may be sent again', () => {
    for (const code of CODES) {
      const error = new AppError(code, 'why');
      assert.equal(error.status, ERRORS[code].status);
      assert.equal(error.retryable, ERRORS[code].status === 503);
    }
  });

  it('cross a process border and come back as the same class', async () => {
    // An echo: what arrives is what a message between two processes makes of it.
    const echo = fork('-e', ['process.on("message", m => process.send(m))'], {
      execArgv: [],
      stdio: 'ignore',
    });
    await once(echo, 'spawn');
    try {
      for (const code of CODES) {
        const error = new AppError(code, `ein Grund: ${code}\n"\u2028" 😀`, {
          cause: new RangeError('deep'),
        });
        const arrived = once(echo, 'message');
        echo.send(error.toData());
        const back = AppError.from((await arrived)[0] as ErrorData);
        assert.instanceOf(back, AppError);
        assert.equal(back.name, 'AppError');
        assert.equal(back.code, code);
        assert.equal(back.message, error.message);
        assert.equal(back.status, error.status);
        assert.equal(messageOf(back.cause), 'deep');
      }
    } finally {
      echo.disconnect();
      await once(echo, 'exit');
    }
  });

  it('cross without a cause when they have none, and with the text of one that is no error', () => {
    assert.deepEqual(new AppError('internal', 'why').toData(), { code: 'internal', message: 'why' });
    assert.isUndefined(AppError.from({ code: 'internal', message: 'why' }).cause);
    assert.equal(new AppError('internal', 'why', { cause: 42 }).toData().cause, '42');
  });

  it('have a message, whatever was thrown', () => {
    assert.equal(messageOf(new Error('why')), 'why');
    assert.equal(messageOf('why'), 'why');
    assert.equal(messageOf(undefined), 'undefined');
    assert.equal(messageOf(null), 'null');
  });
});
