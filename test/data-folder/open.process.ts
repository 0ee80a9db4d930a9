import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { dataLayout } from '../../src/data-folder/layout.js';
import { type DataFolder, openDataFolder } from '../../src/data-folder/open.js';
import { temporaryFolder } from '../support/folder.js';
import { CapturedLog } from '../support/log.js';
import { startProcess } from '../support/process.js';
import { smallDisk } from '../support/tmpfs.js';

const SCRIPT = ['--import', 'tsx', 'test/training/fit-entry.ts'];
const PROJECTS = 60;

describe('a DATA_DIR that cannot be used', function () {
  this.timeout(60_000);
  /** What a server says that does not start. */
  const words = async (DATA_DIR: string): Promise<string> =>
    startProcess({ DATA_DIR }).then(
      async server => {
        await server.stop();
        return 'it started';
      },
      (error: Error) => error.message.replace('it ended with 1: ', '').trim(),
    );

  it('is told in one line with the setting and the path: a file, and a folder of the system', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    assert.equal(
      await words(join(file, 'data')),
      `setting_invalid: DATA_DIR=${file}/data: a file has its place: set DATA_DIR to a folder, or move the file away`,
    );
    // Where nobody makes a folder, not even root.
    assert.match(
      await words('/sys/data'),
      /^setting_invalid: DATA_DIR=\/sys\/data: the user of this server \(uid \d+\) may not write there: .*chown.*$/,
    );
  });

  for (const [what, options, fill, reason] of [
    ['a full disk', 'size=16k', true, 'there is no room on its disk'],
    [
      'a disk with room for the lock alone',
      'size=300k',
      false,
      'there is no room on its disk, and a start needs 2 MB',
    ],
    ['a read-only disk', 'ro', false, 'its disk is read-only'],
  ] as const) {
    it(`is told in one line with the setting and the path: ${what}`, async function () {
      const disk = await smallDisk(options);
      if (!disk) return this.skip();
      const { folder, remove } = disk;
      try {
        if (fill) await writeFile(join(folder, 'fill'), Buffer.alloc(16 * 1024)).catch(() => {});
        assert.match(await words(folder), new RegExp(`^setting_invalid: DATA_DIR=${folder}: ${reason}: .*$`));
      } finally {
        await remove();
      }
    });
  }
});

describe('a damaged state file', function () {
  this.timeout(60_000);
  let root: string;
  let path: string;
  let content: Buffer;
  let log: CapturedLog;

  const open = (): Promise<DataFolder> =>
    openDataFolder(root, { log: log.logger, lost: error => assert.fail(error.message) });
  const asideOf = async () => (await readdir(root)).filter(name => name.includes('damaged'));
  const problems = () => log.lines.filter(({ level }) => level >= 50);

  beforeEach(async () => {
    root = await temporaryFolder();
    path = dataLayout(root).state;
    log = new CapturedLog();
    const { state, close } = await open();
    for (let id = 0; id < PROJECTS; id++) {
      const labelConfig = `<View>${' '.repeat(2000)}${id}</View>`;
      state.setProject(String(id), {
        labelConfig,
        hostname: null,
        accessToken: `token ${id}`,
        extraParams: {},
      });
    }
    state.setLastProject('7');
    await close();
    content = await readFile(path);
  });

  /** The projects that are known. */
  async function known(): Promise<number[]> {
    const { state, close } = await open();
    const all = Array.from({ length: PROJECTS }, (_, id) => id).filter(id => {
      const project = state.project(String(id));
      if (project) assert.equal(project.accessToken, `token ${id}`);
      return project !== undefined;
    });
    // It can be written.
    state.setProject('new', { labelConfig: '', hostname: null, accessToken: null, extraParams: {} });
    await close();
    return all;
  }

  it('is what a sound one is not: nothing is lost, said or left by a start', async () => {
    assert.lengthOf(await known(), PROJECTS);
    const { state, close } = await open();
    assert.equal(state.lastProject()?.id, '7');
    await close();
    assert.deepEqual(problems(), []);
    assert.sameMembers(await readdir(root), ['lock', 'state.mdb', 'state.mdb-lock', 'tmp']);
  });

  for (const [what, damage] of [
    ['half of it', (all: Buffer) => all.subarray(0, all.length / 2)],
    ['a few bytes of it', (all: Buffer) => all.subarray(0, 100)],
    ['something else', (all: Buffer) => Buffer.from(all.map((_, index) => (index * 7919) >> 3))],
    ['one without its first page', (all: Buffer) => Buffer.concat([Buffer.alloc(4096), all.subarray(4096)])],
    ['a text', () => Buffer.from('not a database\n'.repeat(1000))],
    // What a power cut or a full disk leaves.
    ['an empty file', () => Buffer.alloc(0)],
    ['zeros', () => Buffer.alloc(8192)],
    ['less than a page of zeros', () => Buffer.alloc(100)],
  ] as const) {
    it(`is set aside, and the server starts: ${what}`, async () => {
      const damaged = Buffer.from(damage(content));
      await writeFile(path, damaged);
      const { length } = await known();
      const [aside] = await asideOf();
      assert.deepEqual(await readFile(join(root, aside!)), damaged);
      assert.equal((await stat(join(root, aside!))).mode & 0o777, 0o600);
      const [problem] = problems();
      for (const part of [`DATA_DIR=${root}`, 'state.mdb ', aside!, `Projects kept: ${length}.`])
        assert.include(problem!.msg, part);
      assert.isBelow(problem!.msg.length, 300);
      // Only once.
      await known();
      assert.lengthOf(problems(), 1);
    });
  }

  it('gives what can still be read of it', async () => {
    // A page in the middle of the records.
    const at = Math.floor(content.indexOf('token 30') / 4096) * 4096;
    await writeFile(
      path,
      Buffer.concat([content.subarray(0, at), Buffer.alloc(4096, 0xff), content.subarray(at + 4096)]),
    );
    const left = await known();
    assert.notInclude(left, 30);
    assert.isAbove(left.length, PROJECTS / 2);
    assert.lengthOf(problems(), 1);
    assert.include(problems()[0]!.msg, `Projects kept: ${left.length}.`);
  });

  it('does not end a server at its start', async () => {
    await writeFile(path, content.subarray(0, content.length / 2));
    const server = await startProcess({ DATA_DIR: root }, SCRIPT);
    assert.equal((await server.get('/ready')).status, 200);
    await server.stop();
    assert.lengthOf(await asideOf(), 1);
  });
});

describe('what was deleted', () => {
  it('is not in the state any more after a start, nor are temporary files', async () => {
    const root = await temporaryFolder();
    const options = { log: new CapturedLog().logger, lost: () => {} };
    const { layout, state, close } = await openDataFolder(root, options);
    for (const id of ['7', '8'])
      state.setProject(id, {
        labelConfig: '',
        hostname: null,
        accessToken: `secret of ${id}`,
        extraParams: {},
      });
    state.deleteProject('7');
    await writeFile(join(layout.temporary, 'video'), '');
    await close();
    await (await openDataFolder(root, options)).close();
    const content = await readFile(layout.state, 'latin1');
    assert.include(content, 'secret of 8');
    assert.notInclude(content, 'secret of 7');
    assert.deepEqual(await readdir(layout.temporary), []);
  });
});

describe('a server that was stopped in the middle of a write', function () {
  this.timeout(60_000);

  it('holds up nobody, and changes nothing when it goes on', async () => {
    const root = await temporaryFolder();
    const script = ['--import', 'tsx', 'test/data-folder/write.ts'];
    const writer = spawn(process.execPath, [...script, root], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(writer.stdout!, 'data');
    writer.kill('SIGSTOP');
    const log = new CapturedLog();
    const { state, close } = await openDataFolder(root, { log: log.logger, lost: () => {} });
    state.setProject('1', { labelConfig: 'ours', hostname: null, accessToken: null, extraParams: {} });
    writer.kill('SIGCONT');
    const [code] = await once(writer, 'exit');
    assert.equal(code, 3);
    assert.equal(state.project('1')?.labelConfig, 'ours');
    assert.isUndefined(state.project('theirs'));
    await close();
  });
});
