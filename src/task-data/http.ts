import type { LookupAddress } from 'node:dns';
import { get as getHttp, type IncomingHttpHeaders } from 'node:http';
import { get as getHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { request as requestThrough } from 'undici';
import { answered, type HttpProxy, type ProxySource, proxyError } from '../proxies.js';
import { USER_AGENT } from '../user-agent.js';
import { type Body, tooLarge } from './body.js';
import { hostOf, isPublicAddress } from './hosts.js';
import { Unreadable } from './reasons.js';

/** All addresses of a host name. */
export type Lookup = (hostname: string) => Promise<readonly LookupAddress[]>;

export interface DownloadOptions {
  /** Label Studio's origin, which is read whatever its address. Null: none. */
  ownOrigin: string | null;
  /** Where something of Label Studio's is asked for that it calls by another name. */
  ownAddress(url: URL): URL;
  /** Whether a path of that origin is read with its `authorization`. */
  isData(url: URL): boolean;
  /** Says what is wrong when that origin gives no answer. */
  ownFailed(error: unknown): unknown;
  /** The `Authorization` header for that origin. */
  authorization(): Promise<string | null>;
  /** Whether a URL is read whatever its address. */
  allows(url: URL): boolean;
  lookup: Lookup;
  proxyOf: ProxySource;
  maxBytes: number;
  /** How long a server may take until it begins to answer, in milliseconds. */
  answerMs: number;
  signal: AbortSignal;
}

/** What a server answered, before its body is read. */
interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Readable;
}

const MAX_REDIRECTS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/**
 * Asks for an `http(s)` URL. Redirects are followed by hand, so that each hop's address is checked, and so that the
 * credentials stay with the paths that they are for: once a redirect has left them, they are not sent any more.
 *
 * @throws Unreadable when the server, the address or the size forbids it; the signal's or the connection's own error
 */
export async function download(start: URL, options: DownloadOptions): Promise<Body> {
  let url = start;
  let own = options.isData(start);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    own &&= url.origin === options.ownOrigin && options.isData(url);
    const authorization = own ? await options.authorization() : null;
    const answer = await request(url, authorization, options).catch(error => {
      throw url.origin === options.ownOrigin ? options.ownFailed(error) : error;
    });
    const { location } = answer.headers;
    if (!REDIRECTS.includes(answer.status) || location === undefined)
      return bodyOf(answer, url, own, options);
    drop(answer);
    if (!URL.canParse(location, url.href))
      throw new Unreadable('its server redirects to something that is not a URL');
    const next = new URL(location, url);
    const renamed = options.ownAddress(next);
    // One that redirects to its other name for the same thing is followed there.
    url = renamed.href === url.href ? next : renamed;
  }
  throw new Unreadable(`its server redirects more than ${MAX_REDIRECTS} times`);
}

/** Gives an answer up, without its connection. */
function drop({ body }: Answer): void {
  body.on('error', () => {}).destroy();
}

async function request(url: URL, authorization: string | null, options: DownloadOptions): Promise<Answer> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Unreadable(`its server redirects to ${url.protocol}, and only http: and https: are followed`);
  }
  const trusted = url.origin === options.ownOrigin || options.allows(url);
  const host = hostOf(url);
  // Node does not look an address up, so the check in `lookup` would not see it.
  if (!trusted && isIP(host) !== 0 && !isPublicAddress(host)) throw notPublic(url);
  const headers = {
    'user-agent': USER_AGENT,
    'accept-encoding': 'identity',
    ...(authorization === null ? {} : { authorization }),
  };
  const proxy = options.proxyOf(url);
  if (proxy !== null) {
    if (!trusted && isOfOwnNetwork(host)) throw notPublic(url);
    return await through(proxy, url, headers, options);
  }
  const lookup: LookupFunction = (hostname, { all }, callback) => {
    options.lookup(hostname).then(
      addresses => {
        const first = addresses[0];
        if (first === undefined)
          return callback(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '');
        // The connection goes to these very addresses: what DNS says a moment later changes nothing.
        if (!trusted && !addresses.every(each => isPublicAddress(each.address)))
          return callback(notPublic(url), '');
        return all ? callback(null, [...addresses]) : callback(null, first.address, first.family);
      },
      error => callback(error, ''),
    );
  };
  return new Promise((resolve, reject) => {
    const get = url.protocol === 'https:' ? getHttps : getHttp;
    const { answerMs } = options;
    const asked = get(url, {
      // A connection of its own: a pooled one may have been opened under the rules of another project.
      agent: false,
      lookup,
      signal: options.signal,
      headers,
    });
    const timer = setTimeout(() => asked.destroy(tooSlow(answerMs)), answerMs);
    asked
      .on('response', body => resolve({ status: body.statusCode ?? 0, headers: body.headers, body }))
      .on('error', reject)
      .once('response', () => clearTimeout(timer))
      .once('close', () => clearTimeout(timer));
  });
}

function tooSlow(answerMs: number): Unreadable {
  return new Unreadable(`its server did not begin to answer within ${answerMs / 1000} s`);
}

/** Names that no public DNS has. The proxy looks names up, so that is all that can be told of one here. */
function isOfOwnNetwork(host: string): boolean {
  return isIP(host) === 0 && (!host.includes('.') || host.endsWith('.localhost'));
}

async function through(
  proxy: HttpProxy,
  url: URL,
  headers: Record<string, string>,
  { signal, answerMs }: DownloadOptions,
): Promise<Answer> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(tooSlow(answerMs)), answerMs);
  try {
    const { statusCode, ...answer } = await requestThrough(url, {
      dispatcher: proxy.dispatcher,
      signal: AbortSignal.any([signal, late.signal]),
      headers,
      // They are bounded by the signals.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    return { status: statusCode, headers: answer.headers, body: answer.body };
  } catch (error) {
    signal.throwIfAborted();
    throw proxyError(proxy, url, error);
  } finally {
    clearTimeout(timer);
  }
}

function notPublic(url: URL): Unreadable {
  return new Unreadable(
    `the address of '${url.host}' is not public; if it may be read, set ALLOW_HOSTS=${url.host}`,
  );
}

/** Storages may keep an object compressed and send it so, whatever was asked for. */
const DECODERS: ReadonlyMap<string | undefined, () => Duplex> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

function bodyOf(answer: Answer, url: URL, own: boolean, options: DownloadOptions): Body {
  const { status, headers, body } = answer;
  if (status < 200 || status > 299) {
    drop(answer);
    const proxy = options.proxyOf(url);
    if (proxy && status === 407) throw answered(proxy, status);
    const who = proxy && status >= 502 ? `its server, or the proxy ${proxy.shown} before it,` : 'its server';
    const advice = own && (status === 401 || status === 403) ? '; check LABEL_STUDIO_API_KEY' : '';
    throw new Unreadable(`${who} answered HTTP ${status}${advice}`, status);
  }
  if (Number(headers['content-length']) > options.maxBytes) {
    drop(answer);
    throw tooLarge(options.maxBytes);
  }
  const decoder = DECODERS.get(headers['content-encoding']?.toLowerCase());
  return { source: body, through: decoder ? [decoder()] : [] };
}
