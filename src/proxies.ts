import { BlockList, isIP } from 'node:net';
import { type Dispatcher, ProxyAgent, fetch as send } from 'undici';
import type { Config } from './config.js';
import { hostOf, portOf } from './task-data/hosts.js';
import { codeOf, reasonOf, Unreadable } from './task-data/reasons.js';

/** The proxy that a URL is read through. */
export interface HttpProxy {
  /** The setting that names it. */
  setting: 'HTTP_PROXY' | 'HTTPS_PROXY';
  /** Its address without credentials. */
  shown: string;
  dispatcher: Dispatcher;
}

/** The proxy of a URL; null: it is read directly. */
export type ProxySource = (url: URL) => HttpProxy | null;

/**
 * The proxies of the settings.
 * @example
 * const proxyOf = proxies({ HTTP_PROXY: null, HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: ['.corp.example'] });
 * proxyOf(new URL('https://example.com/a.png'))?.shown; // 'http://proxy:3128'
 */
export function proxies(config: Pick<Config, 'HTTP_PROXY' | 'HTTPS_PROXY' | 'NO_PROXY'>): ProxySource {
  const passesBy = passingBy(config.NO_PROXY);
  const open = (setting: HttpProxy['setting']): HttpProxy | null => {
    const address = config[setting];
    if (address === null) return null;
    const { origin, username, password } = new URL(address);
    const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
    const dispatcher = new ProxyAgent({
      uri: origin,
      // Proxies open no tunnel to the port of http.
      proxyTunnel: false,
      ...(username === '' ? {} : { token: `Basic ${credentials.toString('base64')}` }),
    });
    return { setting, shown: origin, dispatcher };
  };
  const ways = { 'http:': open('HTTP_PROXY'), 'https:': open('HTTPS_PROXY') };
  return url => (passesBy(url) ? null : (ways[url.protocol as keyof typeof ways] ?? null));
}

/** `fetch` through the proxies. */
export function proxiedFetch(proxyOf: ProxySource): typeof fetch {
  return (async (input: URL, init: RequestInit) => {
    const proxy = proxyOf(input);
    try {
      // The types of Node's own fetch are of another release.
      const options = { ...init, ...(proxy && { dispatcher: proxy.dispatcher }) } as Parameters<
        typeof send
      >[1];
      const response = await send(input, options);
      if (proxy && response.status === REFUSED) throw answered(proxy, REFUSED);
      return response;
    } catch (error) {
      throw proxy ? proxyError(proxy, input, error) : error;
    }
  }) as typeof fetch;
}

/** The status of a proxy that wants a password. */
const REFUSED = 407;
/** How undici says that a proxy opened no tunnel. */
const NO_TUNNEL = /^Proxy response \((\d+)\)/;

/** What an error says of something that is read through a proxy, and what to do. */
export function proxyError(proxy: HttpProxy, url: URL, error: unknown): unknown {
  if (error instanceof Unreadable) return error;
  let cause = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  const message = cause instanceof Error ? cause.message : '';
  const status = NO_TUNNEL.exec(message)?.[1] ?? /Authentication Required \((407)\)$/.exec(message)?.[1];
  if (status !== undefined) return answered(proxy, Number(status));
  const reason = reasonOf(cause);
  // It is told of its certificate, or of the one of the server behind it.
  if (reason.includes('; ')) return new Unreadable(reason);
  return codeOf(cause) === undefined ? error : new Unreadable(sentence(proxy, url, reason));
}

/** The reason of a proxy that answers with such a status in the place of the server. */
export function answered({ setting, shown }: HttpProxy, status: number): Unreadable {
  const advice =
    status === REFUSED ? `set ${setting}=http://user:password@host:port` : 'check what it lets through';
  return new Unreadable(`the proxy ${shown} of ${setting} answered HTTP ${status}; ${advice}`, status);
}

function sentence({ setting, shown }: HttpProxy, url: URL, reason: string): string {
  return `it is read through the proxy ${shown} of ${setting}, and that failed: ${reason}; check the proxy, or add ${hostOf(url)} to NO_PROXY`;
}

const LOOPBACK = [
  ['127.0.0.0', 8, 'ipv4'],
  ['::1', 128, 'ipv6'],
] as const;

/**
 * Reads `NO_PROXY` as curl and Python's requests do: a host stands for itself and all names below it, with or without a dot or
 * `*.` before it, and may have a port; `10.0.0.0/8` stands for literal addresses; `*` for everything. Entries of other kinds, which
 * other programs may read, match nothing. This very machine is always passed by, as Go's `ProxyFromEnvironment` has it.
 */
function passingBy(entries: readonly string[]): (url: URL) => boolean {
  const networks = new BlockList();
  const hosts: { host: string; port: string | undefined }[] = [];
  for (const entry of entries) {
    const [, network = '', bits] = /^(.+)\/(\d{1,3})$/.exec(entry) ?? [];
    const family = isIP(network);
    if (family !== 0 && Number(bits) <= (family === 4 ? 32 : 128))
      networks.addSubnet(network, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
    const [, name = '', port] =
      /^(\[[^\]]+\]|[^:/]+)(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
    const host = name.replace(/^\*?\.|\.$|[[\]]/g, '').toLowerCase();
    if (host !== '') hosts.push({ host, port });
  }
  if (entries.includes('*')) return () => true;
  for (const [network, bits, family] of LOOPBACK) networks.addSubnet(network, bits, family);
  return url => {
    const own = hostOf(url);
    const family = isIP(own);
    if (own === 'localhost') return true;
    if (family !== 0 && networks.check(own, family === 4 ? 'ipv4' : 'ipv6')) return true;
    return hosts.some(
      ({ host, port }) =>
        (own === host || (family === 0 && own.endsWith(`.${host}`))) &&
        (port === undefined || port === portOf(url)),
    );
  };
}
