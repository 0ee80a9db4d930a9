import { clip } from '../errors.js';
import { decodeBytes } from './path.js';

const SHOWN = 200;
const SHORT = 8;
/** What stands behind a webhook, also where the path is mistyped; the slash may be encoded. */
const BEHIND_WEBHOOK = /(\/webhook(?:(?!%2f)[^/])*)(?:\/|%2f).*$/i;

/** Shows what clients sent without the server's secrets in it. */
export interface Hiding {
  /** A path, short, without credentials and without what stands behind a webhook. */
  path(path: string): string;
  /** A text of which parts may come from a path. */
  text(text: string): string;
}

/**
 * Keeps secrets out of what others read, wherever in a path a client put them.
 *
 * @param secrets the server's own; null: not set
 * @example
 * const hiding = createHiding(['s3cret']);
 * hiding.path('/hook/s3cret'); // '/hook/…'
 * hiding.path('//user:pass@host/setup'); // '//…@host/setup'
 * hiding.text("there is no job 's3cret'"); // "there is no job '…'"
 */
export function createHiding(secrets: readonly (string | null)[]): Hiding {
  const known = secrets.filter(secret => secret !== null && secret !== '') as string[];
  const forms = known.flatMap(secret => [Buffer.from(secret), Buffer.from(secret, 'latin1')]);
  const tells = (part: string) => {
    const bytes = decodeBytes(part);
    return forms.some(form => bytes.includes(form));
  };
  return {
    path(path) {
      const parts = path.replace(BEHIND_WEBHOOK, '$1/…').split('/').map(withoutCredentials);
      let shown = parts.join('/');
      if (tells(shown)) {
        shown = parts.map(part => (tells(part) ? '…' : part)).join('/');
        // One with a slash in it.
        if (tells(shown)) shown = '/…';
      }
      return clip(shown, SHOWN);
    },
    text: text => known.reduce((shown, secret) => shown.replaceAll(...replacement(secret)), text),
  };
}

/** A short secret may be part of a word; it is replaced only where a message quotes it as a whole. */
function replacement(secret: string): [string, string] {
  return secret.length < SHORT ? [`'${secret}'`, "'…'"] : [secret, '…'];
}

/** A part of a path without what stands before a host, `user:pass@`. */
function withoutCredentials(part: string): string {
  const at = part.lastIndexOf('@');
  return part.lastIndexOf(':', at) < 0 || at < 0 ? part : `…${part.slice(at)}`;
}
