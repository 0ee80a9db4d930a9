import { isNcName } from './grammar.js';

const XML_URI = 'http://www.w3.org/XML/1998/namespace';
const XMLNS_URI = 'http://www.w3.org/2000/xmlns/';

/**
 * The most characters that all different names with a namespace may take once they are written out as `{uri}name`.
 *
 * One long URI and many short names would otherwise grow without a bound: 5 MB of URI and 5 MB of names give 500 GB.
 */
const MAX_EXPANDED_CHARACTERS = 64_000_000;

/** A name as it stands in the source; the prefix is empty where there is none. */
export interface QName {
  prefix: string;
  local: string;
}

/**
 * Splits a name at its colon.
 *
 * @returns undefined if it has more than one colon, or a part that is no name
 */
export function splitQName(name: string): QName | undefined {
  const colon = name.indexOf(':');
  const qname =
    colon === -1
      ? { prefix: '', local: name }
      : { prefix: name.slice(0, colon), local: name.slice(colon + 1) };
  return (colon === -1 || isNcName(qname.prefix)) && isNcName(qname.local) ? qname : undefined;
}

/** Whether the attribute declares a namespace, and so is none to lxml. */
export function isDeclaration({ prefix, local }: QName): boolean {
  return prefix === 'xmlns' || (prefix === '' && local === 'xmlns');
}

/** The namespaces in force at one place of the document, and the names `{uri}local` that lxml shows for them. */
export class Namespaces {
  readonly #scopes: Array<Map<string, string> | undefined> = [];
  readonly #expanded = new Map<string, Map<string, string>>();
  #characters = 0;

  /** Enters an element, with what it declares: prefix (empty for the default) to URI. */
  enter(declared: Map<string, string> | undefined): void {
    this.#scopes.push(declared);
  }

  leave(): void {
    this.#scopes.pop();
  }

  /** The URI of a prefix: empty for the default namespace where none is set, undefined for a prefix that is not bound. */
  uri(prefix: string): string | undefined {
    if (prefix === 'xml') return XML_URI;
    for (let depth = this.#scopes.length - 1; depth >= 0; depth--) {
      const uri = this.#scopes[depth]?.get(prefix);
      if (uri !== undefined) return uri;
    }
    return prefix === '' ? '' : undefined;
  }

  /**
   * The name that lxml gives to a tag or an attribute.
   *
   * @returns undefined if the names of this document have become longer than is sane
   */
  expand(uri: string, local: string): string | undefined {
    if (uri === '') return local;
    let names = this.#expanded.get(uri);
    if (names === undefined) {
      names = new Map();
      this.#expanded.set(uri, names);
    }
    let name = names.get(local);
    if (name === undefined) {
      this.#characters += uri.length + local.length;
      if (this.#characters > MAX_EXPANDED_CHARACTERS) return undefined;
      name = `{${uri}}${local}`;
      names.set(local, name);
    }
    return name;
  }
}

/**
 * What is wrong with the declaration of a namespace, by the rules and the words of libxml2's `xmlParseStartTag2`.
 *
 * @param declared - the prefix, empty for the default namespace
 */
export function declarationFault(declared: string, uri: string): string | undefined {
  if (declared === 'xml')
    return uri === XML_URI ? undefined : "the prefix 'xml' cannot be given another namespace";
  if (declared === 'xmlns') return "the prefix 'xmlns' cannot be declared";
  if (uri === XML_URI) return `the namespace '${XML_URI}' belongs to the prefix 'xml' alone`;
  if (uri === XMLNS_URI) return `the namespace '${XMLNS_URI}' cannot be declared`;
  if (uri === '') return declared === '' ? undefined : `the namespace of the prefix '${declared}' is empty`;
  return isUri(uri) ? undefined : 'the namespace is not a valid URI';
}

const UNRESERVED = 'A-Za-z0-9\\-._~';
const REG_NAME = `${UNRESERVED}!$&'()*+,;=`;
const SEGMENT = `${REG_NAME}:@`;
const AUTHORITY = `(?:[${REG_NAME}:]*@)?(?:\\[[^\\]]*\\]|[${REG_NAME}]*)(?::(?<port>[0-9]+))?`;
const AFTER_SCHEME = `(?://${AUTHORITY}(?:/[${SEGMENT}/]*)?|/(?!/)[${SEGMENT}/]*|[${SEGMENT}][${SEGMENT}/]*|)`;
const RELATIVE = `(?://${AUTHORITY}(?:/[${SEGMENT}/]*)?|/(?!/)[${SEGMENT}/]*|[${REG_NAME}@]+(?:/[${SEGMENT}/]*)?|)`;
const TAIL = `(?:\\?[${SEGMENT}/?]*)?(?:#[${SEGMENT}/?\\[\\]]*)?`;
const ABSOLUTE_URI = new RegExp(`^[A-Za-z][A-Za-z0-9+\\-.]*:${AFTER_SCHEME}${TAIL}$`);
const RELATIVE_URI = new RegExp(`^${RELATIVE}${TAIL}$`);

/**
 * Whether libxml2 takes a text for a URI or a relative reference: RFC 3986, but with anything between the square brackets of a
 * host, square brackets in a fragment, and no port that an int cannot hold.
 *
 * @see https://gitlab.gnome.org/GNOME/libxml2/-/blob/v2.14.6/uri.c `xmlParse3986URIReference`
 */
export function isUri(text: string): boolean {
  // An escape such as %41 counts as one unreserved character that no scheme or port can hold.
  const plain = text.replace(/%[0-9A-Fa-f]{2}/g, '~');
  const match = ABSOLUTE_URI.exec(plain) ?? RELATIVE_URI.exec(plain);
  return match !== null && Number(match.groups?.port ?? 0) <= 0x7fffffff;
}
