import { text } from 'node:stream/consumers';
import { type Media, startFfmpeg, within } from '../ffmpeg.js';
import type { Picture } from '../image/resample.js';

const VIDEOS: Media = {
  name: 'videos',
  containers: 'mov,mp4,matroska,webm,avi,ogg,mpegts,mpeg,flv,gif,asf',
};
/**
 * Containers such as WebM round times to a millisecond, and a frame may then seem to begin just behind its own time. Browsers
 * know times to 2 ms, so the editor looks that much ahead as well.
 */
const AHEAD = 0.002;

/** How long a file is, in seconds. */
export interface Lengths {
  /** The longer of its images and its sound, as browsers have it. */
  duration: number;
  /** Its images. */
  video: number;
}

/**
 * How long a video is, by the times of all its packets: what its header says may be missing, and is rounded.
 *
 * @param path of a file
 * @throws Error with a reason for people
 */
export async function lengthsOf(path: string): Promise<Lengths> {
  const process = startFfmpeg(VIDEOS, path, [
    '-map',
    '0:V:0',
    '-map',
    '0:a?',
    '-c',
    'copy',
    '-f',
    'framecrc',
    'pipe:1',
  ]);
  const [lines] = await within(process, Promise.all([text(process.output), process.ended]));
  /** Of each stream: seconds of a tick of its clock, and in ticks when it begins and ends. */
  const streams = new Map<string, { tick: number; start: number; end: number }>();
  for (const line of lines.split('\n')) {
    const clock = /^#tb (\d+): (\d+)\/(\d+)/.exec(line);
    if (clock) streams.set(clock[1]!, { tick: Number(clock[2]) / Number(clock[3]), start: Infinity, end: 0 });
    if (line.startsWith('#')) continue;
    const [stream = '', dts, pts, length] = line.split(',');
    const known = streams.get(stream.trim());
    if (known === undefined) continue;
    // A container without times to show (AVI) gives a huge negative one; theirs is that of decoding.
    const time = Number(pts) > -1e15 ? Number(pts) : Number(dts);
    // What lies before 0 is only there to be decoded.
    known.start = Math.min(known.start, Math.max(time, 0));
    known.end = Math.max(known.end, time + Number(length));
  }
  const all = [...streams.values()];
  const [video = 0] = all.map(({ tick, start, end }) => tick * (end - start));
  if (!(video > 0)) throw new Error('it has no images that follow one another');
  return { video, duration: Math.max(...all.map(({ tick, end }) => tick * end)) };
}

/** Frames of a video, one after the other. */
export interface FrameReader {
  /** @throws Error with a reason for people when there is none */
  next(): Promise<Picture>;
  /** Ends the reading, whether or not all was read. */
  close(): void;
}

/**
 * Reads the frames that are shown at 0, 1/rate, 2/rate ... seconds; behind the last one it stays.
 *
 * @param count how many
 */
export function readFrames(path: string, { rate, count }: { rate: number; count: number }): FrameReader {
  const filter = [
    // Some clocks tick but once a frame.
    'settb=AVTB',
    `setpts=PTS-${AHEAD}/TB`,
    // Rounded up, the frame at a time is the last one that began before it.
    `fps=fps=${rate}:round=up:start_time=0`,
    'tpad=stop=-1:stop_mode=clone',
  ];
  const process = startFfmpeg(VIDEOS, path, [
    ...['-map', '0:V:0', '-vf', filter.join(','), '-frames:v', String(count)],
    ...['-c:v', 'ppm', '-pix_fmt', 'rgb24', '-f', 'image2pipe', 'pipe:1'],
  ]);
  const images = parsePpm(process.output);
  return {
    async next() {
      const { value, done } = await within(process, images.next());
      if (!done) return value;
      await process.ended;
      throw new Error('it ends before its first image');
    },
    close: process.kill,
  };
}

/** The images of a stream of them in the format PPM: https://netpbm.sourceforge.net/doc/ppm.html */
async function* parsePpm(stream: AsyncIterable<Buffer>): AsyncGenerator<Picture> {
  let rest: Buffer = Buffer.alloc(0);
  let image: Picture | undefined;
  let filled = 0;
  for await (const chunk of stream) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      if (image === undefined) {
        const header = PPM.exec(rest.toString('latin1', 0, PPM_HEADER));
        if (header === null) break;
        const [width, height] = [Number(header[1]), Number(header[2])];
        image = { width, height, data: new Uint8Array(3 * width * height) };
        filled = 0;
        rest = rest.subarray(header[0].length);
      }
      const { data } = image;
      const taken = Math.min(data.length - filled, rest.length);
      data.set(rest.subarray(0, taken), filled);
      filled += taken;
      rest = rest.subarray(taken);
      if (filled < data.length) break;
      yield image;
      image = undefined;
    }
  }
}

const PPM = /^P6\n(\d+) (\d+)\n255\n/;
/** As long as its header can be. */
const PPM_HEADER = 32;
