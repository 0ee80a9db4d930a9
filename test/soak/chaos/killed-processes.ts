import { assert } from 'chai';
import { killProcess } from '../process.js';
import type { Disturbance } from './disturbance.js';

export const killedProcesses: Disturbance = {
  name: 'each child and trainer killed (SIGKILL) at once',
  async run(server) {
    const trainer = await server.trainer();
    const [, ...others] = server.process.pids;
    const killed = others.filter(killProcess);
    assert.isNotEmpty(killed, 'none was killed');
    await server.none('them to end', killed);
    const [job] = await server.settled();
    return `${killed.length} processes, ${trainer === undefined ? 'no' : 'a'} trainer among them; the training ${job!.status}`;
  },
};
