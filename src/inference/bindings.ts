import type { Binding } from './protocol.js';
import type { Run } from './scheduler.js';
import type { Seat } from './seat.js';

/** Bindings of a version that a child keeps; each labeling config makes one. */
const BINDINGS_KEPT = 1_000;

/** What a child must know of bindings for a run, beyond what it was told. */
export function bindingsFor(seat: Seat, { key, parts }: Run): { bindings: Binding[]; renew?: true } {
  const known = seat.known.get(key) ?? new Set();
  seat.known.set(key, known);
  const renew = known.size > BINDINGS_KEPT;
  if (renew) known.clear();
  const bindings = [...new Set(parts.map(({ job }) => job.binding))].filter(({ id }) => !known.has(id));
  for (const { id } of bindings) known.add(id);
  return renew ? { bindings, renew } : { bindings };
}
