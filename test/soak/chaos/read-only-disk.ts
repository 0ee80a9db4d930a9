import { assert } from 'chai';
import { remount, writeFailure } from './disks.js';
import { type Disturbance, NO_MOUNT, NotHere } from './disturbance.js';

/** Linux does not make a disk read-only while a file on it is open for writing: so it is, when the server starts. */
export const readOnlyDisk: Disturbance = {
  name: 'a start on a read-only disk, which it refuses in a sentence, and the next start',
  async run(server) {
    if (!server.disks) throw new NotHere(NO_MOUNT);
    const { folder } = server.disks.data;
    await server.stop();
    await remount(folder, 'ro');
    let why: string;
    try {
      assert.equal(await writeFailure(folder), 'EROFS', 'the disk is not read-only');
      why = await server.refusal();
    } finally {
      await remount(folder, 'rw');
    }
    await server.start();
    assert.include(why, `DATA_DIR=${folder}: its disk is read-only: mount it writable`);
    return why;
  },
};
