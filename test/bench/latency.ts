import { readFileSync } from 'node:fs';
import { freePort } from '../support/free-port.js';
import { median } from './cells.js';
import { Connection, type Reply } from './connection.js';
import { type Contestant, end, launch, start } from './contestants.js';
import { Loader } from './loader.js';
import type { CellOrder, ProbeOrder, Report } from './orders.js';
import { TEXTS } from './paths.js';
import { type Payload, predict, setup, type Texts } from './workload.js';

const LARGE_BYTES = 60e6;
const EVERY_MS = { health: 10, interactive: 20 };
const LONGEST_S = 120;

export interface Latencies {
  interactiveIdle: Report;
  interactiveBusy: Report;
  healthBusy: Report;
  /** The bulk requests beside the interactive ones, and beside the health checks with the one of 60 MB. */
  bulk: Report;
  bulkWithLarge: Report;
}

/** What waits while bulk requests keep the server as busy as they can. */
export async function measureLatencies(
  loader: Loader,
  seconds: number,
  settings: Record<string, string>,
): Promise<Latencies> {
  const server = await start('ours', settings);
  const prober = new Loader();
  const probe = (what: ProbeOrder['what'], untilStopped: boolean) =>
    prober.run({
      type: 'probe',
      what,
      port: server.port,
      shape: 'lean',
      seconds: untilStopped ? LONGEST_S : seconds,
      everyMs: EVERY_MS[what],
    });
  const saturate = (more: Partial<CellOrder> = {}) =>
    loader.run({
      type: 'cell',
      port: server.port,
      shape: 'lean',
      tasks: 1_000,
      connections: 8,
      warmUp: 1,
      seconds,
      echo: false,
      ...more,
    });
  try {
    await probe('interactive', false);
    const interactiveIdle = await probe('interactive', false);
    const beside = async (what: ProbeOrder['what'], more: Partial<CellOrder> = {}) => {
      const load = saturate(more);
      await new Promise(resolve => setTimeout(resolve, 1_000));
      const probed = probe(what, true);
      const bulk = await load;
      prober.stop();
      return { probed: await probed, bulk };
    };
    const interactive = await beside('interactive');
    const health = await beside('health', { bulkBytes: LARGE_BYTES });
    return {
      interactiveIdle,
      interactiveBusy: interactive.probed,
      healthBusy: health.probed,
      bulk: interactive.bulk,
      bulkWithLarge: health.bulk,
    };
  } finally {
    await Promise.all([prober.close(), server.stop()]);
  }
}

function ask(port: number, payload: Payload): Promise<Reply> {
  return new Promise(resolve => {
    const connection = new Connection(port);
    connection.send(payload.bytes, reply => {
      connection.close();
      resolve(reply);
    });
  });
}

async function setUp(server: Contestant): Promise<void> {
  const { status } = await ask(server.port, setup());
  await server.stop();
  if (status !== 200) throw new Error(`/setup was answered with ${status}`);
}

/** Seconds from the start of the process to its first prediction, for a project that was set up before. */
export async function measureStart(times: number, settings: Record<string, string>): Promise<number> {
  const texts = JSON.parse(readFileSync(TEXTS, 'utf8')) as Texts;
  await setUp(await start('ours', settings));
  const payload = predict(texts, 0, 1, 'lean');
  const taken: number[] = [];
  for (let time = 0; time < times; time++) {
    const port = await freePort();
    const begin = performance.now();
    const child = launch('ours', port, settings);
    try {
      while ((await ask(port, payload)).status !== 200) {
        if (child.exitCode !== null || performance.now() - begin > 60_000)
          throw new Error('it does not start');
        await new Promise(resolve => setTimeout(resolve, 5));
      }
      taken.push((performance.now() - begin) / 1000);
    } finally {
      await end(child);
    }
  }
  return median(taken);
}
