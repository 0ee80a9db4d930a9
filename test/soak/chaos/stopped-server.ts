import { setTimeout } from 'node:timers/promises';
import { assert } from 'chai';
import { signalProcess, stateOf } from '../process.js';
import type { Disturbance } from './disturbance.js';
import { until } from './wait.js';

const LOST =
  /^DATA_DIR=.*: this server was stopped for so long that another one \(process \d+ on .*\) uses the folder/;
const ARRIVES_MS = 200;

export const stoppedServer: Disturbance = {
  name: 'the server stopped (SIGSTOP) past its lock: another one takes its place, and it ends without writing',
  expected: LOST,
  async run(server) {
    const old = server.leave();
    const others = old.process.pids;
    old.process.signal('SIGSTOP');
    await until('it to stand still', () => stateOf(old.process.pid) === 'T');
    const took = await server.start();
    // These have arrived when it wakes: what it does first would be written.
    const late = `${1_000 + server.unkept.length}.1`;
    server.unkept.push(late);
    const setup = { ...server.labelStudio.setup(server.project), project: late };
    const send = (path: string, body: object) =>
      old.connections.send('POST', path, JSON.stringify(body)).then(
        ({ status }) => status,
        () => 'no answer',
      );
    const asked = [send('/setup', setup), send('/webhook', server.project.startTraining())];
    await setTimeout(ARRIVES_MS);
    signalProcess(old.process.pid, 'SIGCONT');
    const code = await server.over(old);
    assert.equal(code, 1, 'the exit code of the one that was stopped');
    for (const answer of await Promise.all(asked)) assert.notEqual(answer, 200, 'it took something');
    await server.none('its processes to end', others);
    return `the other one served after ${(took / 1_000).toFixed(1)} s`;
  },
};
