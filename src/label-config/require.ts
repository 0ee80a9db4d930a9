import { AppError } from '../errors.js';
import { LabelConfigError } from './error.js';
import { type LabelConfig, type ParsedControl, readLabelConfig } from './parse.js';

/** Characters of a config: reading one as long takes most of a second, on the server's thread. */
const MAX_LENGTH = 1_000_000;
/** What a config may have: finding the models that fill it takes as many steps for each model. */
const MAX_CONTROLS = 1_000;
const MAX_NAMES = 3_000;
const MAX_LABELS = 100_000;

/**
 * Reads a labeling config that a request or a job depends on.
 * @throws AppError `label_config_invalid`, with what is wrong with it, and for one that is longer or has more controls, objects of
 *   them or labels than models are found for
 */
export function requireLabelConfig(xml: string): LabelConfig {
  checkLength(xml);
  const config = read(xml);
  checkSize(config);
  return config;
}

function read(xml: string): LabelConfig {
  try {
    return readLabelConfig(xml);
  } catch (error) {
    if (error instanceof LabelConfigError) throw new AppError('label_config_invalid', error.message);
    throw error;
  }
}

/** @throws AppError `label_config_invalid` for a labeling config that is longer than this server reads */
export function checkLength({ length }: string): void {
  check(length, MAX_LENGTH, 'characters');
}

function checkSize({ controls, parsed }: LabelConfig): void {
  const all = Object.values(parsed);
  const sum = (count: (control: ParsedControl) => number) =>
    all.reduce((before, each) => before + count(each), 0);
  check(controls.size, MAX_CONTROLS, 'controls');
  check(
    sum(({ to_name }) => to_name.length),
    MAX_NAMES,
    'names in the toName="..." of its controls',
  );
  // Labels are compared once for each object that the control names.
  check(
    sum(({ to_name, labels }) => to_name.length * labels.length),
    MAX_LABELS,
    'labels, counted once for each name in the toName="..." of their control',
  );
}

function check(count: number, most: number, what: string): void {
  if (count <= most) return;
  throw new AppError(
    'label_config_invalid',
    `the labeling config has ${count} ${what}, and this server reads at most ${most}`,
  );
}
