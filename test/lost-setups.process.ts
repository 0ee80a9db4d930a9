import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { dataLayout } from '../src/data-folder/layout.js';
import { LabelStudioServer } from './label-studio/server.js';
import { temporaryFolder } from './support/folder.js';
import { type ServerProcess, startProcess } from './support/process.js';
import { stopServers } from './task-data/servers.js';

/** Serves a class, which starts sooner than all models. */
const SCRIPT = ['--import', 'tsx', 'test/training/fit-entry.ts'];
const SCHEMA =
  '<View><Text name="text" value="$text"/><Choices name="c" toName="text"><Choice value="Positive"/><Choice value="Negative"/></Choices></View>';

describe('the setup of a project that has trained versions here and is not known any more', function () {
  this.timeout(120_000);
  let labelStudio: LabelStudioServer;
  let server: ServerProcess | undefined;
  let DATA_DIR: string;

  beforeEach(async () => {
    labelStudio = await LabelStudioServer.start();
    DATA_DIR = await temporaryFolder();
    for (const project of ['4', '5'])
      await mkdir(join(dataLayout(DATA_DIR).projectModels(project)), { recursive: true });
  });
  afterEach(async () => {
    await server?.stop();
    await stopServers();
  });

  const start = async (env: Record<string, string>) => {
    server = await startProcess({ DATA_DIR, ...env }, SCRIPT);
    return server;
  };
  const labelStudioOf = () => ({
    LABEL_STUDIO_URL: labelStudio.url,
    LABEL_STUDIO_API_KEY: labelStudio.token,
  });

  it('is asked for: Label Studio sends it to the backends that it lists', async () => {
    const asked: (string | undefined)[] = [];
    labelStudio.answer = async (request, response) => {
      asked.push(`${request.headers.authorization} ${request.url}`);
      const project = new URL(request.url!, labelStudio.url).searchParams.get('project');
      // Project 5 has no backend any more.
      const setup = { project: `${project}.17`, schema: SCHEMA, extra_params: '{"model":"simple"}' };
      if (project === '4') await (await started).post('/setup', setup);
      response.end('[]');
    };
    // It may ask before this process knows that it listens.
    const started = start(labelStudioOf());
    const { log } = await started;
    assert.equal(
      (await log.line(({ project, msg }) => project === '4' && msg.includes('lost'))).msg,
      'the setup of project 4 was lost, and Label Studio has sent it again',
    );
    assert.match(
      (await log.line(({ project }) => project === '5')).msg,
      /^the setup of project 5 is lost, and Label Studio did not send it: it is known again when Label Studio sends \/setup next/,
    );
    assert.deepEqual(
      asked.filter(each => each!.includes('/api/ml')),
      ['4', '5'].map(id => `Token ${labelStudio.token} /api/ml?project=${id}`),
    );
    const known = await server!.get('/api/projects/4');
    assert.equal(known.status, 200, known.reason);
  });

  it('is not asked for again when it is known', async () => {
    labelStudio.answer = () => assert.fail('it was asked for');
    await start({});
    for (const project of ['4', '5']) await server!.post('/setup', { project, schema: SCHEMA });
    await server!.stop();
    const { log } = await start(labelStudioOf());
    await server!.stop();
    assert.notExists(log.lines.find(({ msg }) => msg.includes('lost')));
  });

  it('is told when it cannot be asked for', async () => {
    const { log } = await start({});
    for (const project of ['4', '5'])
      assert.match(
        (await log.line(line => line.project === project)).msg,
        /With LABEL_STUDIO_URL, this server asks for it$/,
      );
    await server!.stop();
    const second = await start({ ...labelStudioOf(), LABEL_STUDIO_API_KEY: 'wrong' });
    const line = await second.log.line(({ project }) => project === '5');
    assert.include(line.msg, 'does not take the token; set LABEL_STUDIO_URL');
  });

  it('holds up no stop while Label Studio does not answer', async () => {
    const asked = new Promise<void>(resolve => {
      labelStudio.answer = () => resolve();
    });
    await start(labelStudioOf());
    await asked;
    server!.signal('SIGTERM');
    assert.equal(await server!.ended, 0);
    assert.notExists(server!.log.lines.find(({ msg }) => msg.includes('is lost')));
  });
});
