import { setTimeout } from 'node:timers/promises';
import { State } from '../../../src/state.js';
import { Connections } from '../connections.js';
import type { SoakProject } from '../label-studio.js';
import type { Count } from '../report.js';

const PAUSE_MS = 100;
const AGAIN_MS = 50;
/** No room for what must be kept, and what any request may get for a while. */
const REFUSED = [503, 507];

/** Annotations of a project that is never trained, so that all of them can be counted in the end. */
export class Annotations {
  readonly count: Count = { answered: 0, retried: 0, milliseconds: [] };
  readonly faults: string[] = [];
  /** Whether connections may fail at the moment. */
  mayFail = false;
  readonly project: SoakProject;
  #connections: Connections | undefined;
  #sent = 0;
  #newest = 0;
  #over = false;

  constructor(project: SoakProject) {
    this.project = project;
  }

  /** Sends them to this server from now on; none: what is under way may fail. */
  aim(url?: string): void {
    this.#connections?.close();
    this.#connections = url === undefined ? undefined : new Connections(url);
  }

  /** Runs until `stop`. An event is sent once, as Label Studio does. */
  async run(): Promise<void> {
    while (!this.#over) {
      const connections = this.#connections;
      if (!connections) {
        await setTimeout(AGAIN_MS);
        continue;
      }
      await this.#send(connections);
      await setTimeout(PAUSE_MS);
    }
    this.aim();
  }

  stop(): void {
    this.#over = true;
  }

  /** Whether one that was sent since a time of `performance.now()` was taken. */
  takenSince(time: number): boolean {
    return this.#newest > time;
  }

  /** What a server that has ended left in its `DATA_DIR`. @returns what is wrong with it */
  async lost(dataDir: string): Promise<string[]> {
    const state = State.open(dataDir);
    const pending = state.pending().filter(({ project }) => project === this.project.key);
    await state.close();
    const counted = pending.reduce((sum, { count }) => sum + count, 0);
    const taken = this.count.answered;
    if (counted < taken) return [`${taken} were answered with 200, and ${counted} are counted`];
    if (counted > this.#sent) return [`${this.#sent} were sent, and ${counted} are counted`];
    return [];
  }

  async #send(connections: Connections): Promise<void> {
    const sent = performance.now();
    this.#sent++;
    try {
      const { status, body } = await connections.send(
        'POST',
        '/webhook',
        JSON.stringify(this.project.annotate()),
      );
      if (status === 200) {
        this.count.answered++;
        this.count.milliseconds.push(performance.now() - sent);
        this.#newest = sent;
      } else if (REFUSED.includes(status)) this.count.retried++;
      else this.faults.push(`${status} ${body}`);
    } catch (error) {
      if (!this.mayFail && connections === this.#connections) this.faults.push((error as Error).message);
    }
  }
}
