import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { assert } from 'chai';

const ROOT = new URL('../', import.meta.url).pathname;

describe('the Makefile', () => {
  for (const name of ['VENV', 'TORCH', 'E2E', 'BENCH_VENV']) {
    it(`does not empty what a linked ${name} leads to`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'makefile-'));
      try {
        await mkdir(join(folder, 'shared'));
        await writeFile(join(folder, 'shared', 'file'), '');
        const link = join(folder, 'link');
        await symlink('shared', link);
        const make = spawn('make', [`${name}=${link}`, `${link}/.installed`], {
          cwd: ROOT,
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        const [said, why, [code]] = await Promise.all([
          text(make.stdout),
          text(make.stderr),
          once(make, 'close'),
        ]);
        assert.deepEqual(await readdir(join(folder, 'shared')), ['file']);
        assert.include(said, `${link} is a link`);
        assert.notEqual(code, 0, why);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  }
});
