import { BlockList, isIP } from 'node:net';
import { AppError } from '../errors.js';

/** What the registries of special-purpose addresses keep from the public internet, and multicast. */
const SPECIAL_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/** The only part of IPv6 that is public; loopback, ULA, link-local, multicast and IPv4-mapped lie outside. */
const PUBLIC_IPV6 = ['2000::/3'];
/** Special parts of it: protocol assignments with Teredo, documentation, and 6to4, which wraps any IPv4 address. */
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

function subnets(family: 'ipv4' | 'ipv6', list: readonly string[]): BlockList {
  const block = new BlockList();
  for (const each of list) {
    const [network, prefix] = each.split('/') as [string, string];
    block.addSubnet(network, Number(prefix), family);
  }
  return block;
}

const specialIpv4 = subnets('ipv4', SPECIAL_IPV4);
const publicIpv6 = subnets('ipv6', PUBLIC_IPV6);
const specialIpv6 = subnets('ipv6', SPECIAL_IPV6);

/**
 * Whether an IP address is one of the public internet: not private, loopback, link-local (where clouds keep their
 * metadata), shared, mapped, multicast or reserved.
 *
 * @param address in its usual form, without brackets; anything else is not public
 * @example
 * isPublicAddress('93.184.215.14'); // true
 * isPublicAddress('::ffff:127.0.0.1'); // false
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !specialIpv4.check(address, 'ipv4');
  return family === 6 && publicIpv6.check(address, 'ipv6') && !specialIpv6.check(address, 'ipv6');
}

/** The host of a URL without the brackets of an IPv6 address and without the dot that ends a full DNS name. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$|\.$/g, '');
}

/** The port of an `http(s)` URL. */
export function portOf(url: URL): string {
  return url.port || (url.protocol === 'https:' ? '443' : '80');
}

/**
 * Reads a setting that lists hosts, such as `ALLOW_HOSTS`.
 *
 * @param entries `host` or `host:port`, where a host is a name, an address (IPv6 in brackets when a port follows) or
 *   `*.example.com`, which stands for every name below `example.com` and not for itself
 * @param setting its name, for messages
 * @returns whether a URL's host, and its port where the entry has one, is in the list
 * @throws AppError `setting_invalid` for an entry that is none of these
 * @example
 * const allows = allowedHosts(['minio:9000', '*.corp.example']);
 * allows(new URL('http://minio:9000/bucket/a.txt')); // true
 */
export function allowedHosts(entries: readonly string[], setting = 'ALLOW_HOSTS'): (url: URL) => boolean {
  const rules = entries.map(entry => {
    const [, name, port] =
      /^(\[[^\]]+\]|(?:\*\.)?[^:/?#@*\s]+)(?::(\d{1,5}))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ??
      [];
    const host = name === undefined || Number(port ?? 0) > 65_535 ? null : hostNamed(name);
    if (host === null)
      throw new AppError(
        'setting_invalid',
        `${setting}: '${entry}' is not host, host:port or *.example.com: ${adviceFor(entry)}`,
      );
    return { host, port };
  });
  return url =>
    rules.some(({ host, port }) => {
      const matches = host.startsWith('*.') ? hostOf(url).endsWith(host.slice(1)) : hostOf(url) === host;
      return matches && (port === undefined || port === portOf(url));
    });
}

const NAME = /^(?:\*\.)?[\w-]+(?:\.[\w-]+)*$/;

/** A host as it stands in URLs, which write an address or an international name in one way; null: it is none. */
function hostNamed(name: string): string | null {
  if (!URL.canParse(`http://${name}`)) return null;
  const host = hostOf(new URL(`http://${name}`));
  return isIP(host) !== 0 || NAME.test(host) ? host : null;
}

/** What to write in place of an entry that is no host. */
function adviceFor(entry: string): string {
  const host = /^(?:[a-z]+:\/\/)?(?:\*\.)?([^/?#@*]+)(?:[/?#].*)?$/i.exec(entry)?.[1];
  if (host !== undefined && host !== entry && allowsAlone(host)) return `write ${host}`;
  if (/^[^\s;|]+(?:[\s;|]+[^\s;|]+)+$/.test(entry)) return 'separate entries by commas';
  if (entry.includes('*')) return 'list the hosts, or those below a name as *.example.com';
  return 'a host is a name or an address';
}

function allowsAlone(entry: string): boolean {
  try {
    allowedHosts([entry]);
    return true;
  } catch {
    return false;
  }
}
