import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { AppError } from '../errors.js';
import { MOST_PIXELS } from './image/source.js';

/** No step of the work on a sound file takes as long. */
const PATIENCE_MS = 60_000;
const STDERR_KEPT = 2_000;

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
 * Starts ffmpeg on a file. It decodes in one thread, opens no other file and no address, and reads no image that is too large.
 *
 * @param path of the file
 * @param options what stands behind `-i` on ffmpeg's command line
 */
export function startFfmpeg({ name, containers }: Media, path: string, options: readonly string[]): Running {
  const process = spawn(
    'ffmpeg',
    [
      ...['-nostdin', '-hide_banner', '-loglevel', 'error', '-threads', '1'],
      ...['-protocol_whitelist', 'file', '-format_whitelist', containers, '-max_pixels', String(MOST_PIXELS)],
      ...['-i', `file:${path}`, ...options],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  process.stderr.setEncoding('utf8').on('data', (more: string) => {
    said = (said + more).slice(0, STDERR_KEPT);
  });
  const ended = new Promise<void>((resolve, reject) => {
    process.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new AppError('task_unreadable', missing(name)) : error),
    );
    process.once('close', (code, signal) => {
      // The first line tells the most; in brackets is which of its parts speaks.
      const first = said
        .split('\n', 1)[0]!
        .replace(/^(\[[^\]]*\] )+/, '')
        .replaceAll(`file:${path}`, 'it');
      if (code === 0) resolve();
      else reject(new Error(first || `ffmpeg ended with ${signal ?? code}`));
    });
  });
  // Who reads the output is told by it, or asks.
  ended.catch(() => {});
  return { output: process.stdout, ended, kill: () => process.kill('SIGKILL') };
}

/**
 * Waits for a step of ffmpeg's work, and kills it when that takes too long.
 *
 * @throws Error with a reason for people when ffmpeg is silent for a minute
 */
export async function within<T>(process: Running, step: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      process.kill();
      reject(new Error(`ffmpeg was silent for ${PATIENCE_MS / 1000} seconds`));
    }, PATIENCE_MS);
  });
  try {
    return await Promise.race([step, late]);
  } finally {
    clearTimeout(timer);
  }
}

function missing(name: string): string {
  return `${name} are read with ffmpeg, which is not on the server's PATH; install it (apt-get install ffmpeg, brew install ffmpeg)`;
}
