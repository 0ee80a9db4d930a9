import { assert } from 'chai';
import type { Disturbance } from './disturbance.js';

export const secondServer: Disturbance = {
  name: 'a second server on the same DATA_DIR, which ends with a sentence',
  async run(server) {
    const why = await server.refusal();
    assert.include(
      why,
      `DATA_DIR=${server.dataDir}: another server uses this folder (process ${server.process.pid} on `,
    );
    return why;
  },
};
