import { AppError } from '../errors.js';

/** Why something cannot be read, in words for people; the caller adds what it was. Holds no secret. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';

  constructor(
    message: string,
    /** The HTTP status that the server answered with, where that was the reason. */
    readonly status?: number,
  ) {
    super(message);
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its host is not known to DNS',
  EAI_AGAIN: 'DNS did not answer for its host',
  ECONNREFUSED: 'nothing listens at its address',
  ECONNRESET: 'the server closed the connection before the end',
  ERR_STREAM_PREMATURE_CLOSE: 'the server closed the connection before the end',
  UND_ERR_SOCKET: 'the server closed the connection before the end',
  ENOENT: 'there is no such file below LOCAL_FILES_DOCUMENT_ROOT',
  EACCES: 'this server may not read that file',
};

/**
 * The reason of anything thrown while reading. Of foreign errors only the code is told: their messages carry
 * addresses and paths.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof Unreadable || error instanceof AppError) return error.message;
  const code = codeOf(error) ?? (error instanceof Error ? codeOf(error.cause) : undefined);
  if (code !== undefined) return WORDS[code] ?? `it failed with ${code}`;
  return `it failed with ${error instanceof Error ? error.name : 'an unknown error'}`;
}

/** The code of a system error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
