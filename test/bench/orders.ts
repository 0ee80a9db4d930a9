import type { Shape } from './workload.js';

/** What `main.ts` orders of the load process, and what that reports. */

interface Common {
  port: number;
  shape: Shape;
  seconds: number;
}

/** As many requests as the connections can carry, one behind the other on each. */
export interface CellOrder extends Common {
  type: 'cell';
  tasks: number;
  connections: number;
  /** Seconds before the measurement. */
  warmUp: number;
  /** Whether the answer is the request itself. */
  echo: boolean;
  /** One more connection sends one request of so many bytes, and the cell lasts until that is answered. */
  bulkBytes?: number;
}

/** Requests at fixed times, whether or not earlier ones are answered yet. */
export interface ProbeOrder extends Common {
  type: 'probe';
  what: 'health' | 'interactive';
  everyMs: number;
}

export type Order = CellOrder | ProbeOrder | { type: 'stop' };

export interface Report {
  /** Answered within the measured time. */
  requests: number;
  seconds: number;
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  max: number;
  /** How often each status came; 0: the connection broke. */
  statuses: Record<number, number>;
  /** Answers that were compared with scikit-learn's, and those that differed. */
  checked: number;
  wrong: number;
  /** How the one large request went. */
  bulk?: { status: number; seconds: number; tasks: number };
  /** The part of one core that the load itself took. */
  load: number;
}
