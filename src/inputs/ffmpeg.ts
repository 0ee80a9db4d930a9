import { spawn } from 'node:child_process';
import { Readable, type Writable } from 'node:stream';
import { AppError } from '../errors.js';
import { DECODER_MEMORY, LIMIT_MEMORY } from './decoder-memory.js';

/** No frame of a video has more pixels: 8K has 33 million. */
const MOST_FRAME_PIXELS = 2 ** 25;
const STDERR_KEPT = 2_000;
/** What a shell says of a program that it does not find. */
const NOT_FOUND = 127;

/**
 * Starts ffmpeg with limited memory, and ends it when this process lets go of descriptor 3, however it does: ffmpeg does not
 * notice that nobody reads what it never writes.
 */
const SCRIPT = `
${LIMIT_MEMORY}
ffmpeg "$@" 3<&- &
ffmpeg=$!
(read -r _ <&3; kill -9 $ffmpeg) >/dev/null 2>&1 &
guard=$!
exec 3<&-
wait $ffmpeg
code=$?
kill $guard
exit $code
`;

/** What one caller reads with ffmpeg. */
export interface Media {
  /** For messages, in the plural: `videos`. */
  name: string;
  /**
   * The containers that ffmpeg may find, comma-separated. Leave playlists out: they can name any file or address of the
   * server's network. https://ffmpeg.org/ffmpeg-formats.html#Format-Options
   */
  containers: string;
}

/** An ffmpeg at work. */
export interface Running {
  output: Readable;
  /** @throws Error with what ffmpeg said when it failed; AppError `task_unreadable` when there is no ffmpeg */
  ended: Promise<void>;
  kill(): void;
}

/**
 * Starts ffmpeg on a file. It decodes in one thread, opens no other file and no address, reads no image that is too large, takes
 * at most 2 GiB of memory, and ends with this process.
 *
 * @param path of the file
 * @param options what stands behind `-i` on ffmpeg's command line
 */
export function startFfmpeg({ name, containers }: Media, path: string, options: readonly string[]): Running {
  const process = spawn(
    '/bin/sh',
    [
      ...['-c', SCRIPT, 'ffmpeg', '-nostdin', '-hide_banner', '-loglevel', 'error', '-threads', '1'],
      ...['-protocol_whitelist', 'file', '-format_whitelist', containers],
      ...['-max_pixels', String(MOST_FRAME_PIXELS), '-i', `file:${path}`, ...options],
    ],
    { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] },
  );
  // Without descriptors Node gives no streams; the error comes with the next turn.
  const [, output, errors, lifeline] = (process.stdio ?? []) as unknown as [
    null?,
    Readable?,
    Readable?,
    Writable?,
  ];
  // It breaks when ffmpeg has ended.
  lifeline?.on('error', () => {});
  let said = '';
  errors?.setEncoding('utf8').on('data', (more: string) => {
    said = (said + more).slice(0, STDERR_KEPT);
  });
  const ended = new Promise<void>((resolve, reject) => {
    process.once('error', reject);
    process.once('close', (code, signal) => {
      // The first line tells the most; in brackets is which of its parts speaks.
      const first = said
        .split('\n', 1)[0]!
        .replace(/^(\[[^\]]*\] )+/, '')
        .replaceAll(`file:${path}`, 'it');
      if (code === 0) resolve();
      else if (code === NOT_FOUND) reject(new AppError('task_unreadable', missing(name)));
      else reject(new Error(inWords(first) || `ffmpeg ended with ${signal ?? code}`));
    });
  });
  // Who reads the output is told by it, or asks.
  ended.catch(() => {});
  return { output: output ?? Readable.from([]), ended, kill: () => lifeline?.destroy() };
}

/** What ffmpeg says, with the limit that it means. */
function inWords(said: string): string {
  if (said.includes('Cannot allocate memory')) return `decoding it takes more than ${DECODER_MEMORY}`;
  if (/max pixel count/.test(said)) return `its images have more than ${MOST_FRAME_PIXELS} pixels: ${said}`;
  return said;
}

function missing(name: string): string {
  return `${name} are read with ffmpeg, which is not on the server's PATH; install it (apt-get install ffmpeg, brew install ffmpeg)`;
}
