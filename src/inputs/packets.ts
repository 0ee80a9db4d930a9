import { createInterface } from 'node:readline';
import { type Media, startFfmpeg } from './ffmpeg.js';
import type { FileTime } from './media-time.js';

/** A stream of a file: seconds of a tick of its clock, and in ticks when it begins and ends. */
export interface StreamTimes {
  tick: number;
  start: number;
  end: number;
}

/**
 * The times of the packets of a file, which are not decoded: what its header says may be missing, is rounded, or is wrong.
 *
 * @param maps the streams, as ffmpeg's option `-map` names them
 * @param most seconds at which it ends, at most; `tooLong` makes the error beyond them
 * @returns the streams in the order of the maps
 * @throws Error with a reason for people
 */
export async function streamTimes(
  media: Media,
  path: string,
  maps: readonly string[],
  time: FileTime,
  most = Number.POSITIVE_INFINITY,
  tooLong?: () => Error,
): Promise<StreamTimes[]> {
  const options = [...maps.flatMap(map => ['-map', map]), '-c', 'copy', '-f', 'framecrc', 'pipe:1'];
  const process = startFfmpeg(media, path, options);
  const read = async () => {
    const streams = new Map<string, StreamTimes>();
    for await (const line of createInterface({ input: process.output })) {
      const clock = /^#tb (\d+): (\d+)\/(\d+)/.exec(line);
      if (clock)
        streams.set(clock[1]!, { tick: Number(clock[2]) / Number(clock[3]), start: Infinity, end: 0 });
      if (line.startsWith('#')) continue;
      const [stream = '', dts, pts, length] = line.split(',');
      const known = streams.get(stream.trim());
      if (known === undefined) continue;
      // A container without times to show (AVI) gives a huge negative one; theirs is that of decoding.
      const at = Number(pts) > -1e15 ? Number(pts) : Number(dts);
      // What lies before 0 is only there to be decoded.
      known.start = Math.min(known.start, Math.max(at, 0));
      known.end = Math.max(known.end, at + Number(length));
      if (tooLong && known.tick * (known.end - known.start) > most) throw tooLong();
    }
    await process.ended;
    return [...streams.values()];
  };
  try {
    return await time.within(read);
  } finally {
    process.kill();
  }
}
