/**
 * The parts of XML 1.0 (fifth edition), Namespaces in XML and RFC 3986 that libxml2 2.14 checks while it reads a document.
 *
 * Label Studio reads labeling configs with lxml, so libxml2's reading of the standards is the one that counts. The functions
 * here look at a piece of text and know nothing of the document around it.
 *
 * @see https://www.w3.org/TR/xml/ and https://www.w3.org/TR/xml-names/
 */

/** The most bytes, in UTF-8, of one tag, text, comment, CDATA section or processing instruction (XML_MAX_TEXT_LENGTH). */
export const MAX_TEXT_BYTES = 10_000_000;
/** The most bytes, in UTF-8, of a name (XML_MAX_NAME_LENGTH). */
export const MAX_NAME_BYTES = 50_000;
/** The most elements that may lie in one another, the root included (xmlParserMaxDepth). */
export const MAX_DEPTH = 256;

const NAME_START =
  'A-Z_a-z\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d\\u2070-\\u218f' +
  '\\u2c00-\\u2fef\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd\\u{10000}-\\u{effff}';
const NAME_REST = `${NAME_START}\\-.0-9\\u00b7\\u0300-\\u036f\\u203f\\u2040`;

/** A name with any number of colons: production 5, `Name`. */
export const NAME = new RegExp(`[:${NAME_START}][:${NAME_REST}]*`, 'uy');
const NC_NAME = new RegExp(`^[${NAME_START}][${NAME_REST}]*$`, 'u');
const NOT_A_CHARACTER = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
const REFERENCE = /&(?:(amp|lt|gt|quot|apos);|#([0-9]+);|#x([0-9A-Fa-f]+);)?/g;

// White space as Python's \s has it: with U+0085, without U+FEFF.
const ENCODING = /(?:[^\S\ufeff]|\u0085)encoding(?:[^\S\ufeff]|\u0085)*=(?:[^\S\ufeff]|\u0085)*["']/;

/** The XML declaration. libxml2 takes any 1.x for a version it can read; an encoding does not matter to a string. */
export const DECLARATION = new RegExp(
  `^<\\?xml(?:_+version_*=_*(?:"1\\.[0-9]*"|'1\\.[0-9]*'))
    (?:_+encoding_*=_*(?:"[A-Za-z][A-Za-z0-9.\\x5f-]*"|'[A-Za-z][A-Za-z0-9.\\x5f-]*'))?
    (?:_+standalone_*=_*(?:"(?:yes|no)"|'(?:yes|no)'))?_*\\?>`
    .replace(/\s/g, '')
    .replaceAll('_', '[ \\t\\r\\n]'),
);

/**
 * Whether lxml refuses a string because it declares an encoding, before it reads it.
 *
 * This is lxml's own test, `^(<\?xml[^>]+)\s+encoding\s*=\s*["'][^"']*["']`, in steps that take linear time. It also hits a
 * processing instruction such as `<?xml-stylesheet encoding="x"?>`, and misses a declaration after a byte order mark.
 *
 * @see https://github.com/lxml/lxml/blob/lxml-6.1.3/src/lxml/apihelpers.pxi `_hasEncodingDeclaration`
 */
export function declaresEncoding(source: string): boolean {
  if (!source.startsWith('<?xml')) return false;
  const end = source.indexOf('>');
  const found = ENCODING.exec(end === -1 ? source : source.slice(0, end));
  return found !== null && /["']/.test(source.slice(found.index + found[0].length));
}

/** Where the first code point lies that XML does not allow (control characters, U+FFFE, lone surrogates), or -1. */
export function findInvalidCharacter(text: string): number {
  return text.search(NOT_A_CHARACTER);
}

/** Whether a text is a name without a colon, as a prefix and a local name must be. */
export function isNcName(text: string): boolean {
  return NC_NAME.test(text);
}

/** The length of a text in UTF-8, in which libxml2 holds and measures everything. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** Whether a text is longer than so many bytes of UTF-8. */
export function exceeds(text: string, bytes: number): boolean {
  return text.length * 3 > bytes && byteLength(text) > bytes;
}

/**
 * The first reference of a text or attribute that XML does not allow.
 *
 * Only the five entities that XML itself defines exist without a DTD, and names and the `x` of `&#x41;` are case-sensitive.
 *
 * @returns its offset in the text and what is wrong with it, or undefined
 */
export function findInvalidReference(text: string): { offset: number; reason: string } | undefined {
  for (const { 0: whole, 1: entity, 2: decimal, 3: hexadecimal, index: offset } of text.matchAll(REFERENCE)) {
    if (entity !== undefined) continue;
    const digits = decimal ?? hexadecimal;
    if (digits !== undefined) {
      if (isCharacter(Number.parseInt(digits, decimal === undefined ? 16 : 10))) continue;
      return { offset, reason: `XML does not allow the character ${shorten(whole)}` };
    }
    NAME.lastIndex = offset + 1;
    const name = NAME.exec(text)?.[0];
    if (name !== undefined && text[offset + 1 + name.length] === ';') {
      return { offset, reason: `the entity &${shorten(name)}; is not defined` };
    }
    return { offset, reason: "a bare '&' must be written as &amp;" };
  }
  return undefined;
}

/** Puts the characters in place of the references of a text, which must all be valid. */
export function expandReferences(text: string): string {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(REFERENCE, (_, entity?: string, decimal?: string, hexadecimal?: string) =>
    entity === undefined
      ? String.fromCodePoint(
          decimal === undefined ? Number.parseInt(hexadecimal!, 16) : Number.parseInt(decimal, 10),
        )
      : entities[entity]!,
  );
}

/** A text for an error message: cut where it is long, and on one line. */
export function shorten(text: string): string {
  return (text.length > 60 ? `${text.slice(0, 59)}…` : text).replace(/\s/g, ' ');
}

/** A character for an error message: in quotes, or by its number if it is not plain to see. */
export function showCharacter(codePoint: number): string {
  const isPlain = codePoint > 0x20 && codePoint < 0x7f;
  return isPlain
    ? `'${String.fromCodePoint(codePoint)}'`
    : `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
}

function isCharacter(codePoint: number): boolean {
  return codePoint <= 0x10ffff && !NOT_A_CHARACTER.test(String.fromCodePoint(codePoint));
}
