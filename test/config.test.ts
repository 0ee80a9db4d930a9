import { resolve } from 'node:path';
import { assert } from 'chai';
import { type Config, readConfig, SETTINGS } from '../src/config.js';
import { AppError } from '../src/errors.js';

type Name = keyof Config;

/** For each setting: what it is when it is absent, texts with what they mean, and texts that it refuses. */
const CASES: { [N in Name]: { absent: Config[N]; good: [string, Config[N]][]; bad: string[] } } = {
  PORT: {
    absent: 9090,
    good: [
      ['8000', 8000],
      [' 80 ', 80],
      ['0', 0],
      ['65535', 65535],
    ],
    bad: ['65536', '-1', '80.5', '0x50', 'http', '8e3', '80 81'],
  },
  HOST: {
    absent: '127.0.0.1',
    good: [
      ['0.0.0.0', '0.0.0.0'],
      ['::1', '::1'],
    ],
    bad: [],
  },
  PUBLIC_HOSTS: {
    absent: [],
    good: [['ml.example.com, *.tunnel.example', ['ml.example.com', '*.tunnel.example']]],
    bad: [],
  },
  MODEL_DIR: {
    absent: resolve('models'),
    good: [
      ['/srv/m', '/srv/m'],
      ['../m', resolve('../m')],
    ],
    bad: [],
  },
  DATA_DIR: { absent: resolve('data'), good: [['/srv/d', '/srv/d']], bad: [] },
  EXECUTION_PROVIDER: {
    absent: [{ name: 'cpu', device: 0 }],
    good: [
      ['cuda', [{ name: 'cuda', device: 0 }]],
      ['cuda:1', [{ name: 'cuda', device: 1 }]],
      [
        'cuda, cpu',
        [
          { name: 'cuda', device: 0 },
          { name: 'cpu', device: 0 },
        ],
      ],
    ],
    bad: [
      'gpu',
      'CUDA',
      'cuda:',
      'cuda:x',
      'cuda:-1',
      'cpu:1',
      'cuda,',
      ',',
      'cuda;cpu',
      '__proto__',
      'toString',
    ],
  },
  WORKERS: {
    absent: null,
    good: [
      ['1', 1],
      ['256', 256],
    ],
    bad: ['0', '257', 'many', '1.5'],
  },
  RELOAD_CRON: {
    absent: '* * * * *',
    good: [
      ['*/5 * * * *', '*/5 * * * *'],
      ['0 3 * * 1', '0 3 * * 1'],
    ],
    bad: ['often', '* * *', '61 * * * *'],
  },
  LABEL_STUDIO_URL: {
    absent: null,
    good: [
      ['http://localhost:8080', 'http://localhost:8080'],
      ['https://ls.example/app/', 'https://ls.example/app'],
    ],
    bad: ['localhost:8080', 'ftp://ls.example', 'http://', 'ls'],
  },
  LABEL_STUDIO_API_KEY: { absent: null, good: [['abc', 'abc']], bad: [] },
  HTTP_PROXY: {
    absent: null,
    good: [
      ['http://proxy:3128', 'http://proxy:3128'],
      ['proxy:3128', 'http://proxy:3128'],
      ['https://me:pw@proxy', 'https://me:pw@proxy'],
    ],
    bad: ['socks5://proxy:1080', 'http://', '://'],
  },
  HTTPS_PROXY: { absent: null, good: [['http://proxy:3128', 'http://proxy:3128']], bad: ['ftp://proxy'] },
  NO_PROXY: {
    absent: [],
    good: [['localhost, .corp.example 10.0.0.0/8,', ['localhost', '.corp.example', '10.0.0.0/8']]],
    bad: [],
  },
  BODY_LIMIT: {
    absent: 64 * 2 ** 20,
    good: [
      ['512kb', 2 ** 19],
      ['1gb', 2 ** 30],
      ['1.5 MB', 1.5 * 2 ** 20],
      ['100', 100],
      ['100b', 100],
    ],
    bad: ['lots', '64 megabytes', '-1mb', '1tb', 'mb', '1e6'],
  },
  MAX_BATCH: {
    absent: 64,
    good: [
      ['1', 1],
      ['65536', 65536],
    ],
    bad: ['0', '65537', 'x'],
  },
  BATCH_DELAY: { absent: 0, good: [['5ms', 5]], bad: ['5', '-1ms', '9999999s'] },
  QUEUE_LIMIT: { absent: 1_000, good: [['1', 1]], bad: ['0', 'none', '1e6'] },
  REQUEST_DEADLINE: {
    absent: 90_000,
    good: [
      ['30s', 30_000],
      ['576h', 2_073_600_000],
    ],
    // Beyond what a timer takes, each request would be over at once.
    bad: ['30', 'never', '577h', '3000000s'],
  },
  RUN_TIMEOUT: { absent: null, good: [['2m', 120_000]], bad: ['30', '0s', '999ms', '25000000s'] },
  RESULT_CACHE: {
    absent: 2 ** 25,
    good: [
      ['off', 0],
      ['1gb', 2 ** 30],
    ],
    bad: ['on', 'no'],
  },
  FILE_CACHE: {
    absent: 2 ** 30,
    good: [
      ['off', 0],
      ['512mb', 2 ** 29],
    ],
    bad: ['on', '1tb'],
  },
  CHILD_MEMORY: { absent: 2 ** 32, good: [['512mb', 2 ** 29]], bad: ['much'] },
  DRAIN_TIMEOUT: {
    absent: 10_000,
    good: [
      ['500ms', 500],
      ['5m', 300_000],
      ['0.5s', 500],
      ['1h', 3_600_000],
      ['0s', 0],
      ['2 S', 2000],
    ],
    bad: ['10', 'soon', '-1s', '1d', '1 s 5', '99999999999s'],
  },
  TRAIN_EVERY: { absent: 10, good: [['1', 1]], bad: ['0', 'some'] },
  TRAIN_DEBOUNCE: { absent: 10_000, good: [['0s', 0]], bad: ['10', '600h'] },
  TRAIN_CRON: { absent: null, good: [['0 3 * * *', '0 3 * * *']], bad: ['nightly'] },
  TRAIN_TIMEOUT: { absent: 1_800_000, good: [['2h', 7_200_000]], bad: ['long', '600h'] },
  TRAIN_MEMORY: { absent: 2 ** 32, good: [['512mb', 2 ** 29]], bad: ['much'] },
  PYTHON: {
    absent: null,
    good: [
      ['python3.12', 'python3.12'],
      ['.venv/bin/python', resolve('.venv/bin/python')],
    ],
    bad: [],
  },
  BASIC_AUTH_USER: { absent: null, good: [], bad: [] },
  BASIC_AUTH_PASS: { absent: null, good: [], bad: [] },
  WEBHOOK_SECRET: { absent: null, good: [['s3cret', 's3cret']], bad: [] },
  GATE: { absent: 'on', good: [['off', 'off']], bad: ['true', 'no', 'ON'] },
  GATE_TOLERANCE: {
    absent: 0.02,
    good: [
      ['0', 0],
      ['.1', 0.1],
      ['1', 1],
    ],
    bad: ['2%', '-0.1', '1.01', '1e-2', '0,02', '.'],
  },
  KEEP_VERSIONS: { absent: 5, good: [['1', 1]], bad: ['0', 'all', '1.5'] },
  ALLOW_HOSTS: {
    absent: [],
    good: [['minio:9000, *.corp.example,', ['minio:9000', '*.corp.example']]],
    bad: [],
  },
  LOCAL_FILES_DOCUMENT_ROOT: { absent: null, good: [['/srv/files', '/srv/files']], bad: [] },
  LOG_LEVEL: {
    absent: 'info',
    good: [
      ['trace', 'trace'],
      ['fatal', 'fatal'],
    ],
    bad: ['verbose', 'INFO', 'silent'],
  },
};

function refusal(env: Record<string, string>): AppError {
  try {
    readConfig(env);
  } catch (error) {
    assert.instanceOf(error, AppError);
    return error as AppError;
  }
  return assert.fail(`${JSON.stringify(env)} was taken`);
}

describe('settings', () => {
  it('are all in the table of these tests', () => {
    assert.sameMembers(Object.keys(CASES), Object.keys(SETTINGS));
  });

  for (const name of Object.keys(CASES) as Name[]) {
    const { absent, good, bad } = CASES[name];
    it(`${name} takes what it may be, and refuses the rest by its name`, () => {
      for (const env of [{}, { [name]: undefined }, { [name]: '' }, { [name]: '  ' }]) {
        assert.deepEqual<unknown>(readConfig(env)[name], absent);
      }
      for (const [text, value] of good)
        assert.deepEqual<unknown>(readConfig({ [name]: text })[name], value, text);
      for (const text of bad) {
        const { code, message } = refusal({ [name]: text });
        assert.equal(code, 'setting_invalid');
        assert.isTrue(message.startsWith(`${name}=${text}: ${name} is `), message);
      }
    });
  }

  it('that belong together are set together', () => {
    const both = { BASIC_AUTH_USER: 'me', BASIC_AUTH_PASS: 'pw: ä' };
    assert.include(readConfig(both), both);
    for (const name of ['BASIC_AUTH_USER', 'BASIC_AUTH_PASS'] as const) {
      const { message } = refusal({ [name]: both[name] });
      assert.match(message, /BASIC_AUTH_USER and BASIC_AUTH_PASS/);
      assert.notInclude(message, 'pw');
    }
  });

  it('of proxies are read in lower case first, as other programs do, and their passwords are not shown', () => {
    const both = { http_proxy: 'http://lower', HTTP_PROXY: 'http://upper' };
    assert.equal(readConfig(both).HTTP_PROXY, 'http://lower');
    assert.equal(readConfig({ ...both, http_proxy: '' }).HTTP_PROXY, 'http://upper');
    assert.deepEqual(readConfig({ no_proxy: '*' }).NO_PROXY, ['*']);
    const { message } = refusal({ HTTPS_PROXY: 'socks5://me:p@ss@proxy' });
    assert.isTrue(message.startsWith('HTTPS_PROXY=socks5://...@proxy: '), message);
  });

  it('are frozen, and other variables are left alone', () => {
    const config = readConfig({ PATH: '/bin', PORTS: '1' });
    assert.isFrozen(config);
    assert.sameMembers(Object.keys(config), Object.keys(SETTINGS));
  });
});
