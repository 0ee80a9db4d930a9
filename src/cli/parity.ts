import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../errors.js';
import { openVersion } from '../inference/evaluate.js';
import { compareRow, type ParityFile } from '../registry/parity.js';
import { listVersions } from '../registry/repository.js';

/**
 * `parity.js FOLDER ...`: repeats the parity gate on models or single versions, from the rows that each carries.
 * Exit code 1 when one is over its tolerance, has changed a class, or cannot be run.
 */
const WORST = 5;

async function main(folders: readonly string[]): Promise<boolean> {
  if (folders.length === 0) throw new Error('usage: npm run parity -- models/<name> ...');
  let passed = true;
  for (const folder of folders) passed = (await check(await versionFolder(folder))) && passed;
  return passed;
}

/** The folder itself when it is a version, else the version that the model serves. */
async function versionFolder(folder: string): Promise<string> {
  if (await exists(join(folder, 'version.json'))) return folder;
  const [version] = (await listVersions(folder)).names;
  if (version === undefined) throw new Error(`${folder} is no model with a version, and no version`);
  return join(folder, 'versions', version);
}

async function check(folder: string): Promise<boolean> {
  const version = await openVersion(folder);
  try {
    if (!Object.hasOwn(version.record.files, 'parity.json')) {
      throw new Error(`${folder} has no parity.json to compare with; export it again`);
    }
    const { tolerance, rows } = JSON.parse(await readFile(join(folder, 'parity.json'), 'utf8')) as ParityFile;
    const answers = await version.evaluate(rows.map(row => row.value));
    const differences = rows.map((row, index) => compareRow(index, row, answers[index]!));
    const largest = Math.max(0, ...differences.map(({ difference }) => difference));
    const bad = differences.filter(({ difference, changed }) => difference > tolerance || changed.length > 0);
    const verdict = bad.length === 0 ? 'passed' : `failed on ${bad.length}`;
    process.stdout.write(
      `${folder}: ${rows.length} rows, largest difference ${largest.toExponential(1)} ` +
        `(tolerance ${tolerance.toExponential(1)}): ${verdict}\n`,
    );
    for (const { row, difference, changed, error } of bad
      .sort((a, b) => b.difference - a.difference)
      .slice(0, WORST)) {
      const why = error ?? `off by ${difference.toExponential(1)}${changed.length ? ', another class' : ''}`;
      process.stdout.write(`  ${why}: ${JSON.stringify(rows[row]!.value).slice(0, 100)}\n`);
    }
    return bad.length === 0;
  } finally {
    await version.release();
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

try {
  if (!(await main(process.argv.slice(2)))) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`error: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
