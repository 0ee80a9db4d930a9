import { createHash } from 'node:crypto';
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { checkNames, verifyFiles } from '../../src/registry/version-files.js';
import { temporaryFolder } from '../support/folder.js';

describe('files of a version that change while they are loaded', () => {
  const WAYS: [what: string, change: (path: string) => Promise<unknown>][] = [
    ['written over', path => writeFile(path, 'other')],
    [
      'written over, of the same size and with the same time',
      async path => {
        const { atime, mtime } = await stat(path);
        await writeFile(path, 'other');
        await utimes(path, atime, mtime);
      },
    ],
    [
      'replaced by another one',
      async path => {
        await writeFile(`${path}.new`, 'other');
        await rename(`${path}.new`, path);
      },
    ],
    ['removed', path => rm(path)],
  ];
  it('are named when the folder itself has gone', async () => {
    const folder = join(await temporaryFolder(), 'gone');
    const error = await checkNames(folder, {}).catch((thrown: unknown) => thrown);
    assert.propertyVal(error, 'code', 'version_invalid');
    assert.include((error as Error).message, `${folder} is not readable`);
  });

  for (const [what, change] of WAYS) {
    it(`are noticed: ${what}`, async () => {
      const folder = await temporaryFolder();
      const path = join(folder, 'model.onnx');
      await writeFile(path, 'graph');
      const files = {
        'model.onnx': createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      };
      const requireUnchanged = await verifyFiles(folder, files);
      await requireUnchanged();
      await change(path);
      const message = await requireUnchanged().then(
        () => assert.fail('it was not noticed'),
        (error: Error) => error.message,
      );
      assert.include(message, path);
      assert.match(message, /was changed while it was loaded|cannot be read: there is no such file/);
    });
  }
});
