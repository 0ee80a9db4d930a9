import { assert } from 'chai';
import { killProcess } from '../process.js';
import { fill, writeFailure } from './disks.js';
import { type Disturbance, NO_MOUNT, NotHere } from './disturbance.js';

/** What is told of a request whose content cannot be kept. */
const NO_ROOM = 507;

export const fullDataDisk: Disturbance = {
  name: 'a full disk of DATA_DIR, where a child is killed and a training asked for',
  expected:
    /there is no room|its disk is full|no inference process could be started|ENOSPC|could not be (kept|taken back|removed)|cannot be (kept|written)/,
  async run(server, random) {
    if (!server.disks) throw new NotHere(NO_MOUNT);
    const { folder } = server.disks.data;
    const empty = await fill(folder);
    const seen: string[] = [];
    try {
      assert.equal(await writeFailure(folder), 'ENOSPC', 'the disk is not full');
      const ask = async (path: string, body: object) => {
        const { status, body: text } = await server.server.connections.send(
          'POST',
          path,
          JSON.stringify(body),
        );
        assert.include([200, NO_ROOM], status, text);
        seen.push(`${path} ${status}`);
      };
      await server.answers();
      await ask('/setup', { ...server.labelStudio.setup(server.project), project: `${100 + random(900)}.1` });
      await ask('/webhook', server.project.startTraining());
      const { inference } = server.server.workers;
      const victim = inference[random(inference.length)];
      if (victim !== undefined) killProcess(victim);
      await server.answers();
    } finally {
      await empty();
    }
    await server.settled();
    return seen.join(', ');
  },
};
