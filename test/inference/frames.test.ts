import { PassThrough } from 'node:stream';
import { assert } from 'chai';
import fc from 'fast-check';
import { readFrames, writeFrame } from '../../src/inference/frames.js';

/** What was written, and the bytes of it. */
function written(frames: readonly { header: object; body: readonly (string | Buffer)[] }[]): Buffer {
  const socket = new PassThrough({ highWaterMark: 2 ** 26 });
  for (const { header, body } of frames) writeFrame(socket, header, body);
  return (socket.read() as Buffer | null) ?? Buffer.alloc(0);
}

/** The frames of bytes that arrive in pieces of these lengths, over and over. */
function arrived(bytes: Buffer, lengths: readonly number[]): { header: unknown; body: string }[] {
  const socket = new PassThrough();
  const seen: { header: unknown; body: string }[] = [];
  readFrames<object>(socket, ({ header, body }) => seen.push({ header, body: body.toString() }));
  for (let offset = 0, turn = 0; offset < bytes.length; turn++) {
    const length = lengths[turn % lengths.length]!;
    socket.emit('data', bytes.subarray(offset, offset + length));
    offset += length;
  }
  return seen;
}

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\n', '{}\n{}', '\u2028', '😀\n'));
const frame = fc.record({
  header: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 }),
  body: fc.array(
    text.map(value => Buffer.from(value).toString()),
    { maxLength: 4 },
  ),
});

describe('frames', () => {
  it('arrive as they were written, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        (frames, lengths) => {
          const expected = frames.map(({ header, body }) => ({
            header: JSON.parse(JSON.stringify(header)),
            body: body.join(''),
          }));
          assert.deepEqual(arrived(written(frames), lengths), expected);
        },
      ),
      { seed: 20261124 },
    );
  });

  it('may be large: what is over the size that is copied is the same', () => {
    for (const size of [16_383, 16_384, 16_385, 1_000_000]) {
      const body = ['é'.repeat(size / 2), Buffer.from('x'.repeat(size)), '\n', 'end'];
      const [first, second] = arrived(
        written([
          { header: { id: 1 }, body },
          { header: { id: 2 }, body: [] },
        ]),
        [65_536],
      );
      assert.equal(first!.body, body.map(String).join(''));
      assert.deepEqual(second, { header: { id: 2 }, body: '' });
    }
  });
});
