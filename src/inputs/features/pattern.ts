import {
  type Alphabet,
  type CharacterClass,
  categoryOf,
  holdsSpace,
  inEachCase,
  type Member,
  WORD,
} from './alphabet.js';

/**
 * Python's `re` syntax, as far as it can be carried over to a JavaScript `RegExp` with the same matches.
 * https://docs.python.org/3/library/re.html#regular-expression-syntax
 */

/** A parsed piece of a pattern. */
export interface Piece {
  /** The JavaScript source of the same, for a text of an alphabet's symbols. */
  source(alphabet: Alphabet): string;
  /** Whether what it consumes may hold a space. */
  spaces: boolean;
  /** Whether it may match nothing. */
  empty: boolean;
  /** Whether it may prefer to match nothing where it could match something. */
  shy: boolean;
  /** Whether a capturing group is in it. */
  captures: boolean;
}

/** A whole pattern. */
export interface Pattern {
  root: Piece;
  /** The capturing group's body, if there is one. */
  group: Piece | null;
  /** All that tells characters apart. */
  classes: readonly CharacterClass[];
}

/** What `\b` means inside a class. */
const BACKSPACE = 8;

/** The characters that a letter means behind a backslash. */
const CONTROLS: Readonly<Record<string, number>> = { a: 7, t: 9, n: 10, v: 11, f: 12, r: 13 };

/**
 * Parses a pattern that Python accepts.
 * @throws Error that names the construct when it cannot be carried over
 */
export function parsePattern(source: string): Pattern {
  const parser = new Parser(source);
  return { root: parser.parse(), group: parser.group, classes: parser.classes };
}

class Parser {
  /** The capturing group, when it was met. */
  group: Piece | null = null;
  readonly classes: CharacterClass[] = [WORD];
  readonly #characters: readonly string[];
  #at = 0;
  #ignoreCase = false;

  constructor(source: string) {
    this.#characters = [...source];
  }

  parse(): Piece {
    for (let flags = this.#flags(); flags !== null; flags = this.#flags()) {
      for (const flag of flags) {
        if (flag === 'i') this.#ignoreCase = true;
        else if (flag !== 'u') throw refusal(`the flag (?${flag})`);
      }
    }
    const root = this.#choice();
    if (this.#at < this.#characters.length) throw refusal('an unbalanced )');
    return root;
  }

  #flags(): string | null {
    const match = /^\(\?([a-zA-Z]+)\)/.exec(this.#characters.slice(this.#at, this.#at + 12).join(''));
    if (match === null) return null;
    this.#at += match[0].length;
    return match[1]!;
  }

  #peek(): string {
    return this.#characters[this.#at] ?? '';
  }

  #take(text: string): boolean {
    const found = this.#characters.slice(this.#at, this.#at + text.length).join('') === text;
    if (found) this.#at += text.length;
    return found;
  }

  #choice(): Piece {
    const options = [this.#sequence()];
    while (this.#take('|')) options.push(this.#sequence());
    if (options.length === 1) return options[0]!;
    return {
      source: alphabet => `(?:${options.map(option => option.source(alphabet)).join('|')})`,
      spaces: options.some(option => option.spaces),
      empty: options.some(option => option.empty),
      shy: options.some((option, i) => option.shy || (option.empty && i < options.length - 1)),
      captures: options.some(option => option.captures),
    };
  }

  #sequence(): Piece {
    const parts: Piece[] = [];
    while (this.#at < this.#characters.length && this.#peek() !== '|' && this.#peek() !== ')') {
      parts.push(this.#repeat(this.#atom()));
    }
    return {
      source: alphabet => parts.map(part => part.source(alphabet)).join(''),
      spaces: parts.some(part => part.spaces),
      empty: parts.every(part => part.empty),
      shy: parts.some(part => part.shy),
      captures: parts.some(part => part.captures),
    };
  }

  #repeat(body: Piece): Piece {
    const counts = this.#counts();
    if (counts === null) return body;
    const [min, max] = counts;
    const lazy = this.#take('?');
    if (!lazy && this.#take('+')) throw refusal('a possessive quantifier');
    // Where an iteration does not reach the group, Python keeps what it held before and JavaScript forgets it.
    if (body.captures && max !== '0' && max !== '1') throw refusal('a repeated group ( ); write (?: )');
    // The two end an iteration that matched nothing in different ways.
    if (body.empty && body.shy) throw refusal('a repeated (?: ) that prefers to match nothing');
    return {
      source: alphabet => `(?:${body.source(alphabet)}){${min},${max}}${lazy ? '?' : ''}`,
      spaces: body.spaces,
      empty: body.empty || min === '0',
      shy: body.shy || (lazy && (body.empty || min === '0')),
      captures: body.captures,
    };
  }

  /** The bounds of a quantifier as text, '' for no upper one; null when none stands here. */
  #counts(): readonly [string, string] | null {
    if (this.#take('*')) return ['0', ''];
    if (this.#take('+')) return ['1', ''];
    if (this.#take('?')) return ['0', '1'];
    const match = /^\{(\d*)(,?)(\d*)\}/.exec(this.#characters.slice(this.#at, this.#at + 32).join(''));
    if (match === null || match[0] === '{}') return null;
    this.#at += match[0].length;
    const min = String(Number(match[1]));
    return [min, match[2] === '' ? min : match[3]!];
  }

  #atom(): Piece {
    const character = this.#peek();
    this.#at++;
    switch (character) {
      case '(':
        return this.#group();
      case '[':
        return this.#set();
      case '.':
        return this.#class([{ from: 10, to: 10 }], true);
      case '^':
        return assertion(() => '(?<![^])');
      case '$':
        return assertion(() => '(?=\\n?(?![^]))');
      case '\\':
        return this.#escaped();
      case '*':
      case '+':
      case '?':
        throw refusal(`${character} with nothing before it`);
      default:
        return this.#literal(character.codePointAt(0)!);
    }
  }

  #escaped(): Piece {
    const letter = this.#peek();
    const category = categoryOf(letter);
    if (category !== null) {
      this.#at++;
      return this.#class([category], false);
    }
    const assertions: Readonly<Record<string, (alphabet: Alphabet) => string>> = {
      b: boundary,
      B: alphabet => `(?!${boundary(alphabet)})`,
      A: () => '(?<![^])',
      Z: () => '(?![^])',
    };
    const found = assertions[letter];
    if (found === undefined) return this.#literal(this.#escapedCharacter());
    this.#at++;
    return assertion(found);
  }

  /** The code point that stands behind a backslash. */
  #escapedCharacter(): number {
    const letter = this.#peek();
    this.#at++;
    const digits = { x: 2, u: 4, U: 8 }[letter];
    if (digits !== undefined) {
      const code = this.#characters.slice(this.#at, this.#at + digits).join('');
      this.#at += digits;
      return Number.parseInt(code, 16);
    }
    const control = CONTROLS[letter];
    if (control !== undefined) return control;
    if (letter === '' || /[0-9A-Za-z]/.test(letter)) throw refusal(`\\${letter}`);
    return letter.codePointAt(0)!;
  }

  #group(): Piece {
    const looks = ['?=', '?!', '?<=', '?<!'].find(opening => this.#take(opening));
    if (looks !== undefined) {
      const body = this.#choice();
      this.#close();
      if (body.captures) throw refusal('a group ( ) inside a look-around');
      return assertion(alphabet => `(${looks}${body.source(alphabet)})`);
    }
    if (this.#take('?:')) {
      const body = this.#choice();
      this.#close();
      return { ...body, source: alphabet => `(?:${body.source(alphabet)})` };
    }
    if (this.#take('?P<')) {
      while (this.#peek() !== '>' && this.#peek() !== '') this.#at++;
      this.#at++;
    } else if (this.#peek() === '?') {
      throw refusal(`(${this.#characters.slice(this.#at, this.#at + 3).join('')}`);
    }
    const body = this.#choice();
    this.#close();
    if (this.group !== null) throw refusal('a second group ( ); write (?: )');
    this.group = body;
    return { ...body, captures: true, source: alphabet => `(${body.source(alphabet)})` };
  }

  #close(): void {
    if (!this.#take(')')) throw refusal('a group without )');
  }

  #set(): Piece {
    const negated = this.#take('^');
    const members: Member[] = [];
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.#at >= this.#characters.length) throw refusal('a class without ]');
      const from = this.#member();
      if (typeof from !== 'number') {
        members.push(from);
        continue;
      }
      const dash = this.#peek() === '-' && this.#characters[this.#at + 1] !== ']';
      if (dash) this.#at++;
      const to = dash ? this.#member() : from;
      if (typeof to !== 'number') throw refusal('a range that ends with a class');
      members.push({ from, to });
    }
    this.#at++;
    return this.#class(members, negated);
  }

  #member(): number | Member {
    const character = this.#peek();
    this.#at++;
    if (character !== '\\') return character.codePointAt(0)!;
    const letter = this.#peek();
    const category = categoryOf(letter);
    if (category === null && letter !== 'b') return this.#escapedCharacter();
    this.#at++;
    return category ?? BACKSPACE;
  }

  #literal(codePoint: number): Piece {
    return this.#class([{ from: codePoint, to: codePoint }], false);
  }

  #class(members: readonly Member[], negated: boolean): Piece {
    if (this.#ignoreCase && members.some(member => 'to' in member && member.to > 127)) {
      throw refusal('the flag (?i) together with characters beyond ASCII');
    }
    const found = { members: this.#ignoreCase ? members.flatMap(inEachCase) : members, negated };
    this.classes.push(found);
    return {
      source: alphabet => alphabet.source(found),
      spaces: holdsSpace(found),
      empty: false,
      shy: false,
      captures: false,
    };
  }
}

/** `\b`: a word character on one side only. */
function boundary(alphabet: Alphabet): string {
  const word = alphabet.source(WORD);
  return `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`;
}

function assertion(source: (alphabet: Alphabet) => string): Piece {
  return { source, spaces: false, empty: true, shy: false, captures: false };
}

function refusal(what: string): Error {
  return new Error(`${what} cannot be carried over from Python`);
}
