import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../support/python.js';

/** A file of a tool and what declares it; `make.py` reads the rest. */
export interface Case {
  name: string;
  /** Options of the input `image`, or their name in the table. */
  input: string | object;
  outputs: { points?: string[] }[];
  /** The tag that each output fills. */
  controls: string[];
  labels?: string[];
  score?: number;
  /** Whether it is one of those that `make test-torch` runs. */
  sample?: boolean;
}

export interface Table {
  labels: string[];
  inputs: Record<string, object>;
  cases: Case[];
}

/** The files of a tool that are served in tests. */
export function tableOf(tool: string): Table {
  return JSON.parse(readFileSync(join(ROOT, `test/torch/real/${tool}.json`), 'utf8')) as Table;
}
