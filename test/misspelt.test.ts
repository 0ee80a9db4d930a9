import { assert } from 'chai';
import { SETTINGS } from '../src/config.js';
import { misspelt } from '../src/misspelt.js';

const NAMES = Object.keys(SETTINGS);
const of = (...names: string[]) => misspelt(Object.fromEntries(names.map(name => [name, 'x'])), NAMES);

describe('misspelt settings', () => {
  for (const [given, nearest] of [
    ['DATA_DRI', 'DATA_DIR'],
    ['DATADIR', 'DATA_DIR'],
    ['MODELS_DIR', 'MODEL_DIR'],
    ['PUBLIC_HOST', 'PUBLIC_HOSTS'],
    ['RUN_TIME_OUT', 'RUN_TIMEOUT'],
    ['WORKER', 'WORKERS'],
    ['PROT', 'PORT'],
    ['log_level', 'LOG_LEVEL'],
    ['TRAIN_TIMOUT', 'TRAIN_TIMEOUT'],
    ['LABEL_STUDIO_HOSTNAME', 'LABEL_STUDIO_URL'],
    ['LABEL_STUDIO_API_TOKEN', 'LABEL_STUDIO_API_KEY'],
    ['BASIC_AUTH_PASSWORD', 'BASIC_AUTH_PASS'],
    ['BASIC_AUTH_USERNAME', 'BASIC_AUTH_USER'],
    ['REQUEST_DEADLNE', 'REQUEST_DEADLINE'],
  ] as const)
    it(`are told from others, with the nearest one: ${given}`, () =>
      assert.deepEqual(of(given), [{ given, nearest }]));

  it('are none of what other programs, shells and Kubernetes set', () => {
    const others = [
      ...[
        'PATH',
        'HOME',
        'HOSTNAME',
        'HOSTTYPE',
        'PWD',
        'SHLVL',
        'LOGNAME',
        'LANG',
        'TERM',
        'TMPDIR',
        'GATEWAY',
      ],
      ...['PYTHONPATH', 'PYTHONUNBUFFERED', 'NODE_ENV', 'NODE_OPTIONS', 'MAKEFLAGS', 'MAKELEVEL', 'DATE'],
      ...[
        'npm_config_loglevel',
        'npm_package_name',
        'http_proxy',
        'CUDA_VISIBLE_DEVICES',
        'POSTGRES_HOST',
        'XDG_DATA_DIRS',
      ],
      ...[
        'LABEL_STUDIO_SERVICE_HOST',
        'LABEL_STUDIO_SERVICE_PORT',
        'LABEL_STUDIO_PORT',
        'LABEL_STUDIO_PORT_8080_TCP_ADDR',
      ],
      ...['TRAIN_DATA', 'MODEL_NAME', 'DATABASE_URL', 'KUBERNETES_SERVICE_HOST'],
    ];
    assert.deepEqual(of(...others), []);
    assert.deepEqual(of(...NAMES), []);
    assert.deepEqual(misspelt({ DATA_DRI: undefined }, NAMES), []);
  });
});
