import sax from 'sax';
import type { LabelConfigError } from './error.js';
import {
  DECLARATION,
  declaresEncoding,
  findInvalidCharacter,
  isNcName,
  MAX_DEPTH,
  shorten,
  showCharacter,
} from './grammar.js';
import { MarkupScanner, type SourceName, type Tag } from './markup.js';
import { declarationFault, isDeclaration, Namespaces } from './namespaces.js';

/** The attributes of a tag by name, in the order of the source; an object without a prototype. */
export type Attributes = Record<string, string>;

/** What is told of a document while it is read: every element, from the root on, in the order of the source. */
export interface ElementHandler {
  /**
   * A start tag: its name and attribute names are as lxml shows them, `{uri}name` in a namespace.
   *
   * @param fault - makes the error to throw if the tag cannot be accepted
   */
  open(tag: string, attributes: Attributes, fault: (reason: string) => LabelConfigError): void;
  /**
   * The element that was opened last and is not closed yet ends.
   *
   * @param inner - the source between its tags, as it is
   */
  close(inner: string): void;
}

/**
 * Reads a document as lxml's `etree.fromstring` does, accepts and refuses the same ones, and hands its elements over.
 *
 * sax takes the tags apart and decodes the values. But it accepts much that is no XML, keeps silent about the second of two
 * equal attributes, does not normalise values, knows no names beyond the BMP, and takes quadratic time with namespaces. So
 * every piece of the source is read strictly before sax sees it, and namespaces are resolved here.
 *
 * Comments and processing instructions are passed over. Time and memory grow with the size of the source.
 *
 * @throws {LabelConfigError} with the place of a fault: of a character that XML does not allow, else of the first one
 * @see https://lxml.de/parsing.html
 */
export function readXml(source: string, handler: ElementHandler): void {
  const text = source.startsWith('\ufeff') ? source.slice(1) : source;
  new XmlReader(text, handler).read(declaresEncoding(source));
}

/** Takes the place of sax's own attribute table, which breaks on an attribute named `hasOwnProperty` and hides duplicates. */
const NO_TABLE = new Proxy(Object.create(null) as Record<string, never>, {
  get: () => () => false,
  set: () => true,
});

class XmlReader {
  readonly #source: string;
  readonly #handler: ElementHandler;
  readonly #scanner: MarkupScanner;
  readonly #namespaces = new Namespaces();
  readonly #ids = new Set<string>();
  readonly #sax = sax.parser(true, { xmlns: false, position: false });
  readonly #open: Tag[] = [];
  #values: string[] = [];
  #rootSeen = false;

  constructor(source: string, handler: ElementHandler) {
    this.#source = source;
    this.#handler = handler;
    this.#scanner = new MarkupScanner(source);
    this.#sax.onopentagstart = tag => {
      tag.attributes = NO_TABLE;
    };
    this.#sax.onattribute = ({ value }) => {
      this.#values.push(value);
    };
  }

  read(hasEncoding: boolean): void {
    const invalid = findInvalidCharacter(this.#source);
    if (invalid !== -1) {
      throw this.#scanner.fault(
        invalid,
        `XML does not allow the character ${showCharacter(this.#source.codePointAt(invalid)!)}`,
      );
    }
    let at = this.#declaration(hasEncoding);
    for (;;) {
      at = this.#scanner.content(at, this.#open.length > 0);
      if (at === this.#source.length) break;
      const tag = this.#scanner.tag(at);
      this.#tag(tag, at);
      at = tag.end;
    }
    const unclosed = this.#open.at(-1);
    if (unclosed !== undefined) {
      throw this.#scanner.fault(unclosed.offset - 1, `the tag '${shorten(unclosed.name)}' is never closed`);
    }
    if (!this.#rootSeen) throw this.#scanner.fault(at, 'it contains no tag');
  }

  #declaration(hasEncoding: boolean): number {
    if (hasEncoding) {
      throw this.#scanner.fault(0, "the XML declaration must not name an encoding: leave 'encoding=' out");
    }
    if (!/^<\?xml[ \t\r\n]/.test(this.#source)) return 0;
    const declaration = DECLARATION.exec(this.#source);
    if (declaration === null) {
      throw this.#scanner.fault(
        0,
        'the XML declaration is malformed: write <?xml version="1.0"?> or leave it out',
      );
    }
    return declaration[0].length;
  }

  #tag(tag: Tag, start: number): void {
    if (tag.kind === 'end') this.#checkClosing(tag, start);
    else this.#checkOpening(tag, start);
    this.#values = [];
    this.#sax.onerror = error => {
      throw this.#scanner.fault(start, shorten(error.message));
    };
    this.#sax.write(forSax(this.#source.slice(start, tag.end)));
    if (tag.kind !== 'end') {
      this.#open.push(tag);
      const attributes = this.#declare(tag);
      this.#handler.open(this.#expand(tag, true), this.#attributes(attributes), reason =>
        this.#scanner.fault(start, reason),
      );
    }
    if (tag.kind !== 'start') {
      const { end } = this.#open.pop()!;
      this.#namespaces.leave();
      this.#handler.close(this.#source.slice(end, start));
    }
  }

  #checkOpening({ name }: Tag, start: number): void {
    if (this.#rootSeen && this.#open.length === 0) {
      throw this.#scanner.fault(start, `only one tag may stand outermost, but '${shorten(name)}' follows it`);
    }
    if (this.#open.length === MAX_DEPTH) {
      throw this.#scanner.fault(start, `more than ${MAX_DEPTH} tags lie in one another`);
    }
    this.#rootSeen = true;
  }

  #checkClosing({ name }: Tag, start: number): void {
    const open = this.#open.at(-1);
    if (open?.name === name) return;
    const closing = `the closing tag '${shorten(name)}'`;
    if (open === undefined) throw this.#scanner.fault(start, `${closing} closes no tag`);
    const { line, column } = this.#scanner.fault(open.offset - 1, '');
    throw this.#scanner.fault(
      start,
      `${closing} does not match the tag '${shorten(open.name)}' at line ${line}, column ${column}`,
    );
  }

  /** Enters the namespaces that a tag declares, and returns its other attributes. */
  #declare({ attributes }: Tag): Array<[SourceName, string]> {
    const names = new Set<string>();
    const declared = new Map<string, string>();
    const others: Array<[SourceName, string]> = [];
    for (const [index, attribute] of attributes.entries()) {
      if (names.has(attribute.name)) this.#givenTwice(attribute);
      names.add(attribute.name);
      const value = this.#values[index]!;
      if (!isDeclaration(attribute)) {
        others.push([attribute, value]);
        continue;
      }
      const prefix = attribute.prefix === '' ? '' : attribute.local;
      const fault = declarationFault(prefix, value);
      if (fault !== undefined) throw this.#scanner.fault(attribute.offset, fault);
      declared.set(prefix, value);
    }
    this.#namespaces.enter(declared.size > 0 ? declared : undefined);
    return others;
  }

  #attributes(attributes: Array<[SourceName, string]>): Attributes {
    const result: Attributes = Object.create(null);
    for (const [attribute, value] of attributes) {
      const name = this.#expand(attribute, false);
      if (name in result) this.#givenTwice(attribute);
      result[name] = value;
      if (attribute.name === 'xml:id') this.#checkId(attribute, value);
    }
    return result;
  }

  /** The name with its namespace. The default namespace holds for tags alone. */
  #expand({ prefix, local, offset }: SourceName, isTag: boolean): string {
    const uri = prefix === '' && !isTag ? '' : this.#namespaces.uri(prefix);
    if (uri === undefined)
      throw this.#scanner.fault(offset, `the prefix '${shorten(prefix)}' has no namespace`);
    const name = this.#namespaces.expand(uri, local);
    if (name === undefined) throw this.#scanner.fault(offset, 'too many names with too long a namespace');
    return name;
  }

  /** `xml:id` alone is checked for what it says, as libxml2 does: a name, unlike all others in the document. */
  #checkId({ offset }: SourceName, value: string): void {
    if (!isNcName(trim(value))) {
      throw this.#scanner.fault(offset, `the value of 'xml:id', '${shorten(value)}', is not a name`);
    }
    if (this.#ids.has(value))
      throw this.#scanner.fault(offset, `the 'xml:id' '${shorten(value)}' is given twice`);
    this.#ids.add(value);
  }

  #givenTwice({ name, offset }: SourceName): never {
    throw this.#scanner.fault(offset, `the attribute '${shorten(name)}' is given twice`);
  }
}

/** The text without the white space of XML around it; by hand, as a pattern for its end takes quadratic time. */
function trim(text: string): string {
  const isSpace = (index: number): boolean => ' \t\r\n'.includes(text[index]!);
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(start)) start++;
  while (end > start && isSpace(end - 1)) end--;
  return text.slice(start, end);
}

/**
 * A tag as sax is to read it: white space is normalised (in a value, each line end and tab is one space), which sax leaves
 * undone, and characters beyond the BMP, which sax refuses in names, are replaced there. The names are not taken from sax.
 */
function forSax(tag: string): string {
  return tag
    .replace(/\r\n?|[\n\t]/g, ' ')
    .replace(/("[^"]*"|'[^']*')|[\ud800-\udfff]/g, (_, quoted?: string) => quoted ?? 'À');
}
