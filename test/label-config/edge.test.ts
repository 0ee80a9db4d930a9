import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { LabelConfigError } from '../../src/label-config/error.js';
import { type ParsedLabelConfig, readLabelConfig } from '../../src/label-config/parse.js';

interface Row {
  id: string;
  xml: string;
  /** exact: the same value or an error; reject: an error, whatever Python says; lenient: an error or the value. */
  compare: 'exact' | 'reject' | 'lenient';
  expected?: ParsedLabelConfig;
  expected_if_accepted?: ParsedLabelConfig;
  error?: string;
  output_order?: string[];
}

const rows = readFileSync(new URL('edge.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter(Boolean)
  .map(line => JSON.parse(line) as Row);

describe('label-config: recorded results of parse_config', () => {
  for (const row of rows) {
    const mustFail = row.compare === 'reject' || (row.compare === 'exact' && row.error !== undefined);
    it(`${mustFail ? 'refuses' : 'reads'} ${row.id}`, () => {
      if (mustFail) {
        expect(() => readLabelConfig(row.xml)).to.throw(LabelConfigError);
        return;
      }
      try {
        const { parsed, controls } = readLabelConfig(row.xml);
        expect(parsed).to.deep.equal(row.expected ?? row.expected_if_accepted);
        if (row.output_order) expect([...controls.keys()]).to.deep.equal(row.output_order);
      } catch (error) {
        if (row.compare === 'lenient' && error instanceof LabelConfigError) return;
        throw error;
      }
    });
  }
});
