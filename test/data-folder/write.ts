import { existsSync } from 'node:fs';
import { open } from 'lmdb';
import { pino } from 'pino';
import { openDataFolder } from '../../src/data-folder/open.js';

/** A server that is stopped while it holds the lock of lmdb, in the middle of a write. */
const { layout } = await openDataFolder(process.argv[2]!, {
  log: pino({ level: 'silent' }),
  lost: () => process.exit(3),
});
const database = open<unknown, string[]>({ path: layout.state, encoding: 'json' });
database.transactionSync(() => {
  database.putSync(['project', 'theirs'], 'written');
  process.stdout.write('writing\n');
  // Until it is stopped, and somebody else has the folder.
  while (existsSync(`${layout.lock}/1`));
});
setInterval(() => {}, 1_000);
