import { assert } from 'chai';
import { Markdown } from '../../markdown.js';
import { type Case, tableOf } from './table.js';

/** What depends on an export, and not on its tool. */
const OWN = new Set(['width', 'height', 'shortest_edge', 'longest_edge', 'name']);

function general(value: object): string {
  const entries = Object.entries(value).filter(([key]) => !OWN.has(key));
  return JSON.stringify(Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))));
}

describe('models/exports.md', () => {
  for (const tool of ['ultralytics', 'torchvision', 'transformers'] as const)
    it(`declares the files of ${tool} as the tests serve them, all of them`, async () => {
      const { text } = await Markdown.read('models/exports.md');
      const section = text.split(/^## /m).find(each => each.toLowerCase().startsWith(tool))!;
      const rows = [...section.matchAll(/\| `(\{.*?\})` \| `(\{.*?\})` \|$/gm)];
      const shown = rows.map(([, input, output]) =>
        [input, output].map(json => general(JSON.parse(json!))).join(),
      );
      const { inputs, cases } = tableOf(tool);
      const inputOf = ({ input }: Case) => (typeof input === 'string' ? inputs[input]! : input);
      const served = cases.flatMap(each =>
        each.outputs.map(output => [inputOf(each), output].map(general).join()),
      );
      assert.sameMembers(shown, [...new Set(served)]);
    });
});
