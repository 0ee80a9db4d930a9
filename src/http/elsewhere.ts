import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { AppError, clip } from '../errors.js';
import { allowedHosts, hostOf, portOf } from '../task-data/hosts.js';

/** Names that containers have for the machine they run on; only that machine decides what they stand for. */
const LOCAL_NAMES = new Set(['localhost', 'host.docker.internal', 'host.containers.internal']);
const HOST = /^[^\s/?#@\\]+$/;
const SHOWN = 100;

export interface ElsewhereOptions {
  /** The setting `PUBLIC_HOSTS`. */
  publicHosts: readonly string[];
  /** Whether this server listens where only its own machine reaches it. */
  loopback: boolean;
}

/** Lets a request in or throws. It is not asked for routes that anyone may call. */
export type ElsewhereCheck = (headers: IncomingHttpHeaders) => void;

/**
 * Refuses what a browser sends for a page of another site. A form or a script on any public page reaches a server on
 * `localhost`, and browsers send it without asking. Label Studio and curl send neither `Origin` nor `Sec-Fetch-Site`.
 *
 * A page can also give its own host name the address 127.0.0.1 (DNS rebinding): its requests then count as its own. On
 * loopback the `Host` must therefore be a name of this machine, an address (which DNS cannot change), or in
 * `PUBLIC_HOSTS`. Beyond loopback this server cannot know its names; Basic auth keeps others out there.
 *
 * @returns a check that throws AppError `origin_refused`, which names the setting
 * @throws AppError `setting_invalid` for an entry of `PUBLIC_HOSTS` that is no host
 * @example
 * const check = createElsewhereCheck({ publicHosts: [], loopback: true });
 * check({ host: 'localhost:9090' }); // nothing happens
 * check({ host: 'localhost:9090', origin: 'https://evil.example' }); // throws
 */
export function createElsewhereCheck({ publicHosts, loopback }: ElsewhereOptions): ElsewhereCheck {
  const isPublic = allowedHosts(publicHosts, 'PUBLIC_HOSTS');

  const checkHost = (host: string): void => {
    const url = urlOfHost(host);
    if (url !== null && (isLocal(hostOf(url)) || isPublic(url))) return;
    throw refused(`this server has no host name '${clip(host, SHOWN)}'`, url);
  };
  const checkOrigin = (origin: string, host: string | undefined): void => {
    const url = /^https?:\/\//i.test(origin) && URL.canParse(origin) ? new URL(origin) : null;
    // The scheme may differ: a proxy takes https and asks this server over http.
    if (url !== null && (url.host === host?.toLowerCase() || isPublic(url))) return;
    throw refused(`the request comes from a page of another site, '${clip(origin, SHOWN)}'`, url);
  };

  return headers => {
    const { host, origin } = headers;
    // Only HTTP/1.0, which no browser speaks, knows requests without a host.
    if (loopback && host !== undefined) checkHost(host);
    if (origin !== undefined) checkOrigin(origin, host);
    else if (headers['sec-fetch-site'] === 'cross-site')
      throw refused('the request comes from a page of another site, which the browser does not name', null);
  };
}

function isLocal(name: string): boolean {
  return LOCAL_NAMES.has(name) || name.endsWith('.localhost') || isIP(name) !== 0;
}

/** Parsed as browsers do, which write an address such as 127.1 in full. */
function urlOfHost(host: string): URL | null {
  return HOST.test(host) && URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : null;
}

function refused(what: string, url: URL | null): AppError {
  const advice =
    url === null
      ? 'PUBLIC_HOSTS lists the host names that this server has behind proxies and tunnels'
      : `only if that is this server behind a proxy or a tunnel, start it with PUBLIC_HOSTS=${entryFor(url)}: all its pages may then use this server`;
  return new AppError('origin_refused', `${what}; ${advice}`);
}

/** The narrowest entry that lets a host in. Others of this machine have its names, too, on other ports. */
function entryFor(url: URL): string {
  const port = url.port || (isLocal(hostOf(url)) ? portOf(url) : '');
  return `${clip(url.hostname, SHOWN)}${port && `:${port}`}`;
}
