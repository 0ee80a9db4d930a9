import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { ErrorBody } from '../support/client.js';
import { SENTIMENT } from '../support/configs.js';
import { temporaryFolder } from '../support/folder.js';
import { addVersion, modelRepository } from '../support/models.js';
import { poisonousModel, WARM_UP } from '../support/poison.js';
import { startProcess } from '../support/process.js';
import { program } from '../support/program.js';
import { ROOT } from '../support/python.js';
import { models, servedBy } from './support.js';

const NEWER = '20990101-000001-abcdef';

describe('a graph that never ends while it is loaded', () => {
  let root: string;
  let backend: TestBackend;

  before(async () => {
    const { version } = await poisonousModel({ hang: WARM_UP });
    root = await modelRepository('sentiment');
    // It comes first.
    const folder = join(root, 'endless', 'versions');
    await mkdir(folder, { recursive: true });
    await cp(join(version, '..', '..', 'model.json'), join(root, 'endless', 'model.json'));
    await cp(version, join(folder, '20990101-000000-abcdef'), { recursive: true });
    backend = await startBackend({ MODEL_DIR: root });
  });
  after(() => backend.stop());

  it('holds up neither the start nor other models; who asks for it is told', async () => {
    assert.match(await servedBy(backend), /^sentiment:/);
    const setup = await backend.post<ErrorBody>('/models/endless/setup', { project: '1', schema: SENTIMENT });
    assert.equal(`${setup.status} ${setup.body.code}`, '503 not_ready');
    assert.include(setup.body.message, 'endless:20990101-000000-abcdef is being loaded');
  });

  it('holds up no new version of another model, and no deletion', async () => {
    await addVersion(join(root, 'sentiment'), NEWER);
    void backend.backend.reload();
    await backend.log.line(({ msg }) => msg === `sentiment:${NEWER} serves now`);
    assert.equal(await servedBy(backend), `sentiment:${NEWER}`);
    await addVersion(join(backend.dataDir, 'projects/7/models/sentiment'), NEWER);
    void backend.backend.reload();
    await backend.log.line(({ msg, project }) => msg === `sentiment:${NEWER} serves now` && project === '7');
    assert.equal((await backend.post('/delete', { project: '7' })).status, 200);
    assert.deepEqual(await readdir(join(backend.dataDir, 'projects')), []);
  });

  it('is given up when its folder goes', async () => {
    await rm(join(root, 'endless'), { recursive: true });
    await backend.backend.reload();
    const { models: all, problems } = await models(backend);
    assert.deepEqual(
      all.map(({ name }) => name),
      ['sentiment'],
    );
    assert.deepEqual(problems, []);
  });
});

/** An input kind that takes as many seconds to load as the manifest says, and to be encoded as the task says. */
const SLOW_KIND = `
  const sleep = seconds => new Promise(resolve => setTimeout(resolve, seconds * 1000));
  export const inputs = [{
    kind: 'slow', objectTags: [], optionsSchema: { properties: { load: { type: 'number' } }, required: [] },
    read: ({ seconds }) => seconds,
    async load(_folder, { load = 0 }) {
      await sleep(load);
      return { warmUp: 0, async *encode(values) {
        for (const [row, seconds] of values.entries()) {
          await sleep(seconds);
          yield { rows: [row], feeds: { input: { type: 'float64', data: new Float64Array(13), dims: [1, 13] } } };
        }
      } };
    },
    example: { options: {}, object: '<Text name="o" value="$t"/>', data: { t: '' }, files: {}, feeds: {} },
  }];`;

const WINES =
  '<View><Text name="t" value="$text"/><Choices name="c" toName="t"><Choice value="Barolo"/>' +
  '<Choice value="Grignolino"/><Choice value="Barbera"/></Choices></View>';

/** A model of that kind. */
async function addSlow(root: string, name: string, load: number): Promise<void> {
  const wine = join(ROOT, 'models/wine/versions');
  const graph = await readFile(join(wine, (await readdir(wine))[0]!, 'model.onnx'));
  const version = join(root, name, 'versions', '20260501-101500-3fa94c');
  await mkdir(version, { recursive: true });
  await writeFile(join(version, 'model.onnx'), graph);
  const decision = { rule: 'argmax' };
  const labels = ['Barolo', 'Grignolino', 'Barbera'];
  const record = {
    format: 1,
    created: '2026-05-01T10:15:00Z',
    files: { 'model.onnx': createHash('sha256').update(graph).digest('hex') },
    outputs: [{ name: 'label', tensor: 'probabilities', kind: 'probabilities', labels, decision }],
    metrics: {},
    parity: {},
    tools: {},
  };
  await writeFile(join(version, 'version.json'), JSON.stringify(record));
  const outputs = [{ name: 'label', control: 'Choices', choice: 'single' }];
  const manifest = { format: 1, title: name, input: { kind: 'slow', load }, outputs };
  await writeFile(join(root, name, 'model.json'), JSON.stringify(manifest));
}

describe('a version that takes long to load', () => {
  it('keeps no request waiting, though one process serves; quick ones that come meanwhile serve before it', async () => {
    const root = await temporaryFolder();
    await addSlow(root, 'quick', 0);
    const kind = `data:text/javascript,${encodeURIComponent(SLOW_KIND)}`;
    const [main = '', ...options] = program('main').reverse();
    const script = `import { serve } from '${main}'; await serve([], { kinds: [${JSON.stringify(kind)}] });`;
    const server = await startProcess({ MODEL_DIR: root, RESULT_CACHE: 'off' }, [
      ...options.reverse(),
      '--input-type=module',
      '-e',
      script,
    ]);
    try {
      const serves = (name: string) =>
        server.log.line(({ msg }) => msg.startsWith(`${name}:`) && msg.endsWith(' serves now'));
      const ask = (name: string, seconds = 0) =>
        server.post<{ results: object[] }>(`/models/${name}/predict`, {
          tasks: [{ data: { text: '', seconds } }],
          label_config: WINES,
        });
      assert.equal((await ask('quick')).status, 200);
      await addSlow(root, 'slow', 5);
      let isOver = false;
      const over = serves('slow').then(() => {
        isOver = true;
      });
      server.signal('SIGHUP');
      let asked = 0;
      while (!isOver) {
        assert.property((await ask('quick', 0.1)).body.results[0], 'result');
        if (++asked === 3) {
          await addSlow(root, 'later', 0);
          server.signal('SIGHUP');
          void serves('later').then(() => assert.isFalse(isOver, 'the quick one waited for the slow one'));
        }
      }
      await over;
      // A process that loads it in its turn answers nothing for five seconds: twice, once it is asked.
      assert.isAbove(asked, 20);
      for (const name of ['quick', 'later', 'slow']) assert.equal((await ask(name)).status, 200);
      assert.isEmpty(server.log.lines.filter(({ level }) => level >= 50));
    } finally {
      await server.stop();
    }
  });
});
