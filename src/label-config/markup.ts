import { LabelConfigError } from './error.js';
import {
  byteLength,
  exceeds,
  expandReferences,
  findInvalidReference,
  MAX_NAME_BYTES,
  MAX_TEXT_BYTES,
  NAME,
  shorten,
  showCharacter,
} from './grammar.js';
import { type QName, splitQName } from './namespaces.js';

/** A name in the source and where it starts. */
export interface SourceName extends QName {
  name: string;
  offset: number;
}

/** A start tag, an empty-element tag or an end tag of the source. */
export interface Tag extends SourceName {
  kind: 'start' | 'empty' | 'end';
  attributes: SourceName[];
  /** Where the source goes on behind the tag. */
  end: number;
}

const SPACE = /[ \t\r\n]*/y;
const EQUALS = /[ \t\r\n]*=[ \t\r\n]*/y;

/**
 * Reads the markup of a labeling config as strictly as libxml2 does, and names the place of every fault.
 *
 * It walks once from the start to the end; each call goes on where the one before has ended.
 */
export class MarkupScanner {
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  /** The error for what is wrong at an offset of the source. */
  fault(offset: number, reason: string): LabelConfigError {
    return LabelConfigError.at(this.#source, offset, reason);
  }

  /**
   * Passes over all that is no tag: text, comments, CDATA sections and processing instructions.
   *
   * @param inside - whether an element is open; outside of all elements no text may stand
   * @returns the offset of the next tag, or the length of the source
   */
  content(from: number, inside: boolean): number {
    let at = from;
    // The bytes of one text node: comments and processing instructions end it, CDATA sections do not.
    let textBytes = 0;
    while (at < this.#source.length) {
      const start = at;
      if (this.#source.startsWith('<!--', at)) {
        at = this.#comment(at);
        textBytes = 0;
      } else if (this.#source.startsWith('<?', at)) {
        at = this.#processingInstruction(at);
        textBytes = 0;
      } else if (inside && this.#source.startsWith('<![CDATA[', at)) {
        at = this.#until(']]>', at, 'the CDATA section');
        textBytes += byteLength(this.#source.slice(start, at)) - '<![CDATA[]]>'.length;
      } else if (this.#source.startsWith('<!', at)) {
        throw this.fault(at, declarationReason(this.#source.slice(at, at + 9), inside));
      } else if (this.#source[at] === '<') {
        return at;
      } else {
        at = this.#text(at, inside);
        textBytes += this.#textBytes(start, at);
      }
      if (textBytes > MAX_TEXT_BYTES)
        throw this.fault(start, `a text is longer than ${MAX_TEXT_BYTES} bytes`);
    }
    return at;
  }

  /** Reads the tag that starts at an offset. */
  tag(start: number): Tag {
    const isEnd = this.#source[start + 1] === '/';
    const name = this.#name(
      start + (isEnd ? 2 : 1),
      "after '<' a tag name must follow (write a plain '<' as &lt;)",
    );
    const attributes: SourceName[] = [];
    let at = name.offset + name.name.length;
    for (;;) {
      const next = this.#skip(SPACE, at);
      if (this.#source[next] === '>' || (!isEnd && this.#source.startsWith('/>', next))) {
        const end = next + (this.#source[next] === '>' ? 1 : 2);
        if (exceeds(this.#source.slice(start, end), MAX_TEXT_BYTES)) {
          throw this.fault(start, `the tag is longer than ${MAX_TEXT_BYTES} bytes`);
        }
        return { ...name, kind: isEnd ? 'end' : end - next === 1 ? 'start' : 'empty', attributes, end };
      }
      if (next >= this.#source.length)
        throw this.fault(start, `the tag '${shorten(name.name)}' does not end with '>'`);
      if (isEnd) throw this.fault(next, 'a closing tag takes nothing but its name');
      if (next === at && attributes.length > 0)
        throw this.fault(at, 'white space is missing between two attributes');
      const attribute = this.#name(
        next,
        `${showCharacter(this.#source.codePointAt(next)!)} cannot start the name of an attribute`,
      );
      at = this.#attributeValue(attribute);
      attributes.push(attribute);
    }
  }

  /** Checks the value of an attribute, and returns the offset behind its closing quote. */
  #attributeValue({ name, offset }: SourceName): number {
    const afterName = offset + name.length;
    const start = this.#skip(EQUALS, afterName);
    if (start === afterName) throw this.fault(offset, `the attribute '${shorten(name)}' has no value`);
    const quote = this.#source[start];
    if (quote !== '"' && quote !== "'") {
      throw this.fault(start, `the value of the attribute '${shorten(name)}' must be in quotes`);
    }
    const end = this.#source.indexOf(quote, start + 1);
    const value = this.#source.slice(start + 1, end === -1 ? undefined : end);
    const less = value.indexOf('<');
    if (less !== -1) {
      throw this.fault(
        start + 1 + less,
        `a '<' in the value of the attribute '${shorten(name)}' must be written as &lt;`,
      );
    }
    if (end === -1)
      throw this.fault(start, `the value of the attribute '${shorten(name)}' has no closing quote`);
    this.#checkReferences(value, start + 1);
    return end + 1;
  }

  #text(start: number, inside: boolean): number {
    const next = this.#source.indexOf('<', start);
    const end = next === -1 ? this.#source.length : next;
    const text = this.#source.slice(start, end);
    if (!inside) {
      const stray = text.search(/[^ \t\r\n]/);
      if (stray !== -1)
        throw this.fault(start + stray, 'no text may stand outside of the first tag and its closing tag');
      return end;
    }
    const cdataEnd = text.indexOf(']]>');
    if (cdataEnd !== -1) throw this.fault(start + cdataEnd, "']]>' in a text must be written as ]]&gt;");
    this.#checkReferences(text, start);
    return end;
  }

  /** The bytes of a text once its references are expanded; counted exactly only where that can matter. */
  #textBytes(start: number, end: number): number {
    const text = this.#source.slice(start, end);
    return text.length * 3 <= MAX_TEXT_BYTES
      ? text.length
      : byteLength(expandReferences(text.replaceAll('\r\n', '\n')));
  }

  #comment(start: number): number {
    const end = this.#source.indexOf('--', start + 4);
    if (end === -1) throw this.fault(start, "the comment does not end with '-->'");
    if (this.#source[end + 2] !== '>')
      throw this.fault(end, "a comment must not contain '--' or end with '--->'");
    if (exceeds(this.#source.slice(start + 4, end), MAX_TEXT_BYTES)) {
      throw this.fault(start, `the comment is longer than ${MAX_TEXT_BYTES} bytes`);
    }
    return end + 3;
  }

  #processingInstruction(start: number): number {
    const target = this.#matchName(start + 2);
    if (target === undefined) throw this.fault(start, "after '<?' a name must follow");
    if (exceeds(target, MAX_NAME_BYTES))
      throw this.fault(start, `a name is longer than ${MAX_NAME_BYTES} bytes`);
    if (target.toLowerCase() === 'xml') {
      throw this.fault(
        start,
        "an XML declaration '<?xml …?>' may only stand at the very start, and in lower case",
      );
    }
    if (target.includes(':'))
      throw this.fault(start, 'the name of a processing instruction must not contain a colon');
    const afterTarget = start + 2 + target.length;
    if (!this.#source.startsWith('?>', afterTarget) && this.#skip(SPACE, afterTarget) === afterTarget) {
      throw this.fault(
        afterTarget,
        `white space must follow the name of the processing instruction '${shorten(target)}'`,
      );
    }
    return this.#until('?>', start, 'the processing instruction', afterTarget);
  }

  #until(terminator: string, start: number, what: string, from = start): number {
    const found = this.#source.indexOf(terminator, from);
    if (found === -1) throw this.fault(start, `${what} does not end with '${terminator}'`);
    const end = found + terminator.length;
    if (exceeds(this.#source.slice(start, end), MAX_TEXT_BYTES)) {
      throw this.fault(start, `${what} is longer than ${MAX_TEXT_BYTES} bytes`);
    }
    return end;
  }

  #checkReferences(text: string, start: number): void {
    const invalid = findInvalidReference(text);
    if (invalid !== undefined) throw this.fault(start + invalid.offset, invalid.reason);
  }

  /** Reads a name with at most one colon. */
  #name(offset: number, missing: string): SourceName {
    const name = this.#matchName(offset);
    if (name === undefined) throw this.fault(offset, missing);
    const qname = splitQName(name);
    if (qname === undefined)
      throw this.fault(offset, `'${shorten(name)}' is not a name with at most one colon`);
    if (exceeds(qname.prefix, MAX_NAME_BYTES) || exceeds(qname.local, MAX_NAME_BYTES)) {
      throw this.fault(offset, `a name is longer than ${MAX_NAME_BYTES} bytes`);
    }
    return { ...qname, name, offset };
  }

  #matchName(offset: number): string | undefined {
    NAME.lastIndex = offset;
    return NAME.exec(this.#source)?.[0];
  }

  /** The offset behind what the pattern matches at an offset; the offset itself if it does not match. */
  #skip(pattern: RegExp, offset: number): number {
    pattern.lastIndex = offset;
    return pattern.test(this.#source) ? pattern.lastIndex : offset;
  }
}

function declarationReason(start: string, inside: boolean): string {
  if (/^<!doctype/i.test(start)) return 'a DOCTYPE is not allowed in a labeling config';
  if (/^<!\[cdata/i.test(start)) {
    return inside
      ? "a CDATA section starts with '<![CDATA['"
      : 'no CDATA section may stand outside of the first tag';
  }
  return "'<!' may only start a comment '<!--' or, inside of a tag, a CDATA section '<![CDATA['";
}
