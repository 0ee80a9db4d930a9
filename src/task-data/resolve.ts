import { type LabelStudio, urlOf, withoutSlashes } from '../label-studio/source.js';
import { trimEnd } from '../trim-end.js';

/** What a string in a task's data stands for. */
export type Source =
  /** Nothing to read: the string itself is the value. */
  | { kind: 'inline' }
  /** The bytes are in the value, as a `data:` URI. */
  | { kind: 'data'; bytes: Buffer }
  | { kind: 'http'; url: string }
  /** A file behind Label Studio. `fallback` is where it is when `path` answers 404. */
  | { kind: 'label-studio'; path: string; fallback?: string }
  /** A file of Label Studio's local storage, relative to its document root; `url` is its path behind Label Studio. */
  | { kind: 'local'; path: string; url: string }
  /** An object of a cloud storage, which Label Studio holds the credentials for. */
  | { kind: 'cloud'; uri: string };

const UPLOAD = /^\/?(?:data\/)?(upload\/\d+\/\S+)$/;
const LOCAL_FILES = /^\/data\/local-files\/?\?.+$/;
/** Looked for in what is one by the expression above: together they would take quadratic time. */
const LOCAL_PATH = /(?:^[^?]*\?|&)d=./;
const STORED_UPLOAD = /^\/?(storage-data\/uploaded\/?\?.+)$/;
const HTTP = /^https?:\/\/\S+$/i;
// The keys of a bucket may contain spaces, and Label Studio writes them as they are.
const CLOUD = /^(?:s3|gs|azure-blob):\/\/[^\s/]+\/.+$/;
const DATA = /^data:[\w.+-]+\/[\w.+-]+(?:;[\w.+-]+=[\w.+-]+)*(?:;base64)?,\S*$/i;
/** Where Label Studio is, and what tasks call it. */
export type Place = Pick<LabelStudio, 'url' | 'outer'>;

/** What Label Studio serves of its own that tasks point to, below its address. */
const OWN_PATH =
  /^\/(?:data|storage-data|static|samples|(?:tasks|projects)\/[^/]+\/(?:presign|resolve))(?:[/?]|$)/;
/** Label Studio's address may have a path that nobody told this server. */
const UNKNOWN_PREFIX = /^(?:\/[^/?#]+)+?(?=\/(?:data|storage-data)\/)/;

/**
 * Says what a string of a task's data stands for. Only strings that are a reference as a whole count as one: a
 * sentence that begins with a URL, or with the word "upload", is inline text.
 *
 * @param labelStudio Label Studio's addresses; values that begin with one of them, or with the path that it has
 *   (`https://example.com/ls`), are what they are without it
 * @example
 * classify('Great service'); // { kind: 'inline' }
 * classify('s3://bucket/a.txt'); // { kind: 'cloud', uri: 's3://bucket/a.txt' }
 * classify('upload/3/a.txt'); // { kind: 'label-studio', path: '/data/upload/3/a.txt', fallback: '/storage-data/...' }
 */
export function classify(value: string, labelStudio?: Place | null): Source {
  if (HTTP.test(value)) return URL.canParse(value) ? remote(value, labelStudio) : { kind: 'inline' };
  if (CLOUD.test(value)) return { kind: 'cloud', uri: value };
  if (DATA.test(value)) return readDataUri(value) ?? { kind: 'inline' };
  return behindLabelStudio(withoutPrefix(value, labelStudio));
}

/** What a URL stands for: something of Label Studio's is asked for at its own address, whichever of them the task holds. */
function remote(value: string, labelStudio: Place | null | undefined): Source {
  const path = labelStudio ? pathBelow(new URL(value), labelStudio) : undefined;
  if (!labelStudio || path === undefined || !OWN_PATH.test(path)) return { kind: 'http', url: value };
  const known = behindLabelStudio(path);
  return known.kind === 'inline' ? { kind: 'http', url: urlOf(labelStudio, path).href } : known;
}

/** What a path below Label Studio's address stands for. */
function behindLabelStudio(path: string): Source {
  if (LOCAL_FILES.test(path) && LOCAL_PATH.test(path)) {
    // Decoded once, and the last `d` wins, as in Label Studio's own view.
    const file = new URLSearchParams(path.slice(path.indexOf('?'))).getAll('d').at(-1)!;
    return { kind: 'local', path: file, url: path };
  }
  const upload = UPLOAD.exec(path)?.[1];
  if (upload !== undefined) {
    return {
      kind: 'label-studio',
      path: `/data/${upload}`,
      // An upload that Label Studio keeps in a cloud storage of its own is served here alone.
      fallback: `/storage-data/uploaded/?filepath=${upload}`,
    };
  }
  const stored = STORED_UPLOAD.exec(path)?.[1];
  return stored === undefined ? { kind: 'inline' } : { kind: 'label-studio', path: `/${stored}` };
}

/**
 * Says what an address stands for, in every spelling that the editor's page would follow: with spaces in it or white space
 * around it, without a scheme, as a path of Label Studio's.
 *
 * @param value something that is known to be an address
 * @returns `inline` for what is none
 * @example
 * locate('https://example.com/a b.png\n'); // { kind: 'http', url: 'https://example.com/a%20b.png' }
 */
export function locate(value: string, labelStudio?: Place | null): Source {
  const address = trimmed(value);
  if (CLOUD.test(address)) return { kind: 'cloud', uri: address };
  const data = readDataUri(address);
  if (data !== undefined) return data;
  const url = address.replace(/[\t\r\n]/g, '').replace(/\s/g, encodeURIComponent);
  const known = classify(url, labelStudio);
  if (known.kind !== 'inline') return known;
  if (/^https?:/i.test(url) && URL.canParse(url)) return { kind: 'http', url: new URL(url).href };
  if (!/^[/\\]/.test(url)) return known;
  const behind = classify(url.replace(UNKNOWN_PREFIX, ''));
  if (behind.kind !== 'inline') return behind;
  // A path of the page, or a host with the page's own scheme.
  if (labelStudio) {
    const page = labelStudio.outer ?? labelStudio.url;
    if (URL.canParse(url, page)) {
      const address = new URL(url, page);
      const path = pathBelow(address, labelStudio);
      return { kind: 'http', url: (path === undefined ? address : urlOf(labelStudio, path)).href };
    }
  }
  return { kind: 'label-studio', path: url };
}

/** A text without the control characters and spaces around it, which are no part of an address. */
function trimmed(text: string): string {
  return trimEnd(text, /[\0-\x20]/).replace(/^[\0-\x20]+/, '');
}

/**
 * The bytes that a `data:` URI holds, read as browsers read one: any case, any media type or none, base64 with blanks.
 *
 * @returns undefined for what is none
 * @see https://fetch.spec.whatwg.org/#data-urls
 */
export function readDataUri(value: string): { kind: 'data'; bytes: Buffer } | undefined {
  if (!/^[\0-\x20]*data:/i.test(value)) return undefined;
  const uri = trimmed(value);
  const comma = uri.indexOf(',');
  if (comma === -1) return undefined;
  const bytes = percentDecoded(uri.slice(comma + 1).replace(/#.*$/s, ''));
  if (!/; *base64 *$/i.test(uri.slice(0, comma).replace(/[\t\r\n]/g, ''))) return { kind: 'data', bytes };
  const base64 = bytes.toString('latin1').replace(/[\t\n\f\r ]/g, '');
  if (!isBase64(base64)) return undefined;
  return { kind: 'data', bytes: Buffer.from(base64, 'base64') };
}

/** Whether it is base64, with its padding or without, as browsers read it. */
function isBase64(text: string): boolean {
  const digits = text.length % 4 === 0 ? text.replace(/={1,2}$/, '') : text;
  return digits.length % 4 !== 1 && /^[A-Za-z0-9+/]*$/.test(digits);
}

/** The bytes of a text in which `%41` stands for a byte; what is no such number is itself. */
function percentDecoded(text: string): Buffer {
  const bytes = Buffer.from(text.replace(/[\t\n\r]/g, ''));
  let end = bytes.indexOf(PERCENT);
  if (end === -1) return bytes;
  // In place: a value may have millions of them.
  for (let at = end; at < bytes.length; at++) {
    const escaped = bytes[at] === PERCENT ? digitOf(bytes[at + 1]) * 16 + digitOf(bytes[at + 2]) : Number.NaN;
    if (Number.isNaN(escaped)) bytes[end++] = bytes[at]!;
    else {
      bytes[end++] = escaped;
      at += 2;
    }
  }
  return bytes.subarray(0, end);
}

const PERCENT = 0x25;

/** The number that a hexadecimal digit stands for, given its character; NaN for any other character. */
function digitOf(character: number | undefined): number {
  return character === undefined ? Number.NaN : (DIGITS[character] ?? Number.NaN);
}

const DIGITS = Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  return /[\da-f]/i.test(character) ? Number.parseInt(character, 16) : Number.NaN;
});

function withoutPrefix(value: string, labelStudio: Place | null | undefined): string {
  for (const address of [labelStudio?.outer, labelStudio?.url]) {
    const prefix = prefixOf(address);
    if (prefix !== '' && value.startsWith(`${prefix}/`)) return value.slice(prefix.length);
  }
  return value;
}

/**
 * The path and query of a URL below Label Studio's address, by whichever name; undefined: it is elsewhere. The scheme may differ:
 * who serves http behind a proxy calls itself so.
 */
function pathBelow({ host, pathname, search }: URL, { url, outer }: Place): string | undefined {
  for (const address of [outer, url]) {
    const prefix = prefixOf(address);
    if (address !== undefined && new URL(address).host === host && pathname.startsWith(`${prefix}/`))
      return pathname.slice(prefix.length) + search;
  }
  return undefined;
}

/**
 * Where something of Label Studio's is asked for, when it is given by another of its names: as a redirect may.
 * @returns the URL itself for everything else
 */
export function ownAddress(url: URL, labelStudio: Place): URL {
  const path = pathBelow(url, labelStudio);
  return path !== undefined && OWN_PATH.test(path) ? urlOf(labelStudio, path) : url;
}

/** The path that a Label Studio's address has, without a slash at its end. */
function prefixOf(url: string | undefined): string {
  return url !== undefined && URL.canParse(url) ? withoutSlashes(new URL(url).pathname) : '';
}

/**
 * The path behind Label Studio through which an object of a cloud storage is read: it sends the bytes, or redirects
 * to a signed URL.
 *
 * @example
 * presignPath(7, 's3://b/a'); // '/tasks/7/presign/?fileuri=czM6Ly9iL2E%3D'
 */
export function presignPath(taskId: string | number, uri: string): string {
  // With its padding: Label Studio's decoder fails without, so Node's own base64url does not do.
  const encoded = Buffer.from(uri).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  return `/tasks/${encodeURIComponent(taskId)}/presign/?fileuri=${encodeURIComponent(encoded)}`;
}

const DATA_PATH = /^\/(?:data|storage-data|(?:tasks|projects)\/[^/]+\/(?:presign|resolve))(?:\/|$)/;

/**
 * Whether a URL of Label Studio's origin is one of task data, which alone is read with its token: whoever can write a task
 * could otherwise have anything of Label Studio's API read. A proxy in front of it may decode the path before it resolves it,
 * so an encoded way up counts as one.
 *
 * @example
 * isDataUrl(new URL('http://localhost:8080/data/upload/1/a.png'), { url: 'http://localhost:8080' }); // true
 * isDataUrl(new URL('http://localhost:8080/api/users/'), { url: 'http://localhost:8080' }); // false
 */
export function isDataUrl({ pathname }: URL, labelStudio: { url: string }): boolean {
  const prefix = prefixOf(labelStudio.url);
  return pathname.startsWith(prefix) && DATA_PATH.test(pathname.slice(prefix.length)) && !leadsUp(pathname);
}

/** Nobody encodes a path more often; one that still has escapes after that is up to something. */
const MOST_DECODED = 5;

/** Whether a path has a `..` or `.`, or a control character that may hide one, for whoever decodes it. */
function leadsUp(path: string): boolean {
  let decoded = path;
  for (let times = 0; /%[\da-f]{2}/i.test(decoded); times++) {
    if (times === MOST_DECODED) return true;
    decoded = decoded.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  }
  return /[^ -\uffff]|(?:^|[/\\])\.{1,2}(?:[/\\;]|$)/.test(decoded);
}

const SHOWN = 100;

/**
 * A value as messages may show it: on one line, short, and without what may be secret (credentials and the query of
 * a URL, which signs it).
 *
 * @example
 * describeValue('https://me:pw@host/a.png?X-Amz-Signature=1'); // 'https://host/a.png'
 */
export function describeValue(value: string): string {
  const own = /^\/?(?:data|storage-data)\//.test(value);
  const shown = value
    .replace(/^([\w-]+:\/\/)[^/?#]*@/, '$1')
    .replace(/[?#].*$/s, query => (own && /^\?(?:d|filepath)=[^&#]*/.exec(query)?.[0]) || '')
    .replace(/\s+/g, ' ');
  return shown.length > SHOWN ? `${shown.slice(0, SHOWN)}...` : shown;
}
