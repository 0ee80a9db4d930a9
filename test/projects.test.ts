import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { dataLayout } from '../src/data-folder/layout.js';
import { Projects } from '../src/projects.js';
import { State } from '../src/state.js';
import { servedBy } from './registry/support.js';
import { startBackend } from './support/backend.js';
import { SENTIMENT } from './support/configs.js';
import { temporaryFolder } from './support/folder.js';
import { addVersion } from './support/models.js';
import { smallDisk } from './support/tmpfs.js';

const OLD = '20260101-000000-aaaaaa';
const NEW = '20260102-000000-bbbbbb';

describe('a project', () => {
  it('is removed after what is being learnt for it has ended, with what that leaves', async () => {
    const dataDir = await temporaryFolder();
    const versions = join(dataDir, 'projects/7/models/topics/versions');
    const steps: string[] = [];
    const projects = new Projects({
      layout: dataLayout(dataDir),
      state: { deleteProject: () => steps.push('state') } as never,
      service: { forget: () => steps.push('service') } as never,
      async stopLearning(project) {
        steps.push(`stop ${project}`);
        await mkdir(join(versions, NEW), { recursive: true });
      },
      exclusively(change) {
        steps.push('versions');
        return change();
      },
      forgetFiles: async project => void steps.push(`files of ${project}`),
      reload: async () => void steps.push('reload'),
    });
    await projects.remove('7');
    assert.deepEqual(steps, ['stop 7', 'versions', 'state', 'service', 'files of 7', 'reload']);
    assert.deepEqual(await readdir(join(dataDir, 'projects')), []);
  });

  it('is not copied, nor is its folder, when as many projects are known as are kept', async () => {
    const layout = dataLayout(await temporaryFolder());
    await mkdir(join(layout.project('7'), 'models'), { recursive: true });
    const state = State.open(layout.root, () => {}, 1);
    try {
      state.setProject('7', { labelConfig: SENTIMENT, hostname: null, accessToken: null, extraParams: {} });
      const deps = { layout, state, exclusively: (change: () => Promise<void>) => change() };
      const copying = new Projects(deps as never).duplicate('7', '9');
      const error = await copying.catch((thrown: unknown) => thrown);
      assert.include(error, { code: 'overloaded' });
      assert.deepEqual(await readdir(layout.projects), ['7']);
    } finally {
      await state.close();
    }
  });

  it('is copied as long as a good part of the disk stays free, and leaves nothing of a copy that does not fit', async function () {
    const disk = await smallDisk('size=20m');
    if (!disk) return this.skip();
    const layout = dataLayout(disk.folder);
    const versions = join(layout.project('0'), 'models/topics/versions', OLD);
    await mkdir(versions, { recursive: true });
    await writeFile(join(versions, 'graph.onnx'), Buffer.alloc(4 * 2 ** 20));
    const state = State.open(layout.root);
    try {
      state.setProject('0', { labelConfig: SENTIMENT, hostname: null, accessToken: null, extraParams: {} });
      const deps = {
        ...{ layout, state, service: { forget() {} }, reload: async () => {} },
        exclusively: (change: () => Promise<void>) => change(),
      };
      const projects = new Projects(deps as never);
      const outcomes: unknown[] = [];
      for (const id of ['1', '2', '3', '4', '5']) {
        const failed = await projects.duplicate('0', id).then(
          () => undefined,
          error => error,
        );
        outcomes.push(failed?.code ?? 'copied');
        if (failed)
          assert.match(
            failed.message,
            /^DATA_DIR=.* takes 5 MB, .* too little room on its disk: free some space/,
          );
      }
      const none = 'data_dir_unwritable';
      assert.deepEqual(outcomes, ['copied', 'copied', 'copied', none, none]);
      assert.deepEqual((await readdir(layout.projects)).sort(), ['0', '1', '2', '3']);
      assert.isUndefined(state.project('4'));
      const { bavail, blocks } = await statfs(disk.folder);
      assert.isAbove(bavail, blocks / 10);
    } finally {
      await state.close();
      await disk.remove();
    }
  });

  it('gives its copy the version that it chose, and nothing that is half-done', async () => {
    const backend = await startBackend();
    try {
      const own = join(backend.dataDir, 'projects/7/models/sentiment');
      await addVersion(own, OLD);
      await addVersion(own, NEW);
      await mkdir(join(own, 'versions', `.${OLD}`));
      await backend.backend.reload();
      await backend.setup({ project: '7', schema: SENTIMENT });
      const chosen = await backend.post(`/api/models/sentiment/versions/${OLD}/activate?project=7`, '');
      assert.equal(chosen.status, 200);
      await addVersion(join(backend.dataDir, 'projects/9/models/sentiment'), NEW);
      await backend.post('/duplicate_model', { project_src: '7', project_dst: '9' });
      assert.equal(await servedBy(backend, '9'), `sentiment:${OLD}`);
      const copy = join(backend.dataDir, 'projects/9/models/sentiment');
      assert.equal(await readFile(join(copy, 'active'), 'utf8'), `${OLD}\n`);
      assert.sameMembers(await readdir(join(copy, 'versions')), [OLD, NEW]);
      await backend.post(`/api/models/sentiment/versions/${NEW}/activate?project=9`, '');
      assert.equal(await servedBy(backend, '7'), `sentiment:${OLD}`);
      assert.equal(await servedBy(backend, '9'), `sentiment:${NEW}`);
    } finally {
      await backend.stop();
    }
  });

  it('and its trainings leave nothing when a server that died starts again', async () => {
    const dataDir = await temporaryFolder();
    const own = join(dataDir, 'projects/7/models/sentiment');
    await addVersion(own, NEW);
    const left = [
      'projects/.8/models/sentiment/versions',
      'projects/.9-copy/models',
      `projects/7/models/sentiment/versions/.${OLD}`,
      `jobs/j/out/${OLD}`,
      'cache/files/.half',
    ];
    for (const path of left) await mkdir(join(dataDir, path), { recursive: true });
    await writeFile(join(own, '.active'), 'half');
    const backend = await startBackend({ DATA_DIR: dataDir });
    try {
      assert.equal(await servedBy(backend, '7'), `sentiment:${NEW}`);
      for (const path of [...left, 'projects/7/models/sentiment/.active'])
        assert.isFalse(existsSync(join(dataDir, path)), path);
    } finally {
      await backend.stop();
    }
  });
});
