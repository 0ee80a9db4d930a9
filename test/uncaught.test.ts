import { assert } from 'chai';
import { inBackground, report } from '../src/background.js';
import type { Lease, ServedVersion } from '../src/registry/shelf.js';
import { Shelf } from '../src/registry/shelf.js';
import { SENTIMENT, tasksOf } from './support/configs.js';
import { CapturedLog } from './support/log.js';
import { startProcess } from './support/process.js';
import { program } from './support/program.js';

/** A class that fails where nobody waits for it, as the text of the task says. */
function script(): { options: string[]; code: string } {
  const [index = '', ...options] = program('index').reverse();
  const code = `
    import { LabelStudioMLBase, serve } from '${index}';
    const trap = () => { throw new Error('a getter'); };
    const acts = {
      timer: () => setTimeout(() => { throw new Error('a timer'); }),
      rejection: () => void Promise.reject(new Error('nobody waits')),
      nothing: () => void Promise.reject(undefined),
      unreadable: () => void Promise.reject(new Proxy(new Error(), { get: trap, getPrototypeOf: trap })),
      emitter: async () => new (await import('node:events')).EventEmitter().emit('error', new Error('no listener')),
      often: () => { for (let i = 0; i < 2_500; i++) void Promise.reject(new Error('flood')); },
      different: () => { for (let i = 0; i < 2_500; i++) void Promise.reject(new Error('kind ' + i)); },
      printed: () => { for (const each of [process.stdout, process.stderr]) each.emit('error', new Error('EPIPE')); },
    };
    class Late extends LabelStudioMLBase {
      predict(tasks) {
        return tasks.map(({ data }) => { acts[data.text]?.(); return { result: [] }; });
      }
    }
    await serve(Late);`;
  return { options: options.reverse(), code };
}

describe('errors that reach nobody', () => {
  it('do not end the server; each is told, and a flood of them is told a few times', async () => {
    const { options, code } = script();
    const server = await startProcess({}, [...options, '--input-type=module', '-e', code]);
    const act = async (text: string) => {
      const { status } = await server.predict({ tasks: tasksOf([text]), label_config: SENTIMENT });
      assert.equal(status, 200);
    };
    const told = async (what: string, times = 1) => {
      const line = await server.log.line(
        each => JSON.stringify(each.err ?? null).includes(what) && each.times === times,
      );
      assert.match(line.msg, /; the server goes on$/);
      assert.equal(line.level, 50);
    };
    const seen = (what: string) =>
      server.log.lines.filter(({ err }) => JSON.stringify(err ?? null).includes(what)).length;
    try {
      for (const [text, what] of [
        ['timer', 'a timer'],
        ['rejection', 'nobody waits'],
        ['nothing', '"message":"undefined"'],
        ['unreadable', 'no message that can be read'],
        ['emitter', 'no listener'],
      ] as const) {
        await act(text);
        await told(what);
      }
      await act('often');
      await told('flood', 1_000);
      assert.equal(seen('flood'), 4);
      await act('different');
      await told('kind', 1_000);
      assert.isBelow(seen('kind'), 110);
      await act('printed');
      await act('good');
    } finally {
      await server.stop();
    }
    assert.equal(await server.ended, 0);
    assert.equal(await server.stderr, '');
  });
});

describe('inBackground', () => {
  it('tells a failure, and is quiet about what ends well', async () => {
    const log = new CapturedLog();
    inBackground(log.logger, 'it failed', Promise.resolve(1));
    inBackground(log.logger, 'it failed', Promise.reject(new Error('why')));
    const { level, err } = await log.line(({ msg }) => msg === 'it failed');
    assert.equal(level, 50);
    assert.nestedPropertyVal({ err }, 'err.message', 'why');
    assert.lengthOf(log.lines, 1);
  });

  it('survives a log that fails', () => {
    report(
      {
        error: () => {
          throw new Error('the log');
        },
      },
      'it failed',
      new Error('why'),
    );
  });
});

describe('the shelf of versions', () => {
  it('survives a version that cannot be unloaded, and tells of it', async () => {
    const log = new CapturedLog();
    const shelf = new Shelf(() => Promise.reject(new Error('it is stuck')), log.logger);
    const version = (name: string) =>
      ({ model: 'm', project: null, version: name, key: name }) as ServedVersion;
    shelf.put(version('1'));
    const lease = shelf.lease('m', null) as Lease;
    shelf.put(version('2'));
    lease.release();
    const { err } = await log.line(({ level }) => level === 50);
    assert.nestedPropertyVal({ err }, 'err.message', 'it is stuck');
    assert.isFalse(shelf.has({ model: 'm', project: null }, '1'));
    assert.equal(shelf.current('m', null)?.version, '2');
  });
});
