import { createInterface } from 'node:readline';
import { messageOf } from '../errors.js';
import { openVersion } from '../inference/evaluate.js';

const NEWLINE = 0x0a;

/**
 * Runs values through versions with the server's own code, for the exporter's parity gate. Stdin and stdout are JSON
 * lines.
 *
 * `run-version.js FOLDER`: a line in is a value, a text or the data of a task; a line out is its answer,
 * `{ "values": { <output>: [numbers] }, "chosen": { <output>: [class indices] } }` or `{ "error": { code, message } }`.
 *
 * `run-version.js`: a line in is `{ "folder", "values": [...] }`; a line out is `{ "answers": [...] }`, or
 * `{ "failed": message }` when the version cannot be run. Input that ends inside a line is of a program that was ended: it
 * is left without a word, which would be taken for the reason.
 *
 * Numbers have full double precision; those that JSON lacks are the texts "NaN", "Infinity" and "-Infinity".
 */
async function main(folder: string | undefined): Promise<void> {
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  if (folder === undefined) {
    let whole = true;
    process.stdin.on('data', (chunk: Buffer) => {
      whole = chunk.at(-1) === NEWLINE;
    });
    for await (const line of lines) {
      if (process.stdin.readableEnded && !whole) process.exit(1);
      print(await answerRequest(JSON.parse(line)));
    }
    return;
  }
  const values: unknown[] = [];
  for await (const line of lines) values.push(JSON.parse(line));
  for (const answer of await evaluateAll(folder, values)) print(answer);
}

async function answerRequest(request: { folder: string; values: unknown[] }): Promise<object> {
  try {
    return { answers: await evaluateAll(request.folder, request.values) };
  } catch (error) {
    return { failed: messageOf(error) };
  }
}

async function evaluateAll(folder: string, values: readonly unknown[]) {
  const version = await openVersion(folder);
  try {
    return await version.evaluate(values);
  } finally {
    await version.release();
  }
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, finite)}\n`);
}

function finite(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

try {
  await main(process.argv[2]);
} catch (error) {
  process.stderr.write(`error: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
