import { stat } from 'node:fs/promises';
import { assert } from 'chai';
import { fill, writeFailure } from './disks.js';
import { type Disturbance, NO_MOUNT, NotHere } from './disturbance.js';
import { until } from './wait.js';

const ROUNDS = 3;
/** Room that the last page of a file may have. */
const PAGE = 4_096;

export const fullLogDisk: Disturbance = {
  name: 'a full disk of the log',
  async run(server) {
    if (!server.disks) throw new NotHere(NO_MOUNT);
    const { folder } = server.disks.log;
    const empty = await fill(folder);
    try {
      assert.equal(await writeFailure(folder), 'ENOSPC', 'the disk is not full');
      const { size } = await stat(server.log);
      for (let round = 0; round < ROUNDS; round++) await server.answers();
      assert.isAtMost((await stat(server.log)).size, size + PAGE, 'the log was written to a full disk');
    } finally {
      await empty();
    }
    const { lines } = server.process;
    await until('the log to go on', () => server.process.lines > lines);
    return `${ROUNDS} rounds of requests without a log`;
  },
};
