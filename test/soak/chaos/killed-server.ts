import type { Disturbance } from './disturbance.js';

export const killedServer: Disturbance = {
  name: 'the server killed (SIGKILL), in the midst of a training or not, and started again',
  expected: /the server ended \d times while it ran/,
  async run(server, random) {
    if (random(2) === 0) await server.trainer();
    const orphans = await server.kill();
    const begin = performance.now();
    await server.start();
    await server.answers();
    const seconds = (performance.now() - begin) / 1_000;
    await server.none('what the killed server had started to end', orphans);
    await server.settled();
    return `it serves again after ${seconds.toFixed(1)} s (15 s at most on a machine that does nothing else)`;
  },
};
