import { readdir, readFile } from 'node:fs/promises';
import { assert } from 'chai';
import sharp from 'sharp';
import { ApartDecoder } from '../../../src/inputs/image/apart.js';
import { type Decode, loadDecoder } from '../../../src/inputs/image/decode.js';
import { mediaTime } from '../../../src/inputs/media-time.js';
import { hugePng } from '../../support/png.js';
import { endlessSvg, tiffOf } from './bombs.js';

const SIZE = { width: 2, height: 2 };
const RED = { r: 255, g: 0, b: 0 };
const red = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: RED } });

/** The processes that this one has started and that decode. */
async function decoders(): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const [status, line] = await Promise.all(
      ['status', 'cmdline'].map(file => readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '')),
    );
    if (status!.includes(`PPid:\t${process.pid}\n`) && line!.includes('apart-process'))
      found.push(Number(name));
  }
  return found;
}

describe('images that take long or much memory', () => {
  let decode: Decode;
  const pixels = async (bytes: Buffer) => [...(await decode(bytes, SIZE)).data];
  const refusal = (bytes: Buffer) =>
    decode(bytes, SIZE).then(
      () => assert.fail('it was decoded'),
      (error: Error) => error.message,
    );

  before(async () => {
    decode = await loadDecoder();
  });
  afterEach(() => mediaTime.begin(undefined, 1));

  it('have the same pixels as others', async () => {
    const all = [255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0];
    for (const image of [
      red(9, 9).png(),
      red(9, 9).tiff({ compression: 'lzw' }),
      red(5000, 4000).png(),
      red(5000, 4000).tiff({ compression: 'lzw' }),
    ])
      assert.deepEqual(await pixels(await image.toBuffer()), all);
    const { meta } = await decode(
      await red(30, 20).tiff({ compression: 'lzw' }).toBuffer(),
      (width, height) => ({
        width: width / 10,
        height: height / 10,
      }),
    );
    assert.deepInclude(meta, { width: 30, height: 20, tensorWidth: 3, tensorHeight: 2 });
  }).timeout(60_000);

  it('are given up when their time is over, and the next one is decoded', async () => {
    mediaTime.begin(1, 2);
    assert.equal(await refusal(endlessSvg()), 'decoding it takes longer than 1 seconds');
    mediaTime.begin(undefined, 1);
    assert.lengthOf(await pixels(await red(9, 9).tiff({ compression: 'lzw' }).toBuffer()), 12);
    assert.lengthOf(await decoders(), 1);
  });

  it('are decoded by a process that costs one image when it ends, and the next one starts another', async () => {
    const image = await red(9, 9).tiff({ compression: 'lzw' }).toBuffer();
    await pixels(image);
    const [pid] = await decoders();
    const lost = refusal(endlessSvg());
    process.kill(pid!, 'SIGKILL');
    assert.equal(await lost, 'decoding it ended its process, which may take at most 2 GiB of memory');
    assert.lengthOf(await pixels(image), 12);
    assert.notDeepEqual(await decoders(), [pid]);
  });

  it('are refused when no process can be started for them', async () => {
    const image = await red(9, 9).tiff({ compression: 'lzw' }).toBuffer();
    const ask = (apart: ApartDecoder) => apart.decode(image, () => SIZE, mediaTime.file());
    await ask(new ApartDecoder('/nowhere/node')).then(
      () => assert.fail('it was decoded'),
      (error: Error) => assert.match(error.message, /^the process that would decode it could not be started/),
    );
    assert.lengthOf((await ask(new ApartDecoder())).data, 12);
  });

  it('are refused before they are decoded', async () => {
    const avif = await red(64, 64).avif({ effort: 0 }).toBuffer();
    const size = avif.indexOf('ispe') + 8;
    avif.writeUInt32BE(16_383, size);
    avif.writeUInt32BE(10_900, size + 4);
    const most = (pixels: number) =>
      new RegExp(`it has \\d+ x \\d+ pixels, and at most ${pixels} in all are decoded`);
    assert.match(await refusal(avif), most(67_108_864));
    assert.match(await refusal(hugePng(30_000, 30_000)), most(178_956_970));
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="30000" height="30000"><rect width="9" height="9"/></svg>';
    assert.match(await refusal(Buffer.from(svg)), most(178_956_970));
    assert.match(await refusal(tiffOf({ width: 60_000, height: 60_000 })), most(178_956_970));
    // Tiles of 4 GB, and 60,000 numbers a pixel.
    for (const bomb of [
      tiffOf({ width: 9, height: 9, tile: 65_520 }),
      tiffOf({ width: 9000, height: 9000, bands: 60_000 }),
    ])
      assert.isString(await refusal(bomb));
    assert.lengthOf(await pixels(await red(9, 9).tiff({ compression: 'lzw' }).toBuffer()), 12);
  });
});
