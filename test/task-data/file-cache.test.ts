import { mkdir, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import { save } from '../../src/task-data/body.js';
import { type FetchFile, FileCache, type TaskFile } from '../../src/task-data/file-cache.js';
import { temporaryFolder } from '../support/folder.js';
import { smallDisk } from '../support/tmpfs.js';

const BLOCK = 4096;
const MINUTE = 60_000;

describe('task-data/file-cache', () => {
  let folder: string;
  let now: number;
  let fetched: string[];

  beforeEach(async () => {
    folder = join(await temporaryFolder(), 'cache', 'files');
    now = Date.now();
    fetched = [];
  });

  const cacheOf = (blocks: number) => new FileCache({ folder, maxBytes: blocks * BLOCK, now: () => now });
  /** Writes the name, so that every file takes one block. */
  const writing =
    (name: string): FetchFile =>
    async path => {
      fetched.push(name);
      await writeFile(path, name);
      return name.length;
    };
  const lease = (cache: FileCache, name: string, project = '1'): Promise<TaskFile> =>
    cache.lease({ project, address: [name], maxAge: MINUTE }, writing(name));
  const use = async (cache: FileCache, ...names: string[]): Promise<void> => {
    for (const name of names) (await lease(cache, name)).release();
  };
  /** What all files hold, once there are so many: they are removed in the background. */
  async function contents(count: number): Promise<string[]> {
    for (;;) {
      const names = await readdir(folder);
      if (names.length === count)
        return (await Promise.all(names.map(name => readFile(join(folder, name), 'utf8')))).sort();
      await setImmediate();
    }
  }

  it('keeps what was fetched, and counts', async () => {
    const cache = cacheOf(10);
    const first = await lease(cache, 'a');
    const second = await lease(cache, 'a');
    expect(second.path).to.equal(first.path);
    expect(await readFile(first.path, 'utf8')).to.equal('a');
    first.release();
    second.release();
    await use(cache, 'a', 'b');
    expect(fetched).to.deep.equal(['a', 'b']);
    expect([cache.hits, cache.misses]).to.deep.equal([2, 2]);
    expect(await contents(2)).to.deep.equal(['a', 'b']);
  });

  it('removes the least recently used, and counts a small file as a block', async () => {
    const cache = cacheOf(2);
    await use(cache, 'a', 'b', 'a', 'c');
    expect(await contents(2)).to.deep.equal(['a', 'c']);
    await use(cache, 'a', 'b');
    expect(fetched).to.deep.equal(['a', 'b', 'c', 'b']);
  });

  it('leaves what is in use where it is, however much that is, until it is released', async () => {
    const cache = cacheOf(1);
    const files = await Promise.all(['a', 'b', 'c'].map(name => lease(cache, name)));
    expect(await contents(3)).to.deep.equal(['a', 'b', 'c']);
    files[1]!.release();
    files[1]!.release();
    expect(await contents(2)).to.deep.equal(['a', 'c']);
    for (const file of files) file.release();
    expect(await contents(1)).to.have.lengthOf(1);
  });

  it('that is off keeps a file as long as somebody uses it', async () => {
    const cache = cacheOf(0);
    const first = await lease(cache, 'a');
    const second = await lease(cache, 'a');
    first.release();
    expect(await readFile(second.path, 'utf8')).to.equal('a');
    second.release();
    expect(await contents(0)).to.deep.equal([]);
  });

  it('fetches again what is too old, and leaves the old one to those who use it', async () => {
    const cache = cacheOf(10);
    const old = await lease(cache, 'a');
    now += MINUTE;
    await use(cache, 'a');
    expect(fetched).to.deep.equal(['a']);
    now += 1;
    const renewed = await lease(cache, 'a');
    expect(fetched).to.deep.equal(['a', 'a']);
    expect(renewed.path).not.to.equal(old.path);
    expect(await contents(2)).to.deep.equal(['a', 'a']);
    old.release();
    await contents(1);
    expect(await readFile(renewed.path, 'utf8')).to.equal('a');
  });

  it('fetches again what is from the future, as the clock was set back since', async () => {
    const cache = cacheOf(10);
    await use(cache, 'a');
    now -= MINUTE;
    await use(cache, 'a');
    expect(fetched).to.deep.equal(['a']);
    now -= 1;
    await use(cache, 'a');
    expect(fetched).to.deep.equal(['a', 'a']);
  });

  it("keeps each project's files apart, and forgets those of one", async () => {
    const cache = cacheOf(10);
    const [own, other] = await Promise.all(['1', '2'].map(project => lease(cache, 'a', project)));
    expect(own!.path).not.to.equal(other!.path);
    other!.release();
    await use(cache, 'b');
    await cache.forget('1');
    expect(await contents(2)).to.deep.equal(['a', 'a']);
    own!.release();
    expect(await contents(1)).to.deep.equal(['a']);
    await lease(cache, 'a', '2');
    expect(fetched).to.have.lengthOf(3);
  });

  it('keeps nothing of what is fetched for a project that was forgotten not long ago', async () => {
    const cache = cacheOf(10);
    let end!: () => void;
    const begun = cache.lease({ project: '1', address: ['slow'], maxAge: MINUTE }, async path => {
      await new Promise<void>(resolve => (end = resolve));
      return writing('slow')(path, new AbortController().signal, () => {});
    });
    while (end === undefined) await setImmediate();
    await cache.forget('1');
    const next = await lease(cache, 'next');
    end();
    const slow = await begun;
    expect(await readFile(slow.path, 'utf8')).to.equal('slow');
    expect(await readFile(next.path, 'utf8')).to.equal('next');
    (await lease(cache, 'other', '2')).release();
    slow.release();
    next.release();
    expect(await contents(1)).to.deep.equal(['other']);
  });

  it('writes and removes nothing once another server has the folder', async () => {
    let isLost = false;
    const guard = () => {
      if (isLost) throw new Error('lost');
    };
    const cache = new FileCache({ folder, maxBytes: 10 * BLOCK, guard });
    const kept = await lease(cache, 'kept');
    const cut = cache.lease({ project: '1', address: ['cut'], maxAge: MINUTE }, (path, signal, check) => {
      const source = Readable.from(
        (async function* () {
          yield Buffer.from('before');
          isLost = true;
          yield Buffer.from('after');
        })(),
      );
      return save(path, async () => ({ source, through: [] }), { maxBytes: 100, signal }, check);
    });
    expect(await cut.catch((error: Error) => error.message)).to.equal('lost');
    const failed = await lease(cache, 'new').catch((error: Error) => error.message);
    expect(failed).to.equal('lost');
    expect(fetched).to.deep.equal(['kept']);
    kept.release();
    await cache.forget('1');
    await setImmediate();
    expect((await contents(2)).sort()).to.deep.equal(['before', 'kept']);
  });

  it('fetches again what somebody has removed', async () => {
    const cache = cacheOf(10);
    await use(cache, 'a');
    await rm(folder, { recursive: true });
    const files = await Promise.all([lease(cache, 'a'), lease(cache, 'a')]);
    expect(files[0].path).to.equal(files[1].path);
    expect(await readFile(files[0].path, 'utf8')).to.equal('a');
    expect(fetched).to.deep.equal(['a', 'a']);
  });

  it('never takes a file from those who use it, nor keeps more than it may, whatever they do', async () => {
    const step = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      project: fc.constantFrom('1', '2'),
      act: fc.constantFrom('lease', 'lease', 'release', 'forget', 'wait'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.integer({ min: 0, max: 4 }),
        async (steps, blocks) => {
          await rm(folder, { recursive: true, force: true });
          await mkdir(folder, { recursive: true });
          const cache = cacheOf(blocks);
          const held: { file: TaskFile; text: string }[] = [];
          const leases: Promise<unknown>[] = [];
          for (const { name, project, act } of steps) {
            const text = `${name} of ${project}`;
            const address = { project, address: [name], maxAge: MINUTE };
            if (act === 'lease')
              leases.push(cache.lease(address, writing(text)).then(file => held.push({ file, text })));
            if (act === 'release') held.shift()?.file.release();
            if (act === 'forget') await cache.forget(project);
            if (act === 'wait') await Promise.all(leases);
            for (const { file, text } of held) expect(await readFile(file.path, 'utf8')).to.equal(text);
          }
          await Promise.all(leases);
          for (const { file, text } of held) expect(await readFile(file.path, 'utf8')).to.equal(text);
          for (const { file } of held) file.release();
          while ((await readdir(folder)).length > blocks) await setImmediate();
        },
      ),
      { numRuns: 50 },
    );
  });

  describe('a file that is fetched', () => {
    /** A fetch that ends when it is told to, or when nobody waits for it. */
    function slow() {
      let end!: (error?: Error) => void;
      let signal: AbortSignal | undefined;
      const ended = new Promise<void>((resolve, reject) => {
        end = error => (error ? reject(error) : resolve());
      });
      ended.catch(() => {});
      const fetch: FetchFile = async (path, given) => {
        fetched.push(path);
        signal = given;
        given.addEventListener('abort', () => end(given.reason));
        await writeFile(path, 'half');
        await ended;
        return 4;
      };
      return { fetch, end, aborted: () => signal?.aborted };
    }
    const address = { project: '1', address: ['slow'], maxAge: MINUTE };
    const reason = (work: Promise<unknown>) => work.then(assertNever, (error: Error) => error.message);
    const assertNever = () => expect.fail('it was fetched');

    it('is shared by all who ask for it meanwhile, and there under its name only when it is whole', async () => {
      const cache = cacheOf(10);
      const { fetch, end } = slow();
      const all = Promise.all([1, 2, 3].map(() => cache.lease(address, fetch)));
      while ((await readdir(folder).catch(() => [])).length === 0) await setImmediate();
      expect((await readdir(folder))[0]).to.match(/^\./);
      end();
      expect(new Set((await all).map(({ path }) => path)).size).to.equal(1);
      expect(fetched).to.have.lengthOf(1);
      expect([cache.hits, cache.misses]).to.deep.equal([2, 1]);
    });

    it('goes on when one of them gives up, and ends when all do', async () => {
      const cache = cacheOf(10);
      const { fetch, end, aborted } = slow();
      const [one, two] = [new AbortController(), new AbortController()];
      const first = reason(cache.lease(address, fetch, one.signal));
      const second = cache.lease(address, fetch, two.signal);
      while (fetched.length === 0) await setImmediate();
      one.abort(new Error('enough'));
      expect(await first).to.equal('enough');
      expect(aborted()).to.equal(false);
      end();
      (await second).release();
      expect(await contents(1)).to.deep.equal(['half']);

      const other = slow();
      const third = reason(cache.lease({ ...address, address: ['other'] }, other.fetch, two.signal));
      while (fetched.length === 1) await setImmediate();
      two.abort(new Error('me too'));
      expect(await third).to.equal('me too');
      expect(other.aborted()).to.equal(true);
      expect(await contents(1)).to.deep.equal(['half']);
    });

    it('and fails is told to all who wait, leaves nothing, and is fetched anew the next time', async () => {
      const cache = cacheOf(10);
      const { fetch, end } = slow();
      const all = Promise.all([1, 2].map(() => reason(cache.lease(address, fetch))));
      while (fetched.length === 0) await setImmediate();
      end(new Error('gone'));
      expect(await all).to.deep.equal(['gone', 'gone']);
      expect(await contents(0)).to.deep.equal([]);
      const file = await cache.lease(address, writing('slow'));
      expect(await readFile(file.path, 'utf8')).to.equal('slow');
    });

    it('for a project that is removed meanwhile does not stay', async () => {
      const cache = cacheOf(10);
      const { fetch, end } = slow();
      const file = cache.lease(address, fetch);
      while (fetched.length === 0) await setImmediate();
      await cache.forget('1');
      end();
      (await file).release();
      expect(await contents(0)).to.deep.equal([]);
    });
  });

  describe('after a restart', () => {
    it('knows its files, with their age, the oldest first to go', async () => {
      await use(cacheOf(10), 'a', 'b', 'c');
      const age = { a: 5, b: 50, c: 70 };
      for (const name of await readdir(folder)) {
        const path = join(folder, name);
        const seconds = now / 1000 - age[(await readFile(path, 'utf8')) as keyof typeof age];
        await utimes(path, seconds, seconds);
      }
      const cache = cacheOf(2);
      await use(cache, 'a');
      expect(await contents(2)).to.deep.equal(['a', 'b']);
      await use(cache, 'b');
      expect(fetched).to.deep.equal(['a', 'b', 'c']);
      now += 20_000;
      await use(cache, 'b');
      expect(fetched).to.deep.equal(['a', 'b', 'c', 'b']);
    });

    it('takes nothing for whole that a loss of power has cut off, and leaves alone what is not its own', async () => {
      await use(cacheOf(10), 'abc');
      const [name] = await readdir(folder);
      await truncate(join(folder, name!), 0);
      await writeFile(join(folder, 'README'), 'x');
      await mkdir(join(folder, '.half'));
      const file = await lease(cacheOf(10), 'abc');
      expect(await readFile(file.path, 'utf8')).to.equal('abc');
      expect(await readdir(folder))
        .to.have.lengthOf(3)
        .and.include.members(['README', '.half']);
    });
  });

  describe('when the disk does not take it', () => {
    const message = (work: Promise<unknown>) =>
      work.then(
        () => 'written',
        (error: Error) => error.message,
      );

    it('says so', async () => {
      await mkdir(join(folder, '..'), { recursive: true });
      await writeFile(folder, 'a file in the place of the folder');
      const cache = cacheOf(10);
      const refused = 'this server cannot write a copy of it below DATA_DIR (ENOTDIR); let it write there';
      expect(await message(lease(cache, 'a'))).to.equal(refused);
      await rm(folder);
      await use(cache, 'a');
    });

    it('leaves room for what must be kept', async function () {
      const disk = await smallDisk('size=40m');
      if (!disk) return this.skip();
      try {
        const chunk = Buffer.alloc(2 ** 16);
        let written = 0;
        const endless = new Readable({
          read() {
            written += chunk.length;
            this.push(chunk);
          },
        });
        const limits = { maxBytes: 2 ** 30, signal: new AbortController().signal };
        const failed = save(`${disk.folder}/a`, async () => ({ source: endless, through: [] }), limits);
        expect(await message(failed)).to.contain('no room for a copy of it on the disk of DATA_DIR');
        expect(written).to.be.within(30 * 2 ** 20, 38 * 2 ** 20);
      } finally {
        await disk.remove();
      }
    });

    it('makes room where it is full, and says that there is none', async function () {
      if (process.platform !== 'linux') this.skip();
      const cache = cacheOf(10);
      await use(cache, 'a');
      const held = await lease(cache, 'b');
      const full: FetchFile = (_path, signal) =>
        save('/dev/full', async () => ({ source: Readable.from([Buffer.from('x')]), through: [] }), {
          maxBytes: 10,
          signal,
        });
      const failed = message(cache.lease({ project: '1', address: ['c'], maxAge: MINUTE }, full));
      expect(await failed).to.contain('no room for a copy of it on the disk of DATA_DIR');
      expect(await contents(1)).to.deep.equal(['b']);
      held.release();
      await use(cache, 'b');
      expect(fetched).to.deep.equal(['a', 'b']);
    });
  });
});
