import { Socket } from 'node:net';
import { constants, setPriority } from 'node:os';
import { asAppError } from '../errors.js';
import { loadKinds } from '../load-kinds.js';
import { type Frame, readFrames, writeFrame } from './frames.js';
import { InferenceHost } from './host.js';
import {
  type ChildReply,
  type ChildRequest,
  ITEM_SEPARATOR,
  type RunResult,
  type ValueGroup,
} from './protocol.js';

/**
 * The entry of an inference child, with the addresses of kinds as its arguments: requests come over the socket pair at descriptor 3 and are answered in their order.
 */
const SOCKET = 3;
const MEMORY_EVERY_MS = 1_000;
/** How often a run tells that it goes on, at most; short ones never do. */
const PROGRESS_EVERY_MS = 200;

await loadKinds(process.argv.slice(2));

const host = new InferenceHost();
const socket = new Socket({ fd: SOCKET, readable: true, writable: true });
let last: Promise<void> = Promise.resolve();
let memoryLooked = 0;

/** Looking at the memory costs as much as a small run, so it is done now and then. */
function memory(): Pick<RunResult, 'memory'> {
  if (performance.now() - memoryLooked < MEMORY_EVERY_MS) return {};
  memoryLooked = performance.now();
  return { memory: process.memoryUsage.rss() };
}

async function run({ header, body }: Frame<Extract<ChildRequest, { type: 'run' }>>): Promise<void> {
  const begin = performance.now();
  const groups = body
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as ValueGroup);
  let told = begin;
  const progress = () => {
    const now = performance.now();
    if (now - told < PROGRESS_EVERY_MS) return;
    told = now;
    writeFrame(socket, { id: header.id, progress: true } satisfies ChildReply);
  };
  const answers = await host.run(header.key, header.bindings, groups, { ...header, progress });
  const texts = answers.map(items => items.join(ITEM_SEPARATOR));
  const result: RunResult = {
    bytes: texts.map(text => Buffer.byteLength(text)),
    milliseconds: performance.now() - begin,
    ...memory(),
  };
  writeFrame(socket, { id: header.id, result } satisfies ChildReply, texts);
}

async function answer(frame: Frame<ChildRequest>): Promise<void> {
  const { header } = frame;
  const reply = (result: unknown) => writeFrame(socket, { id: header.id, result } satisfies ChildReply);
  try {
    if (header.type === 'run') await run({ header, body: frame.body });
    else if (header.type === 'load') reply(await host.load(header.version));
    else if (header.type === 'unload') reply(await host.unload(header.key));
    else {
      if (header.background) setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
      reply(await host.start(header.providers));
    }
  } catch (error) {
    const known = asAppError(error, 'internal', 'an inference process met an error of its own');
    writeFrame(socket, { id: header.id, error: known.toData() } satisfies ChildReply);
  }
}

readFrames<ChildRequest>(socket, frame => {
  last = last.then(() => answer(frame));
});
// Ctrl-C, a closed terminal and service managers signal every process of the server at once; it ends its children
// itself, once it has drained.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
// The server has ended, however it did.
socket.on('close', () => process.exit(0));
