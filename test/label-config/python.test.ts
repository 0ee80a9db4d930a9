import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { LabelConfigError } from '../../src/label-config/error.js';
import { type ParsedLabelConfig, readLabelConfig } from '../../src/label-config/parse.js';
import { generateConfigs } from './generate.js';
import { handwrittenConfigs } from './handwritten.js';

/** `parsed` is null where the result holds a processing instruction as a tag, which we leave out on purpose. */
type Answer = { error: string } | { parsed: ParsedLabelConfig | null; order: string[] };

const python = process.env.PYTHON ?? '.venv/bin/python';
const script = fileURLToPath(new URL('parse_config.py', import.meta.url));

/** Asks Label Studio's own parse_config what it makes of each config. */
function askLabelStudio(configs: readonly string[]): Answer[] {
  if (python.includes('/') && !existsSync(python)) {
    throw new Error(
      `there is no Python at '${python}': this test compares with label-studio-sdk 2.1.2; set PYTHON to an interpreter that has it`,
    );
  }
  const { status, stdout, stderr, error } = spawnSync(python, [script], {
    input: configs.map(config => `${JSON.stringify(config)}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (error || status !== 0) throw new Error(`'${python} ${script}' failed: ${error?.message ?? stderr}`);
  const answers = stdout
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as Answer);
  expect(answers).to.have.length(configs.length);
  return answers;
}

/** Label Studio keeps the order of the attributes of each label too, which deep equality does not see. */
function attributeOrder(parsed: ParsedLabelConfig): string[][] {
  return Object.values(parsed).flatMap(({ labels, labels_attrs }) =>
    labels.map(label => Object.keys(labels_attrs[label]!)),
  );
}

function compare(config: string, answer: Answer): string | undefined {
  const shown = JSON.stringify(
    config.length > 500 ? `${config.slice(0, 200)}… (${config.length} characters)` : config,
  );
  try {
    const { parsed, controls } = readLabelConfig(config);
    if ('error' in answer) return `${shown} is accepted, but Label Studio says ${answer.error}`;
    if (answer.parsed === null) return undefined;
    expect(parsed, shown).to.deep.equal(answer.parsed);
    expect([...controls.keys()], shown).to.deep.equal(answer.order);
    expect(attributeOrder(parsed), shown).to.deep.equal(attributeOrder(answer.parsed));
  } catch (error) {
    if (!(error instanceof LabelConfigError)) return String(error);
    if (!('error' in answer)) return `${shown} is accepted by Label Studio, but refused: ${error.message}`;
  }
  return undefined;
}

describe('label-config: side by side with parse_config of label-studio-sdk', function () {
  this.timeout(120_000);

  it('agrees on configs written by hand, one rule each', () => {
    const answers = askLabelStudio(handwrittenConfigs);
    expect(
      handwrittenConfigs.map((config, index) => compare(config, answers[index]!)).filter(Boolean),
    ).to.deep.equal([]);
  });

  it('agrees on configs made at random, well-formed and damaged', () => {
    const configs = generateConfigs(20_251_124, 1_200);
    const answers = askLabelStudio(configs);
    const refused = answers.filter(answer => 'error' in answer).length;
    expect(refused, 'both kinds must occur').to.be.within(300, 900);
    expect(configs.map((config, index) => compare(config, answers[index]!)).filter(Boolean)).to.deep.equal(
      [],
    );
  });
});
