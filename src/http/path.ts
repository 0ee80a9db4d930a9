/** A part of a path as it was meant; as it stands there when its escapes are not valid. */
export function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** A request's target without scheme, credentials and host, which clients send to proxies; and to servers, if they like. */
export function originForm(url: string): string {
  if (url.startsWith('/')) return url;
  const path = url.replace(/^\w+:\/\/[^/?#]*/, '');
  return path.startsWith('/') ? path : `/${path}`;
}

/** The bytes of a part of a path: its escapes stand for bytes. */
export function decodeBytes(part: string): Buffer {
  return Buffer.from(
    part.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}

const SHORT_HOST = /^[\w.:[\]-]{1,60}$/;

/** The address of this server as a client wrote it: behind a proxy it may have another one. */
export function serverUrl(host: string | undefined): string {
  return `http://${host !== undefined && SHORT_HOST.test(host) ? host : 'host:port'}`;
}
