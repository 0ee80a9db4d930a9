// A trainer that does what its job's context.json says, run as `node trainer.mjs --job FOLDER`.
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[process.argv.indexOf('--job') + 1];
const {
  copy = {},
  write = {},
  link = {},
  say = [],
  exit = 0,
} = JSON.parse(readFileSync(join(folder, 'context.json'), 'utf8'));
const out = join(folder, 'out');
for (const line of say) process.stdout.write(`${JSON.stringify(line)}\n`);
for (const [name, from] of Object.entries(copy)) cpSync(from, join(out, name), { recursive: true });
for (const [name, text] of Object.entries(write)) writeFileSync(join(out, name), text);
for (const [name, target] of Object.entries(link)) symlinkSync(target, join(out, name));
process.exit(exit);
