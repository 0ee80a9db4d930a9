import { type Media, startFfmpeg } from '../ffmpeg.js';
import type { FileTime } from '../media-time.js';
import { streamTimes } from '../packets.js';
import type { Piece } from './contract.js';
import { readWav } from './wav.js';

const RECORDINGS: Media = {
  name: 'recordings of this format',
  containers: 'aac,mov,mp4,matroska,webm,wav,w64,aiff,caf,au,amr,asf,ogg,ac3,eac3,avi,flv,mpegts,mpeg',
};

const FIRST_SOUND = '0:a:0';
/** How long ffmpeg may decode without a sound. */
const SILENCE_MS = 10_000;

/**
 * Reads the first sound of a file with ffmpeg, which writes it as WAV to a pipe: never more of it than is read lies in
 * memory.
 *
 * @param path of the file
 * @param most seconds that it may last; `tooLong` makes the error of a longer one, before it is decoded
 * @throws Error with a reason for people; AppError `task_unreadable` when there is no ffmpeg
 */
export async function* readWithFfmpeg(
  path: string,
  time: FileTime,
  most: number,
  tooLong: () => Error,
): AsyncGenerator<Piece> {
  await streamTimes(RECORDINGS, path, [FIRST_SOUND], time, most, tooLong);
  const options = ['-map', FIRST_SOUND, '-c:a', 'pcm_f32le', '-f', 'wav', 'pipe:1'];
  const process = startFfmpeg(RECORDINGS, path, options);
  const chunks = process.output[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const patient = async function* (): AsyncGenerator<Buffer> {
    for (;;) {
      const { value, done } = await time.within(() => chunks.next(), SILENCE_MS);
      if (done) break;
      yield value;
    }
    await time.within(() => process.ended, SILENCE_MS);
  };
  try {
    yield* readWav(patient());
  } finally {
    process.kill();
  }
}
