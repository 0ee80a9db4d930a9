import { type Media, startFfmpeg, within } from '../ffmpeg.js';
import type { Piece } from './contract.js';
import { readWav } from './wav.js';

const RECORDINGS: Media = {
  name: 'recordings of this format',
  containers: 'aac,mov,mp4,matroska,webm,wav,w64,aiff,caf,au,amr,asf,ogg,ac3,eac3,avi,flv,mpegts,mpeg',
};

/**
 * Reads the first sound of a file with ffmpeg, which writes it as WAV to a pipe: never more of it than is read lies in
 * memory.
 *
 * @param path of the file
 * @throws Error with a reason for people; AppError `task_unreadable` when there is no ffmpeg
 */
export async function* readWithFfmpeg(path: string): AsyncGenerator<Piece> {
  const process = startFfmpeg(RECORDINGS, path, [
    '-map',
    '0:a:0',
    '-c:a',
    'pcm_f32le',
    '-f',
    'wav',
    'pipe:1',
  ]);
  const chunks = process.output[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const patient = async function* (): AsyncGenerator<Buffer> {
    for (;;) {
      const { value, done } = await within(process, chunks.next());
      if (done) break;
      yield value;
    }
    await within(process, process.ended);
  };
  try {
    yield* readWav(patient());
  } finally {
    process.kill();
  }
}
