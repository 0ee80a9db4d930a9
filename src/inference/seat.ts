import type { InferenceChild } from './child-process.js';
import type { Run } from './scheduler.js';

/** A running child with what it holds. */
export interface Seat {
  child: InferenceChild;
  /** It runs at normal priority, and is kept free for annotators while they work; all others give way to it. */
  front: boolean;
  /** When it was ready, by the clock of `performance`. */
  since: number;
  /** What it works on. */
  run?: Run | undefined;
  /** When that will be done, by the same clock, as far as one can tell. */
  until: number;
  /** Per version the bindings that it knows. */
  known: Map<string, Set<string>>;
  /** How many versions it loads; it takes no runs until it has. */
  loading: number;
  /** It takes nothing new, and ends when it is idle. */
  retiring: boolean;
  /** Another one has its place already. */
  replaced: boolean;
}

/** A seat for a child that is ready. */
export function seatFor(child: InferenceChild, front: boolean): Seat {
  return {
    child,
    front,
    since: performance.now(),
    until: 0,
    known: new Map(),
    loading: 0,
    retiring: false,
    replaced: false,
  };
}
