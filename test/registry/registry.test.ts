import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { assert } from 'chai';
import { AppError, type ErrorCode } from '../../src/errors.js';
import type { Pool } from '../../src/inference/pool.js';
import { Registry } from '../../src/registry/registry.js';
import { temporaryFolder } from '../support/folder.js';
import { CapturedLog } from '../support/log.js';
import { addVersion, modelRepository, shippedVersion } from '../support/models.js';

const OLDER = '20980101-000000-abcdef';
const NEWER = '20990101-000000-abcdef';
const NEWEST = '20990101-000001-abcdef';

/** A pool that tells what it is asked, and loads only when it may. */
class StubPool implements Pool {
  readonly calls: string[] = [];
  gate = Promise.resolve();
  failure: AppError | undefined;

  async load({ label }: { label: string }) {
    this.calls.push(`load ${label}`);
    if (this.failure) throw this.failure;
    await this.gate;
    return { ofRegions: [] };
  }

  async unload(key: string): Promise<void> {
    this.calls.push(`unload ${key.split('#')[0]}`);
  }

  async run(): Promise<never> {
    throw new Error('it is not asked to run');
  }
}

describe('Registry', () => {
  let pool: StubPool;
  let log: CapturedLog;
  let registry: Registry;
  let model: string;
  let first: string;

  beforeEach(async () => {
    const modelDir = await modelRepository('sentiment');
    model = join(modelDir, 'sentiment');
    first = `sentiment:${basename(await shippedVersion())}`;
    pool = new StubPool();
    const dataDir = await temporaryFolder();
    log = new CapturedLog();
    registry = new Registry({ modelDir, dataDir, pool, log: log.logger });
  });

  it('tells an error of a version that cannot be loaded, a warning of what passes, and nothing where the server stops', async () => {
    const told = async (code: ErrorCode) => {
      pool.failure = new AppError(code, code);
      await registry.reload();
      return log.lines.findLast(({ msg }) => msg === code)?.level;
    };
    assert.isUndefined(await told('shutting_down'));
    assert.equal(await told('not_ready'), 40);
    assert.equal(await told('version_invalid'), 50);
  });

  it('unloads a version that was replaced once nobody holds it', async () => {
    await registry.reload();
    const leases = [registry.lease('sentiment', null)!, registry.lease('sentiment', '7')!];
    await addVersion(model, NEWER);
    await registry.reload();
    const second = `sentiment:${NEWER}`;
    assert.equal(registry.current('sentiment', '7')?.label, second);
    assert.equal(leases[0]!.version.label, first);
    leases[0]!.release();
    leases[0]!.release();
    assert.deepEqual(pool.calls, [`load ${first}`, `load ${second}`]);
    leases[1]!.release();
    assert.deepEqual(pool.calls.slice(2), [`unload ${first}`]);
  });

  it('serves the old version until the new one is loaded', async () => {
    await registry.reload();
    await addVersion(model, NEWER);
    let open = () => {};
    pool.gate = new Promise(resolve => {
      open = resolve;
    });
    const reloading = registry.reload();
    assert.equal(registry.current('sentiment', null)?.label, first);
    open();
    await reloading;
    assert.equal(registry.current('sentiment', null)?.label, `sentiment:${NEWER}`);
  });

  it('reads again for a reload that is asked for while one runs: it may have passed by what is new', async () => {
    let open = () => {};
    const loading = new Promise<void>(resolve => {
      pool.load = async () => {
        resolve();
        await pool.gate;
        return { ofRegions: [] };
      };
    });
    pool.gate = new Promise(resolve => {
      open = resolve;
    });
    const before = registry.reload();
    await loading;
    await addVersion(model, NEWER);
    const after = [registry.reload(), registry.reload()];
    open();
    await before;
    await Promise.all(after);
    assert.equal(registry.current('sentiment', null)?.label, `sentiment:${NEWER}`);
  });

  it('does not try a broken version again before a file of it changes', async () => {
    await addVersion(model, NEWER, folder => rm(join(folder, 'idf.f64')));
    await registry.reload();
    const [problem] = registry.problems;
    await registry.reload();
    assert.strictEqual(registry.problems[0]?.message, problem!.message);
    assert.deepEqual(pool.calls, [`load ${first}`]);
  });

  it('tells of a few broken versions, or broken models, and counts the others', async () => {
    const nth = (index: number) => String(index).padStart(6, '0');
    const empty = Array.from({ length: 300 }, (_, index) =>
      join(model, 'versions', `20990101-${nth(index)}-abcdef`),
    );
    const broken = Array.from({ length: 50 }, (_, index) => join(model, '..', `broken-${nth(index)}`));
    for (const folder of [...empty, ...broken]) await mkdir(folder);
    await registry.reload();
    assert.equal(registry.current('sentiment', null)?.label, first);
    assert.lengthOf(registry.problems, 350);
    const told = () => log.lines.filter(({ level }) => level === 50);
    assert.lengthOf(told(), 22);
    for (const [of, count] of [
      ['sentiment', 290],
      [undefined, 40],
    ] as const) {
      const [line] = told().filter(({ more }) => more === count);
      assert.equal(line?.model, of);
      assert.match(line!.msg, new RegExp(`^${count} more problems of .*: GET /api/models lists them`));
    }
    await registry.reload();
    assert.lengthOf(told(), 22);
    await rm(empty[0]!, { recursive: true });
    await mkdir(join(model, 'versions', '20990102-000000-abcdef'));
    await registry.reload();
    assert.lengthOf(told(), 23);
  });

  describe('of a version that is chosen', () => {
    const slot = { project: '7', model: 'sentiment' };
    let own: string;

    beforeEach(async () => {
      own = registry.folder(slot);
      await addVersion(own, OLDER);
      await addVersion(own, NEWER);
      await registry.reload();
      pool.calls.length = 0;
    });

    it('loads it before anybody is told, and takes it away again when `active` cannot be written', async () => {
      await mkdir(join(own, 'active/x'), { recursive: true });
      const error = await registry.activate(slot, OLDER).catch(thrown => thrown);
      assert.match(error.message, /active/);
      assert.equal(registry.current('sentiment', '7')?.version, NEWER);
      assert.deepEqual(pool.calls, [`load sentiment:${OLDER}`, `unload sentiment:${OLDER}`]);
    });

    it('reads nothing while something is changed, and what is chosen meanwhile stands', async () => {
      await addVersion(own, NEWEST);
      const seen: unknown[] = [];
      const look = async () => {
        await new Promise(setImmediate);
        seen.push([registry.current('sentiment', '7')?.version, [...pool.calls]]);
      };
      const failed = async () => {
        await look();
        throw new Error('a change that fails');
      };
      const results = await Promise.allSettled([
        registry.exclusively(failed),
        registry.reload(),
        registry.activate(slot, OLDER),
      ]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ['rejected', 'fulfilled', 'fulfilled'],
      );
      assert.deepEqual(seen, [[NEWER, []]]);
      assert.equal(registry.current('sentiment', '7')?.version, OLDER);
      const held = (version: string) =>
        pool.calls.filter(call => call === `load sentiment:${version}`).length -
        pool.calls.filter(call => call === `unload sentiment:${version}`).length;
      assert.deepEqual([OLDER, NEWER, NEWEST].map(held), [1, -1, 0]);
    });

    it('says which versions are loaded, those that are only held too', async () => {
      const lease = registry.lease('sentiment', '7')!;
      await registry.activate(slot, OLDER);
      assert.isTrue(registry.isLoaded(slot, OLDER));
      assert.isTrue(registry.isLoaded(slot, NEWER));
      assert.isFalse(registry.isLoaded({ ...slot, project: '8' }, NEWER));
      lease.release();
      await new Promise(setImmediate);
      assert.isFalse(registry.isLoaded(slot, NEWER));
      assert.deepEqual(pool.calls, [`load sentiment:${OLDER}`, `unload sentiment:${NEWER}`]);
    });
  });
});
