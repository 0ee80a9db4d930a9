import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import type { TaskFailure } from '../../src/inputs/contract.js';
import { image } from '../../src/inputs/image.js';
import { parseShown } from '../../src/inputs/shown/value.js';
import { editorFrame, type VideoMeta, type VideoValue } from '../../src/inputs/video/contract.js';
import { VideoEncoder, type VideoOptions } from '../../src/inputs/video/encoder.js';
import { video } from '../../src/inputs/video.js';
import { useFfmpeg } from '../support/ffmpeg.js';
import { temporaryFolder } from '../support/folder.js';
import { runPython } from '../support/python.js';
import { awaitedBatchesOf } from './batches.js';
import { ffmpeg, source } from './video/make.js';

const SIZE = { width: 24, height: 16 };

async function encode(values: readonly VideoValue[], options: Partial<VideoOptions> = {}) {
  const encoder = await video.load('/nowhere', { ...SIZE, dtype: 'uint8', ...options });
  const failures = new Map<number, TaskFailure>();
  const batches = await awaitedBatchesOf(encoder, values, (row, failure) => failures.set(row, failure));
  return { batches, failures };
}

/** All rows of one file, and what is known of them. */
async function read(file: string, options: Partial<VideoOptions> = {}, frameRate = 25) {
  const { batches, failures } = await encode([{ file, frameRate }], options);
  assert.deepEqual([...failures.values()], []);
  const rows = batches.flatMap(({ feeds }) => {
    const { data, dims } = feeds.pixel_values!;
    const size = data.length / dims[0]!;
    return Array.from({ length: dims[0]! }, (_, row) =>
      Array.from((data as Uint8Array).subarray(row * size, (row + 1) * size)),
    );
  });
  return {
    rows,
    dims: batches[0]!.feeds.pixel_values!.dims,
    metas: batches.flatMap(({ metas }) => metas) as VideoMeta[],
    batches,
  };
}

/** The failure of one file. */
async function failureOf(file: string, options: Partial<VideoOptions> = {}): Promise<TaskFailure> {
  const { batches, failures } = await encode([{ file, frameRate: 25 }], options);
  assert.isEmpty(batches);
  return failures.get(0)!;
}

const meanOff = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, each, at) => sum + Math.abs(each - b[at]!), 0) / a.length;

describe('video input', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);

  before(async function () {
    this.timeout(60_000);
    await useFfmpeg();
    folder = await temporaryFolder();
    await ffmpeg(...source(25, 1), '-c:v', 'ffv1', '-pix_fmt', 'gbrp', at('exact.mkv'));
  });

  describe('compared with OpenCV', () => {
    const CONTAINERS = [
      { name: 'h264.mp4', rate: 25, codec: ['-c:v', 'libx264', '-qp', '4', '-bf', '3'] },
      { name: 'h264.mov', rate: '30000/1001', codec: ['-c:v', 'libx264', '-qp', '4'] },
      { name: 'vp9.webm', rate: 30, codec: ['-c:v', 'libvpx-vp9', '-lossless', '1'] },
      { name: 'h264.flv', rate: 25, codec: ['-c:v', 'libx264', '-qp', '4'] },
      { name: 'mpeg4.avi', rate: 15, codec: ['-c:v', 'mpeg4', '-q:v', '1'] },
    ];
    let seen: { width: number; height: number; rate: number; frames: number[][] }[];

    before(async function () {
      this.timeout(60_000);
      for (const { name, rate, codec } of CONTAINERS)
        await ffmpeg(...source(rate, 1.2, '32x32'), ...codec, '-pix_fmt', 'yuv420p', at(name));
      seen = await runPython(
        'test/inputs/video/frames.py',
        CONTAINERS.map(({ name }) => at(name)),
      );
    });

    for (const [index, { name }] of CONTAINERS.entries()) {
      it(`takes the frames that ${name} shows at each time`, async () => {
        const { frames, rate, width } = seen[index]!;
        assert.deepEqual([width, frames.length], [32, Math.round(1.2 * rate)]);
        for (const fps of [4, rate, 50]) {
          const { rows, metas } = await read(at(name), { width: 32, height: 32, layout: 'nhwc', fps }, rate);
          assert.lengthOf(rows, Math.ceil((frames.length / rate) * fps - 1e-3));
          for (const [row, pixels] of rows.entries()) {
            const shown = Math.min(Math.floor((row / fps) * rate + 0.05), frames.length - 1);
            // Two converters from YUV round differently; the next frame is off by far more.
            assert.isBelow(meanOff(pixels, frames[shown]!), 2.5, `${fps} a second, row ${row}`);
            const before = frames[shown - 1];
            if (before) assert.isAbove(meanOff(frames[shown]!, before), 0.2);
            for (const other of frames)
              assert.isAtMost(meanOff(pixels, frames[shown]!), meanOff(pixels, other) + 1e-9);
          }
          assert.deepInclude(metas[0]!.video, { framesCount: frames.length, frameRate: rate });
          assert.approximately(metas[0]!.video.duration, frames.length / rate, 0.002);
        }
      });
    }
  });

  it('fits and normalises frames exactly as images', async () => {
    await ffmpeg('-i', at('exact.mkv'), '-frames:v', '1', at('first.png'));
    const file = { file: at('first.png') };
    for (const options of [
      SIZE,
      { width: 20, height: 20, fit: 'letterbox', fill: 114 },
      { width: 9, height: 7, fit: 'crop', shortest_edge: 12, channels: 'bgr', layout: 'nhwc' },
      { width: 12, height: 8, channels: 'gray', mean: [0.5], std: [0.25] },
      { width: 40, height: 9, resample: 'bicubic', mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.6] },
    ] as const) {
      const pictures = await image.load('/nowhere', options);
      const frames = await video.load('/nowhere', { ...options, fps: 1 });
      const first = async (encoder: typeof frames, value: object) => {
        const [batch] = await awaitedBatchesOf(encoder, [value], assert.fail);
        return { feeds: batch!.feeds, meta: batch!.metas![0] };
      };
      const expected = await first(pictures, file);
      const { feeds, meta } = await first(frames, { file: at('exact.mkv'), frameRate: 25 });
      assert.deepEqual(feeds.pixel_values, expected.feeds.pixel_values);
      assert.deepEqual((meta as VideoMeta).image, expected.meta);
    }
  });

  it('makes clips of frames, in each layout', async () => {
    const { rows: frames } = await read(at('exact.mkv'));
    const clips = async (layout: 'nchw' | 'nhwc' | 'ncthw') =>
      read(at('exact.mkv'), { layout, clip: 10, overlap: 2 });
    const { rows, dims, metas, batches } = await clips('nchw');
    assert.deepEqual(dims, [1, 10, 3, 16, 24]);
    assert.deepEqual(
      metas.map(({ first, count, size, total }) => [first, count, size, total]),
      [
        [0, 10, 10, 25],
        [8, 10, 10, 25],
        [15, 10, 10, 25],
      ],
    );
    assert.deepEqual(
      batches.map(({ continues }) => continues),
      [true, true, false],
    );
    assert.deepEqual(
      rows,
      [0, 8, 15].map(first => frames.slice(first, first + 10).flat()),
    );
    const plane = 16 * 24;
    const turned = await clips('ncthw');
    assert.deepEqual(turned.dims, [1, 3, 10, 16, 24]);
    assert.deepEqual(
      turned.rows[1]!,
      [0, 1, 2].flatMap(channel =>
        frames.slice(8, 18).flatMap(frame => frame.slice(channel * plane, (channel + 1) * plane)),
      ),
    );
    const last = await clips('nhwc');
    assert.deepEqual(last.dims, [1, 10, 16, 24, 3]);
    const { rows: interleaved } = await read(at('exact.mkv'), { layout: 'nhwc' });
    assert.deepEqual(last.rows[2]!, interleaved.slice(15, 25).flat());
    const pairs = await read(at('exact.mkv'), { clip: 10, batch: 2 });
    assert.deepEqual(
      pairs.batches.map(({ feeds }) => feeds.pixel_values!.dims[0]),
      [2, 1],
    );
    assert.deepEqual(pairs.rows[0], frames.slice(0, 10).flat());
  });

  it('fills a short clip up with its last frame, and spreads one over all of a video', async () => {
    const { rows: frames } = await read(at('exact.mkv'));
    const short = await read(at('exact.mkv'), { clip: 30 });
    assert.deepEqual(short.rows, [[...frames, ...new Array(5).fill(frames[24])].flat()]);
    assert.deepInclude(short.metas[0]!, { first: 0, count: 25, size: 30, total: 25, step: 1 / 25 });
    const spread = await read(at('exact.mkv'), { clip: 5, spread: true });
    assert.deepEqual(spread.rows, [[0, 5, 10, 15, 20].flatMap(frame => frames[frame]!)]);
    assert.deepInclude(spread.metas[0]!, { count: 5, total: 5, step: 0.2 });
  });

  it('turns a video as players do', async () => {
    await ffmpeg(...source(25, 0.2), '-c:v', 'libx264', '-qp', '0', at('upright.mp4'));
    await ffmpeg('-display_rotation', '90', '-i', at('upright.mp4'), '-c', 'copy', at('turned.mp4'));
    const straight = (await read(at('upright.mp4'))).rows[0]!;
    const { rows, metas } = await read(at('turned.mp4'), { width: 16, height: 24 });
    assert.deepInclude(metas[0]!.image, { width: 16, height: 24 });
    // Counter-clockwise: the right column becomes the first line.
    const expected = Array.from({ length: 3 * 24 * 16 }, (_, index) => {
      const [channel, line, column] = [Math.floor(index / 384), Math.floor((index % 384) / 16), index % 16];
      return straight[channel * 384 + column * 24 + 23 - line]!;
    });
    assert.isBelow(meanOff(rows[0]!, expected), 6);
  });

  it('knows the length of a video by its sound as well, as browsers do', async () => {
    await ffmpeg(...source(25, 1), '-f', 'lavfi', '-i', 'sine=duration=2', '-c:v', 'mpeg4', at('long.mkv'));
    const { rows, metas } = await read(at('long.mkv'));
    assert.lengthOf(rows, 25);
    assert.approximately(metas[0]!.video.duration, 2, 0.03);
    assert.approximately(metas[0]!.video.framesCount, 50, 1);
  });

  it('numbers frames as the editor does', () => {
    const shown = { framesCount: 50, duration: 2, frameRate: 25 };
    const cases = [
      [0, 1],
      [0.0399, 1],
      [0.04, 2],
      [3 * 0.04, 4],
      [0.5, 13],
      [1.99, 50],
      [2.5, 50],
      [-1, 1],
    ] as const;
    for (const [seconds, frame] of cases) assert.equal(editorFrame(shown, seconds), frame, `${seconds} s`);
  });

  it("takes the tag's frame rate, and looks at each of its frames unless told otherwise", async () => {
    const rateOf = (attributes: Record<string, string>, data = {}) => {
      const place = { object: 'v', tag: 'Video', attributes, shown: parseShown('$video'), isUrl: false };
      return (video.read({ video: 'a.mp4', ...data }, place, {}, null) as VideoValue).frameRate;
    };
    assert.equal(rateOf({}), 24);
    assert.equal(rateOf({ frameRate: '29.97' }), 29.97);
    assert.equal(rateOf({ framerate: '25.0' }), 25);
    assert.equal(rateOf({ frameRate: '0.04' }), 25);
    assert.equal(rateOf({ frameRate: '$fps' }, { fps: 12 }), 12);
    assert.equal(rateOf({ frameRate: '$fps' }, { fps: '12' }), 12);
    assert.equal(rateOf({ FrameRate: '$meta.fps' }, { meta: { fps: 12 } }), 12);
    // As Number has it, which the editor takes.
    for (const [fps, rate] of [
      [[12], 12],
      [true, 1],
      [null, 24],
      [[1, 2], 24],
      [{ toString: 0 }, 24],
    ] as const)
      assert.equal(rateOf({ frameRate: '$fps' }, { fps }), rate);
    for (const wrong of ['$fps', 'many', '-5', '0', 'Infinity'])
      assert.equal(rateOf({ frameRate: wrong }), 24);
    const { rows, metas } = await read(at('exact.mkv'), {}, 12.5);
    assert.lengthOf(rows, 13);
    assert.deepEqual(metas[0]!.video, { framesCount: 13, duration: 1, frameRate: 12.5 });
  });

  it('answers for files that are no videos, and for the others', async () => {
    const exact = await readFile(at('exact.mkv'));
    await ffmpeg(...source(25, 1), '-c:v', 'mpeg4', at('whole.mp4'));
    const whole = await readFile(at('whole.mp4'));
    await writeFile(at('half.mp4'), whole.subarray(0, whole.length / 2));
    await writeFile(at('text.mp4'), 'no video at all');
    await ffmpeg('-f', 'lavfi', '-i', 'sine=duration=1', at('sound.m4a'));
    // A playlist, which names another file of the server.
    await writeFile(at('list.mp4'), 'ffconcat version 1.0\nfile whole.mp4\n');
    const names = ['half.mp4', 'text.mp4', 'sound.m4a', 'list.mp4', 'gone.mp4'];
    const values = names.map(name => ({ file: at(name), frameRate: 25 }));
    const inline = `data:video/x-matroska;base64,${exact.toString('base64')}`;
    const { batches, failures } = await encode([...values, { file: inline, frameRate: 25 }], { fps: 1 });
    assert.deepEqual([...failures.keys()], [0, 1, 2, 3, 4]);
    for (const { code, message } of failures.values()) {
      assert.equal(code, 'task_unreadable');
      assert.match(message, /^its file cannot be read as a video: /);
      assert.notInclude(message, folder);
    }
    assert.match(failures.get(3)!.message, /not on whitelist/);
    assert.match(failures.get(0)!.message, /moov atom not found/);
    assert.match(failures.get(4)!.message, /No such file/);
    assert.deepEqual(
      batches.map(({ rows }) => rows),
      [[5]],
    );
  });

  it('reads no more frames than it has time for', async () => {
    await ffmpeg(...source(1, 3600, '16x16'), '-c:v', 'mpeg4', at('hour.mkv'));
    const { code, message } = await failureOf(at('hour.mkv'));
    assert.equal(code, 'task_invalid');
    assert.match(message, /90000 frames at 25 a second.*at most 22500/);
    const { rows } = await read(at('hour.mkv'), { clip: 4, spread: true });
    assert.lengthOf(rows, 1);
  });

  it('says what is missing where there is no ffmpeg', async () => {
    const { PATH } = process.env;
    process.env.PATH = folder;
    try {
      const { code, message } = await failureOf(at('exact.mkv'));
      assert.equal(code, 'task_unreadable');
      assert.match(message, /ffmpeg, which is not on the server's PATH; install it \(apt-get install ffmpeg/);
    } finally {
      process.env.PATH = PATH;
    }
  });

  it('leaves nothing behind when nobody wants the rest', async () => {
    const scratch = at('scratch');
    await mkdir(scratch);
    const { TMPDIR } = process.env;
    process.env.TMPDIR = scratch;
    try {
      assert.equal(tmpdir(), scratch);
      const encoder = await VideoEncoder.create({ ...SIZE, batch: 1 });
      const file = `data:video/x-matroska;base64,${(await readFile(at('exact.mkv'))).toString('base64')}`;
      for await (const { rows } of encoder.encode([{ file, frameRate: 25 }], assert.fail)) {
        assert.lengthOf(await readdir(scratch), 1);
        assert.deepEqual(rows, [0]);
        break;
      }
      assert.isEmpty(await readdir(scratch));
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
    }
  });

  it('refuses options that contradict each other', async () => {
    for (const [options, reason] of [
      [{ overlap: 2 }, /are of clips/],
      [{ spread: true }, /are of clips/],
      [{ layout: 'ncthw' }, /are of clips/],
      [{ clip: 4, overlap: 4 }, /overlap is 4 frames/],
      [{ clip: 4, spread: true, fps: 2 }, /no fps and no overlap/],
      [{ mean: [1, 2] }, /mean has 2 numbers/],
    ] as const) {
      const error = await video.load('/nowhere', { ...SIZE, ...options }).then(
        () => assert.fail(JSON.stringify(options)),
        (error: unknown) => error,
      );
      assert.instanceOf(error, AppError);
      assert.match((error as AppError).message, reason);
    }
  });
});
