import { type Media, startFfmpeg } from '../ffmpeg.js';
import type { Picture } from '../image/resample.js';
import type { FileTime } from '../media-time.js';
import { streamTimes } from '../packets.js';

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

/** How long ffmpeg may decode without a frame that is wanted. */
const SILENCE_MS = 10_000;
const MOST_SILENCE_MS = 30_000;

/**
 * How long a video is, by the times of all its packets: what its header says may be missing, and is rounded.
 *
 * @param path of a file
 * @throws Error with a reason for people
 */
export async function lengthsOf(path: string, time: FileTime): Promise<Lengths> {
  const streams = await streamTimes(VIDEOS, path, ['0:V:0', '0:a?'], time);
  const [video = 0] = streams.map(({ tick, start, end }) => tick * (end - start));
  if (!(video > 0)) throw new Error('it has no images that follow one another');
  return { video, duration: Math.max(...streams.map(({ tick, end }) => tick * end)) };
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
export function readFrames(
  path: string,
  { rate, count }: { rate: number; count: number },
  time: FileTime,
): FrameReader {
  // All frames between two that are wanted must be decoded as well.
  const silence = Math.min(SILENCE_MS + 1_000 / rate, MOST_SILENCE_MS);
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
      const { value, done } = await time.within(() => images.next(), silence);
      if (!done) return value;
      await time.within(() => process.ended, silence);
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
