import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { failed } from '../../src/training/process.js';
import { Python } from '../../src/training/python.js';
import { temporaryFolder } from '../support/folder.js';
import { PYTHON } from '../support/python.js';
import { ENVIRONMENT, failure, testRun } from './runs.js';

describe('the Python of trainers', () => {
  let home: string;
  let requirements: string;
  beforeEach(async () => {
    home = await temporaryFolder();
    requirements = join(home, 'requirements.txt');
    await writeFile(requirements, '# nothing\n');
  });
  const python = (options: { python?: string; path?: string } = {}) =>
    new Python({
      python: options.python ?? null,
      folder: join(home, 'python'),
      requirements,
      environment: { ...ENVIRONMENT, PATH: options.path ?? process.env.PATH },
    });

  /** Copies the fake to where the environment's Python belongs: the last of its arguments. */
  const COPY = 'for place; do :; done; mkdir -p "$place/bin"; cp "$0" "$place/bin/python"';

  /** A Python that does what the branches of a shell's `case` say. @returns a PATH that leads to it, and to no uv */
  const fakePython = async (branches: string) => {
    const bin = join(home, 'bin');
    await mkdir(bin);
    const version = "*sys.version*) echo '3 12'; echo '3.12.0' ;;";
    await writeFile(join(bin, 'python3'), `#!/bin/sh\ncase "$*" in ${version} ${branches} esac\n`);
    await chmod(join(bin, 'python3'), 0o755);
    return `${bin}:/bin:/usr/bin`;
  };

  it('is the one of the setting, if it runs', async () => {
    const { run } = await testRun();
    assert.equal(await python({ python: PYTHON }).ready(run), PYTHON);
    assert.equal(
      await failure(python({ python: '/no/python' }).ready(run)),
      "'/no/python' does not run: PYTHON names no Python that runs",
    );
    assert.isFalse(existsSync(join(home, 'python')));
  });

  it('is made once, by the job that asks first', async () => {
    const own = python();
    const [first, second] = [await testRun(), await testRun()];
    const paths = await Promise.all([own.ready(first.run), own.ready(second.run)]);
    assert.equal(paths[0], paths[1]);
    await first.run.spawn(paths[0]!, ['-c', 'import sys; assert sys.prefix != sys.base_prefix']);
    assert.sameMembers(
      [...first.reports, ...second.reports].map(({ message }) => message),
      [
        'making the Python environment (once)',
        'installing the Python packages (once)',
        'waiting for the Python environment, which another training makes',
      ],
    );
    const third = await testRun();
    assert.equal(await python().ready(third.run), paths[0]);
    assert.isEmpty(third.reports);
  });

  it('is made anew for other requirements, and one that was half made is not used', async () => {
    // Installs nothing while there is a file that says so.
    const install = `if [ -e ${home}/offline ]; then echo 'no network' >&2; exit 2; fi`;
    const path = await fakePython(`*venv*) ${COPY} ;; *pip*) ${install} ;;`);
    const own = python({ path });
    const ready = async () => {
      const test = await testRun({ environment: { PATH: path } });
      return { test, python: await own.ready(test.run).catch((error: Error) => error.message) };
    };
    const { python: first } = await ready();
    await writeFile(requirements, '# another list\n');
    await writeFile(join(home, 'offline'), '');
    for (let time = 0; time < 2; time++) {
      const { test, python: message } = await ready();
      assert.equal(
        message,
        `the Python environment could not be made: pip ended with exit code 2: no network; all of its output is in ${test.run.folder}/log.txt`,
      );
      assert.include(await test.log(), 'no network');
    }
    assert.isTrue(existsSync(first), 'the old one is kept as long as there is no other');
    await rm(join(home, 'offline'));
    const { python: second } = await ready();
    assert.notEqual(second, first);
    assert.isTrue(existsSync(second));
    assert.isFalse(existsSync(first));
  });

  it('is made by the next job when the one that makes it is cancelled', async () => {
    const path = await fakePython(
      `*venv*) if [ ! -e ${home}/begun ]; then touch ${home}/begun; exec sleep 1000; fi; ${COPY} ;;`,
    );
    const own = python({ path });
    const environment = { PATH: path };
    const [first, second] = [await testRun({ environment }), await testRun({ environment })];
    const cancelled = failure(own.ready(first.run));
    while (!existsSync(join(home, 'begun'))) await new Promise(resolve => setImmediate(resolve));
    const ready = own.ready(second.run);
    first.abort.abort(failed('cancelled by somebody'));
    assert.equal(await cancelled, 'cancelled by somebody');
    assert.include(await readFile(await ready, 'utf8'), 'venv');
  });

  it('must be there, and not too old', async () => {
    const { run } = await testRun();
    assert.equal(
      await failure(python({ path: home }).ready(run)),
      "'python3' does not run: install Python 3.10 or newer, or set PYTHON",
    );
    await writeFile(join(home, 'python3'), "#!/bin/sh\necho '3 9'\n");
    await chmod(join(home, 'python3'), 0o755);
    assert.match(
      await failure(python({ path: `${home}:/bin` }).ready(run)),
      /^'python3' is Python 3\.9, and trainers need 3\.10 or newer/,
    );
  });
});
