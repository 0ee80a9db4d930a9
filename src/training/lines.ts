import { createReadStream } from 'node:fs';

const LINE_FEED = 10;

/** The lines of a file that each end in a line feed. Node's own reader ends lines at U+2028 too, which JSON does not escape. */
export async function* linesOf(path: string): AsyncGenerator<Buffer, void> {
  let pieces: Buffer[] = [];
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      pieces.push(chunk.subarray(start, end));
      yield Buffer.concat(pieces);
      pieces = [];
      start = end + 1;
    }
    pieces.push(chunk.subarray(start));
  }
}
