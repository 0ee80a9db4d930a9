import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { AppError } from '../errors.js';
import type { GroupText } from '../inference/job.js';
import { digestOf, readValue, type ValueReader } from '../inputs/values.js';
import { tooDense } from '../json-density.js';
import { loadKinds } from '../load-kinds.js';
import { cutGroups, groupText } from '../tasks.js';
import type { GroupTexts, ThreadReply, ThreadRequest } from './body-thread.js';
import { parseBody, toAppError } from './errors.js';
import { type PredictBody, predictBody } from './wire.js';

/** Text that goes to the server's thread in one message, about. */
const MESSAGE_BYTES = 500_000;

/** A body that is being answered: its objects never leave this thread, unless a model that is code wants them. */
interface Held {
  tasks: PredictBody['tasks'];
  /** Bodies of the same tasks, which are released with it. */
  shares?: readonly number[];
  next?: (most: number) => GroupText | null;
}

const bodies = new Map<number, Held>();

function held(body: number): Held {
  const found = bodies.get(body);
  if (!found) throw new AppError('internal', 'a large body was asked for after it was released');
  return found;
}

function groupsOf(
  tasks: Held['tasks'],
  reader: ValueReader,
  indices: readonly number[] | null,
): Held['next'] {
  const cut = cutGroups(tasks, indices);
  return most => {
    const part = cut(most);
    if (part.length === 0) return null;
    return groupText(
      reader.binding,
      part.map(task => readValue(task, reader)),
    );
  };
}

/** Several groups in one message: a hop between threads costs as much as reading a few dozen short texts. */
function nextGroups(next: NonNullable<Held['next']>, most: number, room: SharedArrayBuffer): GroupTexts {
  const counts: number[] = [];
  const lengths: number[] = [];
  const texts: string[] = [];
  let size = 0;
  let group = next(most);
  while (group) {
    const text = group.text.toString();
    const length = Buffer.byteLength(text);
    counts.push(group.count);
    lengths.push(length);
    texts.push(text);
    size += length;
    group = size < MESSAGE_BYTES ? next(most) : null;
  }
  const bytes = size <= room.byteLength ? room : new SharedArrayBuffer(size);
  const all = Buffer.from(bytes);
  let offset = 0;
  for (const text of texts) offset += all.write(text, offset);
  return { counts, lengths, bytes };
}

function answer(request: ThreadRequest): unknown {
  switch (request.type) {
    case 'parse': {
      const bytes = Buffer.concat(request.pieces);
      const dense = tooDense(bytes);
      if (dense !== null)
        throw new AppError('body_too_large', `the body holds more than ${dense}; send fewer tasks at a time`);
      const { tasks, ...head } = predictBody(parseBody(bytes));
      bodies.set(request.body, { tasks });
      return { ...head, count: tasks.length };
    }
    case 'digests':
      return held(request.body).tasks.map(task => digestOf(readValue(task, request.reader)));
    case 'groups': {
      const body = held(request.body);
      body.next = groupsOf(body.tasks, request.reader, request.indices)!;
      // Nobody asks for the tasks again: as soon as their values are read, they are garbage.
      body.tasks = [];
      return null;
    }
    case 'next':
      return nextGroups(held(request.body).next!, request.most, request.room);
    case 'all':
      return held(request.body).tasks;
    case 'share': {
      const body = held(request.body);
      body.shares = request.bodies;
      for (const share of request.bodies) bodies.set(share, { tasks: body.tasks });
      return null;
    }
    case 'release':
      for (const share of bodies.get(request.body)?.shares ?? []) bodies.delete(share);
      bodies.delete(request.body);
      return null;
  }
}

await loadKinds(workerData as readonly string[]);

// Linux gives each thread a priority of its own: the server's comes first.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

parentPort!.on('message', (request: ThreadRequest) => {
  let reply: ThreadReply;
  try {
    reply = { id: request.id, result: answer(request) };
  } catch (error) {
    reply = { id: request.id, error: toAppError(error).toData() };
  }
  try {
    parentPort!.postMessage(reply);
  } catch {
    const error = new AppError('request_invalid', 'the body is nested too deeply');
    parentPort!.postMessage({ id: request.id, error: error.toData() } satisfies ThreadReply);
  }
});
