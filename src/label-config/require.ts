import { AppError } from '../errors.js';
import { LabelConfigError } from './error.js';
import { type LabelConfig, readLabelConfig } from './parse.js';

/**
 * Reads a labeling config that a request or a job depends on.
 * @throws AppError `label_config_invalid`, with what is wrong with it
 */
export function requireLabelConfig(xml: string): LabelConfig {
  try {
    return readLabelConfig(xml);
  } catch (error) {
    if (error instanceof LabelConfigError) throw new AppError('label_config_invalid', error.message);
    throw error;
  }
}
