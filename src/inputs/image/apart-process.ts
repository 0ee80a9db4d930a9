import { messageOf } from '../../errors.js';
import { DECODER_MEMORY } from '../decoder-memory.js';
import type { Answer, Request } from './apart.js';
import { fitted } from './decode.js';
import { loadSharp } from './sharp.js';
import { type ImageSource, openImage } from './source.js';

/**
 * The entry of a process that decodes images for another one, of which it gets one message at a time.
 */
const sharp = await loadSharp();
let opened: ImageSource;

async function answer(request: Request): Promise<Answer> {
  if ('open' in request) {
    opened = await openImage(sharp, request.open);
    return { size: { width: opened.width, height: opened.height } };
  }
  return { pixels: fitted(await opened.read(request.read), request.read) };
}

function reply(told: Answer): void {
  process.send!(told, () => {});
}

process.on('message', (request: Request) => {
  answer(request).then(reply, error => reply({ error: inWords(messageOf(error)) }));
});
// The threads of a decoder let no process exit by itself.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// Ctrl-C and service managers signal every process of the server at once, and the other one may want an image yet.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
reply({ started: true });

function inWords(reason: string): string {
  const isMemory = /memory|allocat/i.test(reason);
  return isMemory ? `decoding it takes more than ${DECODER_MEMORY}` : reason;
}
