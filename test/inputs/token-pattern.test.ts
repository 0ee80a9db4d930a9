import { expect } from 'chai';
import { murmur3 } from '../../src/inputs/features/murmur3.js';
import { readTokenPattern } from '../../src/inputs/features/token-pattern.js';
import { PythonText } from '../../src/inputs/features/unicode.js';

const python = new PythonText(null);

function tokens(pattern: string, text: string): string[] {
  const units = Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  const found: string[] = [];
  readTokenPattern(pattern, python).each(units, units.length, (start, end) =>
    found.push(text.slice(start, end)),
  );
  return found;
}

describe('token patterns', () => {
  it('knows the patterns that ask for runs of word characters', () => {
    const run = (pattern: string) => readTokenPattern(pattern, python).run;
    expect(
      ['(?u)\\b\\w\\w+\\b', '\\w+', '\\b\\w{3,}\\b', '\\w\\w{2,}', '\\b\\w\\w+\\b|\\w'].map(run),
    ).to.deep.equal([2, 1, 3, 3, 1]);
    expect(
      ['\\w*', '\\w{0,}', '\\w{2}', '\\w+?', '\\w{3,}|\\w', '\\W+', '\\w+\\s', '[a-z]+'].map(run),
    ).to.deep.equal(new Array(8).fill(null));
  });

  it('tells whether a token can hold a space', () => {
    const spaces = (pattern: string) => readTokenPattern(pattern, python).spaces;
    expect(['\\w+', '\\S+', '(\\w+)\\s', '[^\\s,]+', '[!-~]+', '\\d(?= )', '[^\\W]'].some(spaces)).to.equal(
      false,
    );
    expect(
      ['.', '\\w \\w', '[^,]+', '\\W', '\\D+', '(\\w\\s)x', 'a|b ', '[ -~]', '\\x20'].every(spaces),
    ).to.equal(true);
  });

  it('takes look-arounds, quantifiers, escapes and case as Python does', () => {
    expect(tokens('[A-Za-z]+(?=\\s)', 'ab cd, ef')).to.deep.equal(['ab']);
    expect(tokens('(?<!\\w)\\d{,2}(?!\\d)', '1 22 333')).to.deep.equal(['1', '22']);
    expect(tokens('^\\w|\\w$|\\A.|[^x]\\Z', 'abc\n')).to.deep.equal(['a', 'c', '\n']);
    expect(tokens('[\\x61\\u00e9\\U0001F600\\-\\]]+', 'aé😀-]b')).to.deep.equal(['aé😀-]']);
    expect(tokens('(?i)k[a-f]', 'KA kg \u212aB')).to.deep.equal(['KA', '\u212aB']);
    expect(tokens('(?P<word>\\w){', 'a{ b')).to.deep.equal(['a']);
    expect(tokens('a{}|b{,x', 'a{} b{,x')).to.deep.equal(['a{}', 'b{,x']);
    expect(tokens('\\w*', 'é😀b')).to.deep.equal(['é', '', 'b', '']);
  });

  it('names what cannot be carried over', () => {
    const cases: [string, string][] = [
      ['(?x)a b', 'the flag (?x)'],
      ['(?i:a)', '(?i:'],
      ['(?i)é', 'the flag (?i) together with characters beyond ASCII'],
      ['(a)(b)', 'a second group ( )'],
      ['(?:(a)|b)+', 'a repeated group ( )'],
      ['a++', 'a possessive quantifier'],
      ['(a)\\1', '\\1'],
      ['\\N{BULLET}', '\\N'],
      ['(?#c)a', '(?#c'],
      ['(?>a)', '(?>a'],
      ['\\w*?', 'prefers to match nothing'],
      ['(?:a??)*b', 'prefers to match nothing'],
      ['(?=(a))', 'a group ( ) inside a look-around'],
      ['a)', 'an unbalanced )'],
      ['(a', 'a group without )'],
      ['[a', 'a class without ]'],
      ['*a', '* with nothing before it'],
      [
        Array.from({ length: 40 }, (_, i) => String.fromCharCode(0x400 + i)).join(''),
        'too many characters beyond ASCII',
      ],
    ];
    for (const [pattern, what] of cases)
      expect(() => readTokenPattern(pattern, python), pattern).to.throw(what);
  });
});

describe('murmur3', () => {
  // Values of scikit-learn's murmurhash3_32.
  it('hashes keys of each length', () => {
    const hash = (text: string) => murmur3(Buffer.from(text), 0, Buffer.byteLength(text));
    expect(['hello', 'akqlrggi', ''].map(hash)).to.deep.equal([613153351, -(2 ** 31), 0]);
  });
});
