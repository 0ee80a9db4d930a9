import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { type Evaluated, openVersion } from '../../src/inference/evaluate.js';
import type { Prediction } from '../../src/model.js';
import { CONTROL_TAGS } from '../../src/regions/index.js';
import type { OutputSpec, VersionRecord } from '../../src/registry/version.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { temporaryFolder } from '../support/folder.js';
import { runPython } from '../support/python.js';

/** What scikit-learn says of some rows, for one output of a version. */
interface Target {
  /** `predict_proba`, else `decision_function`, else `predict`. */
  numbers: (number | string)[][] | null;
  /** `predict`: the class, or the indices of the labels; null for a value. */
  chosen: string[][] | null;
}

interface Family {
  name: string;
  /** The model's folder. */
  model: string;
  texts: boolean;
  /** The data of tasks. */
  rows: Record<string, unknown>[];
  targets: Target[];
}

/** What the exporter must refuse, and why. */
const REFUSED: Record<string, RegExp> = {
  // An empty text is as far from every other one, and which neighbours scikit-learn then takes is chance.
  'KNeighborsClassifier(), two classes of texts':
    /the exported model differs from the original on \d+ of 50 rows/,
  'KNeighborsClassifier(), three classes of texts':
    /the exported model differs from the original on \d+ of 50 rows/,
  'KNeighborsClassifier(), two targets':
    /its targets have different numbers of classes; fit one model a target in a MultiOutputClassifier$/,
};

describe('every family of models, exported and served', function () {
  this.timeout(180_000);
  const families: Family[] = [];
  const refused: Record<string, string> = {};
  let known: { unused: string[]; controls: string[] };
  let root: string;
  let backend: TestBackend;

  before(async () => {
    root = await temporaryFolder();
    type Line = Family | { name: string; refused: string } | { unused: string[]; controls: string[] };
    for (const line of await runPython<Line>('test/families/build.py', [{ repository: root }])) {
      if ('unused' in line) known = line;
      else if ('refused' in line) refused[line.name] = line.refused;
      else families.push(line);
    }
    backend = await startBackend({ MODEL_DIR: root, WORKERS: '1' });
  });
  after(() => backend?.stop());

  it('are all that the exporter knows, and are refused where they must be', () => {
    assert.deepEqual(known.unused, []);
    assert.includeMembers([...CONTROL_TAGS], known.controls);
    assert.sameMembers(Object.keys(refused), Object.keys(REFUSED), JSON.stringify(refused));
    for (const [name, reason] of Object.entries(REFUSED)) assert.match(refused[name]!, reason);
    assert.isAbove(families.length, 220);
  });

  it("answer over HTTP with scikit-learn's own classes, labels, values and probabilities", async () => {
    const differences: string[] = [];
    for (const family of families) {
      const { outputs, parity } = await readRecord(root, family.model);
      const reply = await backend.post<{ results: Prediction[] }>(`/models/${family.model}/predict`, {
        tasks: family.rows.map((data, id) => ({ id, data })),
        label_config: configOf(outputs),
      });
      assert.equal(reply.status, 200, `${family.name}: ${reply.reason}`);
      assert.lengthOf(reply.body.results, family.rows.length);
      const tolerance = parity.tolerance as number;
      for (const [row, prediction] of reply.body.results.entries()) {
        const difference = compare(prediction, family, outputs, row, tolerance);
        if (difference) differences.push(`${family.name}, row ${row}: ${difference}`);
      }
    }
    assert.deepEqual(differences.slice(0, 20), [], `${differences.length} differences`);
  });

  it("give scikit-learn's own numbers for every class, decision values among them", async () => {
    const differences: string[] = [];
    const kinds = new Set<string>();
    for (const family of families) {
      const version = await openVersion(await versionOf(root, family.model));
      const tolerance = version.record.parity.tolerance as number;
      const answers = await version.evaluate(family.rows);
      await version.release();
      for (const [index, { name, kind }] of version.record.outputs.entries()) {
        const { numbers } = family.targets[index]!;
        if (numbers === null) continue;
        kinds.add(kind);
        for (const [row, expected] of numbers.entries()) {
          const got = (answers[row] as Evaluated).values[name]!;
          const far = Math.max(...expected.map((each, column) => distance(Number(each), got[column]!)));
          if (!(far <= tolerance && got.length === expected.length))
            differences.push(`${family.name}, row ${row}: ${name} is off by ${far}`);
        }
      }
    }
    assert.sameMembers([...kinds], ['probabilities', 'scores', 'value']);
    assert.deepEqual(differences.slice(0, 20), [], `${differences.length} differences`);
  });
});

async function versionOf(root: string, model: string): Promise<string> {
  const versions = join(root, model, 'versions');
  const names = await readdir(versions);
  assert.lengthOf(names, 1, model);
  return join(versions, names[0]!);
}

async function readRecord(root: string, model: string): Promise<VersionRecord> {
  return JSON.parse(await readFile(join(await versionOf(root, model), 'version.json'), 'utf8'));
}

/** A config that an exported model fits: a control for each output, with its name. */
function configOf(outputs: readonly OutputSpec[]): string {
  const controls = outputs.map(({ name, labels, decision }) => {
    if (!labels) return `<Number name="${name}" toName="object"/>`;
    const mode = decision?.rule === 'threshold' ? 'multiple' : 'single';
    const choices = labels.map(label => `<Choice value="${label}"/>`).join('');
    return `<Choices name="${name}" toName="object" choice="${mode}">${choices}</Choices>`;
  });
  return `<View><Text name="object" value="$text"/>${controls.join('')}</View>`;
}

/** How a prediction differs from what scikit-learn says; undefined when it does not. */
function compare(
  { result, score }: Prediction,
  { targets }: Family,
  outputs: readonly OutputSpec[],
  row: number,
  tolerance: number,
): string | undefined {
  if (!result) return 'there is none';
  const scores: number[] = [];
  for (const [index, { name, kind, labels, decision }] of outputs.entries()) {
    const { numbers, chosen } = targets[index]!;
    const value = result.find(({ from_name }) => from_name === name)?.value as
      | { choices?: string[]; number?: number }
      | undefined;
    if (!labels) {
      const far = distance(Number(numbers![row]![0]), value?.number ?? Number.NaN);
      if (!(far <= tolerance)) return `${name} is off by ${far}`;
      continue;
    }
    if (JSON.stringify(chosen![row]) !== JSON.stringify(value?.choices ?? []))
      return `${name} is ${value?.choices}, and ${chosen![row]} by predict()`;
    if (kind !== 'probabilities') continue;
    const probabilities = numbers![row]!.map(Number);
    const certainties =
      decision?.rule === 'threshold'
        ? probabilities.map((each, label) => (chosen![row]!.includes(String(label)) ? each : 1 - each))
        : [probabilities[labels.indexOf(chosen![row]![0]!)]!];
    scores.push(...certainties);
  }
  if (scores.length === 0) return score === null ? undefined : `the score is ${score}, and there is none`;
  const far = distance(Math.min(...scores), score ?? Number.NaN);
  return far <= tolerance ? undefined : `the score is off by ${far}`;
}

/** Absolute up to 1, relative beyond. */
function distance(expected: number, got: number): number {
  return expected === got ? 0 : Math.abs(expected - got) / Math.max(1, Math.abs(expected));
}
