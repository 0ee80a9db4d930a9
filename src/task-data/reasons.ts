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

const UNKNOWN_AUTHORITY =
  "its certificate is of an authority unknown here; set NODE_EXTRA_CA_CERTS to that authority's certificate (a PEM file), and restart this server";

const NO_TLS = 'it does not speak https as this server does; if it speaks http, write http:// in its address';

const WORDS: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: 'its certificate has expired; renew it',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'its certificate is for another host; use the host that the certificate names',
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  EPROTO: NO_TLS,
  EHOSTUNREACH: 'there is no way to its address',
  ENETUNREACH: 'there is no way to its address',
  ETIMEDOUT: 'nothing answers at its address',
  UND_ERR_CONNECT_TIMEOUT: 'nothing answers at its address',
  ENOTFOUND: 'its host is not known to DNS',
  EAI_AGAIN: 'DNS did not answer for its host',
  ECONNREFUSED: 'nothing listens at its address',
  ECONNRESET: 'the server closed the connection before the end',
  ERR_STREAM_PREMATURE_CLOSE: 'the server closed the connection before the end',
  UND_ERR_SOCKET: 'the server closed the connection before the end',
  ENOTDIR: 'there is no such file below LOCAL_FILES_DOCUMENT_ROOT',
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
