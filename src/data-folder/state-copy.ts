import { open } from 'lmdb';

/**
 * `state-copy.js SOURCE TARGET whole|forward|backward`: copies each record of a state into another one, in a process of its own,
 * because lmdb trusts what it reads: a damaged file ends the process by a signal.
 *
 * `whole` stops at the first thing that is wrong. The others keep each record that can be read, from the first one or from the
 * last one on, and what the target has already stays. Exit code 1: something was wrong; 2: the target cannot be written.
 */
const TOGETHER = 1_000;
const OWN = { encoding: 'json', permissionsMode: 0o600 } as const;
/** What is of no use any more: the process that ran the jobs, before there was a lock. */
const OBSOLETE = 'jobs-owner';

type Key = string[];
const [source = '', target = '', way = 'whole'] = process.argv.slice(2);
const isWhole = way === 'whole';
const from = open<unknown, Key>({ ...OWN, path: source, readOnly: true });
// What is written is asked to be on the disk once, when all is there.
const to = open<unknown, Key>({ ...OWN, path: target, noSync: true });
let wrong = false;
let last: Key | undefined;
let records: [Key, unknown][] = [];

function write(): void {
  try {
    to.transactionSync(() => {
      for (const [key, value] of records) to.putSync(key, value);
    });
  } catch (error) {
    process.stderr.write(String(error));
    process.exit(2);
  }
  records = [];
}

function isKey(value: unknown): value is Key {
  return Array.isArray(value) && value.every(part => typeof part === 'string');
}

/** A file whose pages point in a circle would be read for ever. */
function isNext(key: Key): boolean {
  const before = last;
  last = key;
  return before === undefined || JSON.stringify(before) !== JSON.stringify(key);
}

function copy(found: unknown): void {
  // lmdb gives a key of one part as that part.
  const key = typeof found === 'string' ? [found] : found;
  if (!isKey(key)) throw new Error('a key is none');
  if (!isNext(key)) throw new Error('a key comes twice');
  if (key[0] === OBSOLETE || (!isWhole && to.doesExist(key))) return;
  const value = from.get(key);
  if (value === undefined) throw new Error('a key has no value');
  records.push([key, value]);
  if (records.length >= (isWhole ? TOGETHER : 1)) write();
}

try {
  for (const key of from.getKeys({ reverse: way === 'backward' })) {
    try {
      copy(key);
    } catch (error) {
      if (isWhole) throw error;
      wrong = true;
    }
  }
} catch (error) {
  process.stderr.write(String(error));
  wrong = true;
}
write();
await Promise.all([from.close(), to.close()]);
process.exit(wrong ? 1 : 0);
