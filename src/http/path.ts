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

/** A path as others may read it: what stands behind a webhook is a secret, also where it is mistyped. */
export function shownPath(path: string): string {
  return path.replace(/(\/webhook[^/]*)\/.*$/i, '$1/…');
}
