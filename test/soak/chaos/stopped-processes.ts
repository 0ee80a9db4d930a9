import { setTimeout } from 'node:timers/promises';
import { assert } from 'chai';
import { signalProcess, stateOf } from '../process.js';
import type { Disturbance } from './disturbance.js';
import { until } from './wait.js';

const HOLD_MS = { least: 500, more: 4_000 };

export const stoppedProcesses: Disturbance = {
  name: 'each child and trainer stopped (SIGSTOP), and going on',
  async run(server, random) {
    const trainer = await server.trainer();
    const [, ...others] = server.process.pids;
    const stopped = others.filter(pid => signalProcess(pid, 'SIGSTOP'));
    try {
      await until('them to stand still', () =>
        stopped.every(pid => ['T', undefined, 'Z'].includes(stateOf(pid))),
      );
      assert.isTrue(
        stopped.some(pid => stateOf(pid) === 'T'),
        'none was stopped',
      );
      const { status } = await server.server.connections.send('GET', '/health');
      assert.equal(status, 200, '/health');
      await setTimeout(HOLD_MS.least + random(HOLD_MS.more));
    } finally {
      for (const pid of stopped) signalProcess(pid, 'SIGCONT');
    }
    const [job] = await server.settled();
    return `${stopped.length} processes, ${trainer === undefined ? 'no' : 'a'} trainer among them; the training ${job!.status}`;
  },
};
