import { readFileSync } from 'node:fs';
import { Connection, type Reply } from './connection.js';
import type { CellOrder, Order, ProbeOrder, Report } from './orders.js';
import { bulk, get, type Payload, predictions, type Shape, type Texts, wrongAnswers } from './workload.js';

/**
 * The load, in a process of its own: `main.ts` forks it, sends an order and gets a report.
 *
 * The timed part only sends, counts and keeps a few bodies; they are checked after it.
 */

const KEPT_EVERY = { single: 97, more: 11 };
const KEPT_TASKS = 4_000;
const MOST_PROBES_AT_ONCE = 32;
const LONGEST_S = 100;
const RETRY_MS = 20;

const texts = JSON.parse(readFileSync(process.env.TEXTS!, 'utf8')) as Texts;
const made = new Map<string, Payload[]>();

function payloads(tasks: number, shape: Shape, interactive = false): Payload[] {
  const key = `${tasks} ${shape} ${interactive}`;
  let found = made.get(key);
  if (!found) {
    found = predictions(texts, tasks, shape, interactive);
    made.set(key, found);
  }
  return found;
}

/** What was measured. */
class Tally {
  readonly #latencies: number[] = [];
  readonly #statuses: Record<number, number> = {};
  readonly #kept: { body: Buffer; payload: Payload }[] = [];
  readonly #begin = performance.now();
  readonly #cpu = process.cpuUsage();
  #keptTasks = 0;
  #asked = 0;

  /** Whether the body of the next answer is kept, to be checked. */
  keep(tasks: number): boolean {
    const every = tasks === 1 ? KEPT_EVERY.single : KEPT_EVERY.more;
    return this.#asked++ % every === 0 && this.#keptTasks < KEPT_TASKS;
  }

  add({ status, milliseconds, body }: Reply, payload: Payload): void {
    this.#latencies.push(milliseconds);
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    if (body === null || status !== 200 || payload.tasks === 0) return;
    this.#kept.push({ body, payload });
    this.#keptTasks += payload.tasks;
  }

  report(echo: boolean): Report {
    const seconds = (performance.now() - this.#begin) / 1000;
    const { user, system } = process.cpuUsage(this.#cpu);
    const sorted = Float64Array.from(this.#latencies).sort();
    const at = (part: number) => sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
    return {
      requests: sorted.length,
      seconds,
      perSecond: sorted.length / seconds,
      p50: at(0.5),
      p99: at(0.99),
      max: at(1),
      statuses: this.#statuses,
      checked: this.#kept.reduce((sum, { payload }) => sum + payload.tasks, 0),
      wrong: this.#kept.reduce((sum, { body, payload }) => sum + wrongAnswers(body, payload, texts, echo), 0),
      load: (user + system) / 1e6 / seconds,
    };
  }
}

const wait = (milliseconds: number) => new Promise<void>(resolve => setTimeout(resolve, milliseconds));

/** One request after the other on one connection, while `going`. */
function drive(order: CellOrder, state: { going: boolean; next: number; tally: Tally | null }): void {
  const ready = payloads(order.tasks, order.shape);
  let connection = new Connection(order.port);
  const send = () => {
    const payload = ready[state.next++ % ready.length]!;
    const keep = state.tally?.keep(payload.tasks) ?? false;
    connection.send(
      payload.bytes,
      reply => {
        state.tally?.add(reply, payload);
        if (!state.going) return connection.close();
        if (reply.status === 200 && connection.usable) return send();
        // What refuses at once must not be asked in a tight loop.
        setTimeout(() => {
          if (!state.going) return connection.close();
          if (!connection.usable) connection = new Connection(order.port);
          send();
        }, RETRY_MS);
      },
      { keep },
    );
  };
  send();
}

async function cell(order: CellOrder): Promise<Report> {
  payloads(order.tasks, order.shape);
  const large = order.bulkBytes === undefined ? null : bulk(texts, order.bulkBytes);
  const state = { going: true, next: 0, tally: null as Tally | null };
  for (let index = 0; index < order.connections; index++) drive(order, state);
  await wait(order.warmUp * 1000);

  const tally = new Tally();
  state.tally = tally;
  const longest = wait(LONGEST_S * 1000);
  let largeReply: Report['bulk'];
  const answered = new Promise<void>(resolve => {
    if (large === null) return resolve();
    const connection = new Connection(order.port);
    connection.send(large.bytes, ({ status, milliseconds }) => {
      largeReply = { status, seconds: milliseconds / 1000, tasks: large.tasks };
      connection.close();
      resolve();
    });
  });
  await wait(order.seconds * 1000);
  if (large !== null) await Promise.race([answered, longest]);
  state.going = false;
  state.tally = null;
  const report = tally.report(order.echo);
  return largeReply === undefined ? report : { ...report, bulk: largeReply };
}

let stopped = false;

async function probe(order: ProbeOrder): Promise<Report> {
  stopped = false;
  const ready = order.what === 'health' ? [get('/health')] : payloads(1, order.shape, true);
  const tally = new Tally();
  const idle: Connection[] = [];
  let open = 0;
  let sent = 0;
  let answered = 0;
  const begin = performance.now();
  const due = () => begin + sent * order.everyMs;
  const over = () => stopped || due() > begin + order.seconds * 1000;
  const ask = (connection: Connection, payload: Payload, begin: number, again: boolean) => {
    connection.send(
      payload.bytes,
      reply => {
        // The server closes a connection that was idle for long just as it is used again: any client tries once more.
        if (reply.status === 0 && again) return ask(new Connection(order.port), payload, begin, false);
        answered++;
        tally.add(reply, payload);
        if (connection.usable) idle.push(connection);
        else open--;
      },
      { keep: payload.tasks > 0 && tally.keep(payload.tasks), begin },
    );
  };
  const send = (payload: Payload) => {
    let connection = idle.pop();
    const fresh = connection === undefined;
    if (fresh) open++;
    if (!connection?.usable) connection = new Connection(order.port);
    // Time counts from when the request was due, so that a stall is seen by all that it holds up.
    ask(connection, payload, due(), !fresh);
    sent++;
  };
  while (!over()) {
    while (!over() && due() <= performance.now() && (idle.length > 0 || open < MOST_PROBES_AT_ONCE)) {
      send(ready[sent % ready.length]!);
    }
    await wait(1);
  }
  const longest = performance.now() + LONGEST_S * 1000;
  while (answered < sent && performance.now() < longest) await wait(1);
  for (const connection of idle) connection.close();
  return tally.report(false);
}

process.on('message', (order: Order) => {
  if (order.type === 'stop') {
    stopped = true;
    return;
  }
  (order.type === 'cell' ? cell(order) : probe(order)).then(
    report => process.send!(report),
    error => {
      throw error;
    },
  );
});
process.on('disconnect', () => process.exit(0));
