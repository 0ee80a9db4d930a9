import { join } from 'node:path';
import { Ajv } from 'ajv';
import { lazily } from '../lazily.js';
import { readJson } from './manifest.js';
import { TRAINING_FILE } from './version-files.js';

/** How a new version and the one that served were scored on the annotations that were held out. */
export interface GateScores {
  /** `accuracy`, `f1_micro` or `d2_absolute_error_score` as scikit-learn has them; `mean` of several outputs' scores. */
  metric: string;
  /** Held-out tasks. */
  rows: number;
  candidate: number;
  /** Null: no version served, or what it answers cannot be compared. */
  serving: number | null;
  /** How much less than the serving version's score was accepted. */
  tolerance: number;
  /** Each output by itself. */
  outputs: readonly { name: string; metric: string; candidate: number; serving: number | null }[];
}

/** `versions/<version>/training.json`: where a trained version comes from and what was decided about it. */
export interface TrainingRecord {
  format: 1;
  job: string;
  project: string;
  /** The version that served when it was trained; null: none. */
  parent: string | null;
  /** ISO 8601, UTC. */
  created: string;
  /** How long its training took. */
  seconds: number;
  /** What it was trained on. */
  counts: object;
  /** The controls whose annotations it learnt from; absent where that was not kept. */
  controls?: readonly string[];
  /** Null: there was nothing to score it on. */
  gate: GateScores | null;
  accepted: boolean;
  /** Why, in a sentence. */
  reason: string;
}

const text = { type: 'string' };
const number = { type: 'number' };
const nullable = (type: string) => ({ type: [type, 'null'] });

function object(
  properties: Record<string, object>,
  more: object = {},
  optional: Record<string, object> = {},
) {
  return {
    type: 'object',
    properties: { ...properties, ...optional },
    required: Object.keys(properties),
    additionalProperties: false,
    ...more,
  };
}

const scored = { metric: text, candidate: number, serving: nullable('number') };

const ajv = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true, validateSchema: false });
const checkTraining = lazily(() =>
  ajv.compile<TrainingRecord>(
    object(
      {
        format: { const: 1 },
        job: text,
        project: text,
        parent: nullable('string'),
        created: { ...text, pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?Z$' },
        seconds: { ...number, minimum: 0 },
        counts: { type: 'object' },
        gate: object(
          {
            ...scored,
            rows: { type: 'integer', minimum: 0 },
            tolerance: number,
            outputs: { type: 'array', items: object({ name: text, ...scored }) },
          },
          { nullable: true },
        ),
        accepted: { type: 'boolean' },
        reason: text,
      },
      {},
      { controls: { type: 'array', items: text } },
    ),
  ),
);

/**
 * Reads and checks the verdict on a version.
 * @param folder the version's
 * @returns null when the version was not trained by this server
 * @throws AppError `version_invalid`, naming the file, the path in it and what was expected
 */
export async function readTraining(folder: string): Promise<TrainingRecord | null> {
  try {
    return await readJson(join(folder, TRAINING_FILE), checkTraining, 'version_invalid', () => '');
  } catch (error) {
    if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return null;
    throw error;
  }
}

/** Whether a version may come to serve by being the newest: one that was rejected serves only when it is chosen. */
export async function isAccepted(folder: string): Promise<boolean> {
  return (await readTraining(folder))?.accepted ?? true;
}
