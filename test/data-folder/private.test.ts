import { chmod, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { temporaryFolder } from '../support/folder.js';
import { startProcess } from '../support/process.js';

/** The modes of all that lies in a folder, by path. */
async function modes(folder: string): Promise<Record<string, string>> {
  const paths = ['.', ...(await readdir(folder, { recursive: true }))];
  const all = await Promise.all(
    paths.map(async path => {
      const stats = await stat(join(folder, path));
      return [
        path,
        `${stats.isDirectory() ? 'folder' : 'file'} ${(stats.mode & 0o777).toString(8)}`,
      ] as const;
    }),
  );
  return Object.fromEntries(all.sort());
}

describe('DATA_DIR', () => {
  it('is its owner alone: what the server makes, and what was there before', async () => {
    const root = await temporaryFolder();
    const outside = join(await temporaryFolder(), 'outside');
    await writeFile(outside, '');
    const DATA_DIR = join(root, 'data');
    const job = join(DATA_DIR, 'projects/7/models/old/versions');
    await mkdir(job, { recursive: true });
    await writeFile(join(job, 'notes'), '');
    await symlink(outside, join(job, 'link'));
    for (const path of ['.', 'projects', 'projects/7']) await chmod(join(DATA_DIR, path), 0o755);
    for (const path of [outside, join(job, 'notes')]) await chmod(path, 0o644);
    const server = await startProcess({ DATA_DIR });
    try {
      await server.setup({ project: '7', schema: '<View/>', hostname: 'http://x', access_token: 'secret' });
      const all = await modes(DATA_DIR);
      assert.includeMembers(Object.keys(all), [
        'state.mdb',
        'state.mdb-lock',
        'projects/7/models/old/versions/notes',
      ]);
      const { 'projects/7/models/old/versions/link': linked, ...own } = all;
      assert.equal(linked, 'file 644', 'what a link points to is not the server’s');
      for (const [path, mode] of Object.entries(own))
        assert.equal(mode, mode.startsWith('folder') ? 'folder 700' : 'file 600', path);
    } finally {
      await server.stop();
    }
  });
});
