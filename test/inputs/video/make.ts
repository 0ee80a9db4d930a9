import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs the ffmpeg on the PATH. */
export async function ffmpeg(...words: string[]): Promise<void> {
  await promisify(execFile)('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...words]);
}

/** A source of 24 x 16 pixels whose picture is another one in each frame. */
export const source = (rate: number | string, seconds: number, size = '24x16') => [
  '-f',
  'lavfi',
  '-i',
  `testsrc=size=${size}:rate=${rate}:duration=${seconds}`,
];

/** A source of one colour. */
export const flat = (size: string) => ['-f', 'lavfi', '-i', `color=size=${size}`];
