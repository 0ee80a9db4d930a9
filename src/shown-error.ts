import { clip, MESSAGE_LENGTH, messageOf } from './errors.js';

/** An error as the log has it. */
export interface ShownError {
  type: string;
  message: string;
  /** With those of its causes. */
  stack: string;
  /** The system's code, such as `ENOSPC`. */
  code?: string;
}

const STACK_LENGTH = 10_000;
/** How many causes are told. */
const CAUSES = 5;

/**
 * Anything thrown, for the log. It is short, and never throws. It replaces pino's own serializer of `err`, which throws where a
 * getter does and copies everything that an error carries.
 *
 * @example
 * const log = pino({}).child({}, { serializers: { err: shownError } });
 */
export function shownError(error: unknown): ShownError {
  const code = read(error, 'code');
  return {
    type: clip(textOf(read(read(error, 'constructor'), 'name')) ?? typeof error, 100),
    message: clip(messageOf(error), MESSAGE_LENGTH),
    stack: clip(withCauses(error).map(stackOf).join('\ncaused by: '), STACK_LENGTH),
    ...(typeof code === 'string' && { code: clip(code, 100) }),
  };
}

/** An error and what caused it. Of several, in an AggregateError, it is the first. */
function withCauses(error: unknown): unknown[] {
  const all: unknown[] = [];
  let next = error;
  while (next !== undefined && next !== null && all.length <= CAUSES && !all.includes(next)) {
    all.push(next);
    next = read(next, 'cause') ?? read(read(next, 'errors'), 0);
  }
  return all;
}

function stackOf(error: unknown): string {
  return clip(textOf(read(error, 'stack')) ?? messageOf(error), STACK_LENGTH);
}

/** A property of anything; undefined where it cannot be read. */
function read(value: unknown, key: string | number): unknown {
  try {
    return (value as Record<string | number, unknown> | null | undefined)?.[key];
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
