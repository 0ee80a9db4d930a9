import { type ChildProcess, spawn } from 'node:child_process';
import { nodeProgram } from '../../node-program.js';
import { DECODER_MEMORY, LIMIT_MEMORY } from '../decoder-memory.js';
import type { FileTime } from '../media-time.js';
import type { PixelOptions, Pixels } from './decode.js';
import type { Size } from './resample.js';

const PROGRAM = nodeProgram(import.meta.url, './apart-process');
const SCRIPT = `${LIMIT_MEMORY}; exec "$0" "$@"`;
/** How long one image may take, in milliseconds. */
const MOST_MS = 20_000;
/** How long it may take to start, in milliseconds: that is no image's time. */
const START_MS = 20_000;
/** How long it waits for another image, in milliseconds. */
const IDLE_MS = 30_000;

/** What the process is asked. */
export type Request = { open: Uint8Array } | { read: PixelOptions };

/** What it answers: that it has started, the size of an image, its pixels, or why there are none. */
export type Answer = { started: true } | { size: Size } | { pixels: Pixels } | { error: string };

/**
 * Decodes images in a process of its own, one at a time: those that may take long or much memory. A decoder cannot be ended in the
 * middle, and this process can: then only its image is lost.
 */
export class ApartDecoder {
  readonly #node: string;
  #process: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;

  /** @param node the Node.js that runs it */
  constructor(node = process.execPath) {
    this.#node = node;
  }

  /** @throws Error with a reason for people */
  async decode(
    bytes: Uint8Array,
    optionsOf: (width: number, height: number) => PixelOptions,
    time: FileTime,
  ): Promise<Pixels> {
    const process = await this.#started();
    try {
      return await time.within(async () => {
        const { size } = await ask(process, { open: bytes }, 'size');
        return (await ask(process, { read: optionsOf(size.width, size.height) }, 'pixels')).pixels;
      }, MOST_MS);
    } catch (error) {
      // What it is at would go on.
      if (!(error instanceof Unreadable)) this.#end();
      throw error;
    } finally {
      this.#rest();
    }
  }

  async #started(): Promise<ChildProcess> {
    clearTimeout(this.#idle);
    if (this.#process?.connected) {
      this.#process.ref();
      this.#process.channel?.ref();
      return this.#process;
    }
    const process = spawn('/bin/sh', ['-c', SCRIPT, this.#node, ...PROGRAM], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    // What fails is told by the answer that does not come.
    process.on('error', () => {});
    this.#process = process;
    const late = setTimeout(() => this.#end(), START_MS);
    try {
      await answerOf(process, 'started');
      return process;
    } catch {
      this.#end();
      throw new Error('the process that would decode it could not be started; send it again later');
    } finally {
      clearTimeout(late);
    }
  }

  /** Nothing waits for it, and after some time it ends. */
  #rest(): void {
    this.#process?.unref();
    this.#process?.channel?.unref();
    this.#idle = setTimeout(() => this.#end(), IDLE_MS).unref();
  }

  #end(): void {
    this.#process?.kill('SIGKILL');
    this.#process = undefined;
  }
}

/** Why an image cannot be decoded, by a process that is ready for the next one. */
class Unreadable extends Error {}

type Key = 'started' | 'size' | 'pixels';

function ask<K extends Key>(process: ChildProcess, request: Request, key: K) {
  const answer = answerOf(process, key);
  // One that has just ended gives no answer.
  process.send(request, () => {});
  return answer;
}

function answerOf<K extends Key>(
  process: ChildProcess,
  key: K,
): Promise<Extract<Answer, Record<K, unknown>>> {
  return new Promise((resolve, reject) => {
    const take = (answer: Answer) => {
      leave();
      if (key in answer) resolve(answer as Extract<Answer, Record<K, unknown>>);
      else reject(new Unreadable('error' in answer ? answer.error : `no ${key}`));
    };
    const lose = () => {
      leave();
      reject(new Error(`decoding it ended its process, which may take at most ${DECODER_MEMORY}`));
    };
    const leave = () => {
      process.off('message', take).off('exit', lose).off('error', lose);
    };
    process.on('message', take).once('exit', lose).once('error', lose);
  });
}
