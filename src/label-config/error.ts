/**
 * The labeling config is not XML that Label Studio would read.
 *
 * `line` and `column` count from 1. A column is a UTF-16 code unit, as editors count; CRLF, LF and CR each end a line, and a
 * byte order mark at the start takes no column.
 *
 * @example
 * ```ts
 * try {
 *   parseLabelConfig('<View>\n  <Text name="a" name="b"/>\n</View>');
 * } catch (error) {
 *   // the labeling config, line 2, column 18: the attribute 'name' is given twice
 *   if (error instanceof LabelConfigError) console.error(error.message, error.line, error.column);
 * }
 * ```
 */
export class LabelConfigError extends Error {
  readonly line: number;
  readonly column: number;
  /** What is wrong, without the place. */
  readonly reason: string;

  constructor(reason: string, line: number, column: number) {
    super(`the labeling config, line ${line}, column ${column}: ${reason}`);
    this.name = 'LabelConfigError';
    this.line = line;
    this.column = column;
    this.reason = reason;
  }

  /** The error at an offset of the source, which is turned into line and column only now that they are needed. */
  static at(source: string, offset: number, reason: string): LabelConfigError {
    let line = 1;
    let start = 0;
    for (const end of source.slice(0, offset).matchAll(/\r\n|\r|\n/g)) {
      line++;
      start = end.index + end[0].length;
    }
    return new LabelConfigError(reason, line, offset - start + 1);
  }
}
