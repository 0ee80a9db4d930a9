import { assert } from 'chai';
import { AppError, type ErrorCode, LabelStudioMLBase, type ModelClass } from '../../src/index.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { ErrorBody, PredictBody, Reply } from '../support/client.js';
import { SENTIMENT, tasksOf } from '../support/configs.js';

const HUGE = 'x'.repeat(20_000_000);

/** An error whose every property throws when it is read. */
function unreadable(): Error {
  const error = new Error();
  const fail = () => {
    throw new Error('a getter');
  };
  // The stack first: it is made of the others.
  for (const name of ['stack', 'name', 'message', 'cause', 'code', 'toString', 'toJSON', 'constructor'])
    Object.defineProperty(error, name, { get: fail, enumerable: true });
  return error;
}

function circularCause(): Error {
  const first = new Error('first');
  first.cause = new Error('second', { cause: first });
  return first;
}

function evilAppError(): AppError {
  class Evil extends AppError {
    override get status(): number {
      throw new Error('a status');
    }
    override get retryable(): boolean {
      throw new Error('a retry');
    }
  }
  return new Evil('task_invalid', 'evil');
}

/** As JavaScript can make them. */
const madeUp = (code: string, message: unknown = 'boo') => new AppError(code as ErrorCode, message as string);

const changed = (change: object) => Object.assign(new AppError('task_invalid', 'boo'), change);

const trapped = () =>
  new Proxy(new Error(), {
    get() {
      throw new Error('a trap');
    },
    getPrototypeOf() {
      throw new Error('a trap');
    },
  });

const THROWN: Record<string, () => unknown> = {
  'a code that the table lacks': () => madeUp('my_code'),
  'the code __proto__': () => madeUp('__proto__'),
  'the code toString': () => madeUp('toString'),
  'no code': () => madeUp(undefined as never),
  'no message': () => madeUp('task_invalid', undefined),
  'a code that was changed': () => changed({ code: 'constructor' }),
  'a message that was changed': () => changed({ message: { toString: null } }),
  'an AppError of its own': evilAppError,
  undefined: () => undefined,
  null: () => null,
  'a text': () => 'a text',
  'a symbol': () => Symbol('why'),
  'a bare object': () => Object.create(null),
  'an object that looks like an error': () => ({ message: 1n, stack: 5, code: {} }),
  'an error that cannot be read': unreadable,
  'a proxy that throws': trapped,
  'a function': () => unreadable,
  'a huge message': () => new Error(HUGE),
  'a huge message with a code': () => new AppError('task_invalid', HUGE),
  'a cause in a circle': circularCause,
  'a cause of itself': () => {
    const error = new AppError('model_failed', 'round');
    error.cause = error;
    return error;
  },
  'more than can be written': () => Object.assign(new Error('big'), { self: globalThis, big: 1n, HUGE }),
};

const circular: Record<string, unknown> = {};
circular.self = circular;
const throwing = () => {
  throw new Error('no JSON');
};

/** Items of an answer, and what is told of them; null: they are answered as they are. */
const ITEMS: Record<string, { item: unknown; code: ErrorCode | null; message?: RegExp }> = {
  'a BigInt': { item: { result: [], score: 1n }, code: 'predictions_invalid', message: /BigInt/ },
  'a circle': { item: { result: [circular] }, code: 'predictions_invalid', message: /circular/i },
  'a toJSON that throws': { item: { result: [{ toJSON: throwing }] }, code: 'predictions_invalid' },
  'a toJSON that is no object': { item: { result: [], toJSON: () => 'text' }, code: 'predictions_invalid' },
  'a toJSON without a value': { item: { result: [], toJSON: () => undefined }, code: 'predictions_invalid' },
  'a getter that throws': {
    item: Object.defineProperty({ result: [] }, 'score', { get: throwing, enumerable: true }),
    code: 'predictions_invalid',
  },
  'a list with no predictions in it': { item: [null], code: 'predictions_invalid' },
  'a proxy': { item: new Proxy({}, { ownKeys: throwing, has: throwing }), code: 'predictions_invalid' },
  'an error that is a text': {
    item: { error: 'no text in it' },
    code: 'model_failed',
    message: /^no text in it$/,
  },
  'an error without a code': { item: { error: { message: 'why' } }, code: 'model_failed', message: /^why$/ },
  'an error with a code of the table': {
    item: { error: { code: 'task_invalid', message: 'why' } },
    code: 'task_invalid',
    message: /^why$/,
  },
  'an error with another code': {
    item: { error: { code: 'no_text', message: 'why' } },
    code: 'model_failed',
  },
  'an error with the code __proto__': {
    item: { error: { code: '__proto__', message: 'why' } },
    code: 'model_failed',
    message: /^why$/,
  },
  'an error that is null': { item: { error: null }, code: 'model_failed' },
  'an error that cannot be read': { item: { error: unreadable() }, code: 'model_failed' },
  'an error of a circle': {
    item: { error: { code: 'task_invalid', message: circular } },
    code: 'task_invalid',
  },
  'an error that is huge': { item: { error: { code: 'task_invalid', message: HUGE } }, code: 'task_invalid' },
  'an empty object': { item: {}, code: null },
};

const ANSWERS: Record<string, () => unknown> = {
  nothing: () => undefined,
  'a list that cannot be read': () => new Proxy([], { get: throwing }),
  'predictions that cannot be read': () => Object.defineProperty({}, 'predictions', { get: throwing }),
  'a version that is no text': () => ({ predictions: [{ result: [] }], modelVersion: { toJSON: throwing } }),
  'a version that is a BigInt': () => ({ predictions: [{ result: [] }], modelVersion: 7n }),
  'a promise of its own': () => ({
    // biome-ignore lint/suspicious/noThenProperty: what a class may answer
    get then() {
      throw new Error('then');
    },
  }),
};

/** What the class does next. */
let act: (count: number) => unknown = () => [];
let ready: () => void = () => {};

class Hostile extends LabelStudioMLBase {
  override setup() {
    ready();
  }
  override predict(tasks: unknown[]) {
    return act(tasks.length) as never;
  }
}

/** Fills the other control. */
class Quiet extends LabelStudioMLBase {
  override predict(tasks: unknown[]) {
    return tasks.map(() => ({ result: [] }));
  }
}

const DEEP = (message: string) => assert.notMatch(message, /\n\s+at |node_modules/);

describe('classes that throw or answer what nobody expects', () => {
  for (const [how, classes, extra] of [
    ['alone', [Hostile], {}],
    [
      'with another model',
      [Hostile, Quiet],
      { extra_params: { models: { sentiment: 'hostile', other: 'quiet' } } },
    ],
  ] as [string, ModelClass[], object][]) {
    describe(how, () => {
      let backend: TestBackend;
      const config =
        classes.length === 1
          ? SENTIMENT
          : SENTIMENT.replace(
              '</View>',
              '<Choices name="other" toName="text"><Choice value="A"/><Choice value="B"/></Choices></View>',
            );
      const alone = classes.length === 1;
      before(async () => {
        backend = await startBackend({}, classes);
        ready = () => {};
        const reply = await backend.setup({ project: '1', schema: config, ...extra });
        assert.equal(reply.status, 200, JSON.stringify(reply.body));
      });
      after(() => backend.stop());
      const ask = (count: number) =>
        backend.predict({ project: '1', tasks: tasksOf(new Array(count).fill('good')) });
      afterEach('it serves on', async () => {
        act = count => new Array(count).fill({ result: [] });
        assert.equal((await ask(2)).status, 200);
      });
      const expectError = (reply: Reply<unknown>, codes: readonly string[]) => {
        const { code, message, request_id } = reply.body as ErrorBody;
        assert.include(codes, code, message);
        assert.isAtMost(message.length, 2_000);
        assert.equal(reply.headers['x-request-id'], request_id);
        DEEP(message);
      };

      for (const [what, make] of Object.entries(THROWN)) {
        it(`throws ${what}`, async () => {
          act = () => {
            throw make();
          };
          const reply = await ask(2);
          // The other model answers without it.
          if (alone) expectError(reply, ['model_failed', 'task_invalid']);
          else assert.equal(reply.status, 200);
          act = async () => {
            throw make();
          };
          assert.equal((await ask(1)).status, reply.status);
        });
      }

      for (const [what, { item, code, message = /./ }] of Object.entries(ITEMS)) {
        it(`answers ${what}`, async () => {
          act = count => [item, ...new Array(count - 1).fill({ result: [] })];
          const { status, body } = await ask(2);
          assert.equal(status, 200, JSON.stringify(body));
          const results = body.results as unknown as [Record<string, unknown>, Record<string, unknown>];
          assert.lengthOf(results, 2);
          assert.property(results[1], 'result');
          if (!alone) return;
          const error = results[0].error as ErrorBody | undefined;
          assert.equal(error?.code, code ?? undefined, error?.message);
          if (!error) return;
          assert.match(error.message, message);
          assert.isAtMost(error.message.length, 500);
          DEEP(error.message);
          expectError(await ask(1), [code!]);
        });
      }

      for (const [what, make] of Object.entries(ANSWERS)) {
        it(`answers ${what} in the place of predictions`, async () => {
          act = make;
          const reply = await ask(1);
          if (alone) expectError(reply, ['predictions_invalid', 'model_failed']);
          else assert.equal(reply.status, 200);
        });
      }
    });
  }

  it('a version that is a number is that number as text', async () => {
    const backend = await startBackend({}, [Hostile]);
    try {
      act = count => ({ predictions: new Array(count).fill({ result: [] }), modelVersion: 7 });
      const { body } = await backend.predict({ label_config: SENTIMENT, tasks: tasksOf(['good']) });
      assert.equal((body as PredictBody).model_version, '7');
    } finally {
      await backend.stop();
    }
  });

  it('what setup() throws is told to whoever connects the backend', async () => {
    const backend = await startBackend({}, [Hostile]);
    const cases: [thrown: unknown, told: string][] = [
      [new Error('set OPENAI_API_KEY\n    at setup (my-model.ts:7)'), ': set OPENAI_API_KEY'],
      ['no weights', ': no weights'],
      [new TypeError('x'.repeat(500)), `: ${'x'.repeat(217)}...`],
      [new Error(''), ''],
    ];
    try {
      for (const [thrown, told] of cases) {
        ready = () => {
          throw thrown;
        };
        const reply = await backend.setup({ project: '1', schema: SENTIMENT });
        const message = `the model 'hostile' failed in setup()${told}`;
        assert.include(reply.body as object, { code: 'model_failed', message });
        assert.equal(reply.reason, message);
      }
    } finally {
      ready = () => {};
      await backend.stop();
    }
  });

  it('setup() fails with the same errors, and the server serves on', async () => {
    const backend = await startBackend({}, [Hostile]);
    try {
      for (const [what, make] of Object.entries(THROWN)) {
        ready = () => {
          throw make();
        };
        const reply = await backend.setup({ project: '1', schema: SENTIMENT });
        const { code, message } = reply.body as unknown as ErrorBody;
        assert.include(['model_failed', 'task_invalid'], code, what);
        assert.isAtMost(message.length, 2_000);
        DEEP(message);
      }
      ready = () => {};
      assert.equal((await backend.setup({ project: '1', schema: SENTIMENT })).status, 200);
      const written = backend.log.lines.map(line => JSON.stringify(line).length);
      assert.isBelow(Math.max(...written), 50_000, 'a line of the log is bounded');
    } finally {
      await backend.stop();
    }
  });
});
