import { execFile } from 'node:child_process';
import { cp, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { assert } from 'chai';
import { poisonousModel, WARM_UP } from '../../support/poison.js';
import { SoakServer } from '../server.js';
import type { Disturbance } from './disturbance.js';
import { until } from './wait.js';

const run = promisify(execFile);
const GOOD = 'good-one';

/** Each makes a model's folder that is bad. */
const BAD: Readonly<Record<string, (folder: string) => Promise<unknown>>> = {
  'active-folder': folder => mkdir(join(folder, 'active')),
  'versions-file': async folder => {
    await rm(join(folder, 'versions'), { recursive: true });
    await writeFile(join(folder, 'versions'), '');
  },
  fifo: async folder => {
    await rm(join(folder, 'model.json'));
    await run('mkfifo', [join(folder, 'model.json')]);
  },
  device: async folder => {
    await rm(join(folder, 'model.json'));
    await symlink('/dev/zero', join(folder, 'model.json'));
  },
  circle: async folder => {
    await rm(join(folder, 'model.json'));
    await symlink('model.json', join(folder, 'model.json'));
  },
  'no-json': folder => writeFile(join(folder, 'model.json'), '{'),
  'null-json': folder => writeFile(join(folder, 'model.json'), 'null'),
  strange: async folder => writeFile(join(await versionOf(folder), 'not-listed'), ''),
  cut: async folder => writeFile(join(await versionOf(folder), 'model.onnx'), 'no graph'),
};

async function versionOf(folder: string): Promise<string> {
  return join(folder, 'versions', (await SoakServer.version()).split('/').at(-1)!);
}

export const hostileFolders: Disturbance = {
  name: 'model folders that are bad, each of which is named, and one with a graph that never ends: others go on, a restart too',
  expected: new RegExp(`${[...Object.keys(BAD), 'endless', 'dangling'].join('|')}`),
  async run(server) {
    const { models, scratch } = server;
    const staged = join(scratch, 'bad');
    const names = [...Object.keys(BAD), 'endless'];
    const problems = async () => JSON.stringify((await server.described()).problems);
    try {
      for (const [name, spoil] of Object.entries(BAD)) {
        await cp(join(models, 'sentiment'), join(staged, name), { recursive: true });
        await spoil(join(staged, name));
      }
      const { root } = await poisonousModel({ hang: WARM_UP });
      await cp(join(root, 'sentiment'), join(staged, 'endless'), { recursive: true });
      for (const name of names) await rename(join(staged, name), join(models, name));
      await writeFile(join(models, '.DS_Store'), '');
      await symlink('/nowhere', join(models, 'dangling'));
      for (const name of Object.keys(BAD))
        await until(`the folder '${name}' to be named`, async () => (await problems()).includes(name));
      await cp(join(models, 'digits'), join(staged, GOOD), { recursive: true });
      await rename(join(staged, GOOD), join(models, GOOD));
      await until('a good model beside them to be found', async () =>
        (await server.modelNames()).includes(GOOD),
      );
      await server.answers();
      await server.stop();
      await server.start();
      await server.answers();
    } finally {
      for (const name of [...names, GOOD, '.DS_Store', 'dangling'])
        await rm(join(models, name), { recursive: true, force: true });
      await rm(staged, { recursive: true, force: true });
    }
    await until('all problems to be gone', async () => (await problems()) === '[]');
    assert.notInclude(await server.modelNames(), GOOD);
    return `${names.length} bad folders`;
  },
};
