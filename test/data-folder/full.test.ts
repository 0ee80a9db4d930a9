import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { State } from '../../src/state.js';
import type { ErrorBody } from '../support/client.js';
import { type ServerProcess, startProcess } from '../support/process.js';
import { type SmallDisk, smallDisk } from '../support/tmpfs.js';

const CONFIG =
  '<View><Text name="text" value="$text"/><Choices name="topic" toName="text"><Choice value="Aa"/><Choice value="Bb"/></Choices></View>';
const annotated = (id: number, project = 1) => ({
  action: 'ANNOTATION_CREATED',
  project: { id: project, label_config: CONFIG },
  annotation: { id, was_cancelled: false, result: [{ type: 'choices', value: { choices: ['Aa'] } }] },
  task: { id, data: { text: 'a text' } },
});

/** Lays a file into a folder that takes all the room that is left. */
async function fill(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'fill');
  // What fits is written before it fails.
  await writeFile(path, Buffer.alloc(64 * 2 ** 20)).catch(() => {});
  return () => rm(path);
}

describe('a DATA_DIR whose disk is full', function () {
  this.timeout(60_000);
  let disk: SmallDisk;
  let server: ServerProcess;

  before(async function () {
    const made = await smallDisk('size=4m');
    if (!made) return this.skip();
    disk = made;
    server = await startProcess({ DATA_DIR: disk.folder, TRAIN_EVERY: '100' });
    const setup = { project: '1.1', schema: CONFIG, extra_params: '{"model": "text-classifier"}' };
    assert.equal((await server.post('/setup', setup)).status, 200);
  });
  after(async () => {
    await server?.stop();
    await disk?.remove();
  });

  const expectNoRoom = ({ status, body }: { status: number; body: unknown }) => {
    const { code, message } = body as ErrorBody;
    assert.deepEqual([status, code], [507, 'data_dir_unwritable'], message);
    assert.equal(
      message,
      `DATA_DIR=${disk.folder}: there is no room on its disk: free some space, or set DATA_DIR to another folder`,
    );
  };

  it('is told to who sends something that must be kept, with the setting and the path', async () => {
    assert.equal((await server.post('/webhook', annotated(1))).status, 200);
    const free = await fill(disk.folder);
    expectNoRoom(await server.post('/webhook', annotated(2)));
    expectNoRoom(await server.post('/setup', { project: '2.1', schema: CONFIG }));
    expectNoRoom(await server.post('/train', { project: '1', label_config: CONFIG }));
    assert.equal((await server.get('/health')).status, 200);
    await free();
  });

  it('never ends the server, however often and whatever it is sent', async () => {
    const free = await fill(disk.folder);
    for (let time = 1; time <= 40; time++) {
      expectNoRoom(await server.post('/webhook', annotated(time, 5)));
      const schema = CONFIG.replaceAll('Aa', 'A'.repeat(3000 * time));
      expectNoRoom(await server.post('/setup', { project: `${10 + time}.1`, schema }));
      expectNoRoom(await server.post('/duplicate_model', { project_src: '1', project_dst: '3' }));
      expectNoRoom(await server.post('/delete', { project: '4' }));
    }
    assert.equal((await server.get('/health')).status, 200);
    await free();
  });

  it('ends nothing: when there is room again, all is kept, what came meanwhile counted in', async () => {
    assert.equal((await server.post('/webhook', annotated(3))).status, 200);
    assert.equal((await server.post('/setup', { project: '2.1', schema: CONFIG })).status, 200);
    server.signal('SIGTERM');
    assert.equal(await server.ended, 0);
    assert.notMatch(await server.stderr, /Error:/);
    const state = State.open(disk.folder);
    assert.deepEqual(
      state.pending().map(({ project, count }) => [project, count]),
      [['1.1', 3]],
    );
    assert.equal(state.project('2.1')?.labelConfig, CONFIG);
    await state.close();
  });
});
