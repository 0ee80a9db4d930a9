import { pino } from 'pino';
import { dataLayout } from '../../src/data-folder/layout.js';
import { DataLock } from '../../src/data-folder/lock.js';

/** Takes the lock of a folder when it is told to on stdin, says how that went, and keeps it until stdin ends. */
const layout = dataLayout(process.argv[2]!);
const say = (word: string) => process.stdout.write(`${word}\n`);

process.stdin.once('data', async () => {
  try {
    const lock = await DataLock.take(layout, { log: pino({ level: 'silent' }), lost: () => say('lost') });
    process.stdin.once('end', () => process.exit());
    say('taken');
    setInterval(lock.check, 50);
  } catch (error) {
    say(String(error));
    process.exit();
  }
});
say('ready');
