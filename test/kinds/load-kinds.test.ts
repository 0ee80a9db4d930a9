import { assert } from 'chai';
import { AppError } from '../../src/errors.js';
import { INPUTS } from '../../src/inputs/index.js';
import { loadedKinds, loadKinds } from '../../src/load-kinds.js';
import { REGIONS } from '../../src/regions/index.js';
import { startProcess } from '../support/process.js';
import { program } from '../support/program.js';

const module = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
const whole = (more: object) =>
  module(
    `const f = () => {}; export const regions = [{ type: 'x', optionsSchema: {}, check: f, bind: f, encode: f, ` +
      `reader: f, example: {}, ...${JSON.stringify(more)} }];`,
  );

async function refusal(code: string): Promise<string> {
  try {
    await loadKinds([code]);
  } catch (error) {
    assert.instanceOf(error, AppError);
    assert.equal((error as AppError).code, 'setting_invalid');
    return (error as AppError).message;
  }
  return assert.fail('it was loaded');
}

describe('modules of kinds', () => {
  it('are refused, and leave the tables as they are, when a row is not whole or stands in the way', async () => {
    const before = [Object.keys(INPUTS), Object.keys(REGIONS), [...loadedKinds()]];
    const { outputKinds } = REGIONS.Rating!;
    const reasons: [string, string][] = [
      [module('export const a = 1;'), 'exports neither `inputs` nor `regions`'],
      [module('throw new Error("on import");'), 'cannot be loaded: on import'],
      [
        module("export const inputs = [{ kind: 'mine', objectTags: [], optionsSchema: {}, read() {} }];"),
        "has the input kind 'mine', which lacks load, example",
      ],
      [
        module(
          "export const inputs = [{ kind: 'text', objectTags: [], optionsSchema: {}, read() {}, load() {}, example: {} }];",
        ),
        "has an input kind 'text', as the server has",
      ],
      [
        module("export const regions = [{ tag: 'Mine' }];"),
        "the region kind 'Mine', which lacks type, optionsSchema",
      ],
      [whole({ tag: 'Rating', outputKinds }), "has a region kind 'Rating', as the server has"],
      [
        whole({ tag: 'Labels', name: 'Mine', outputKinds, objectTags: ['Text', 'Video'] }),
        "fills Labels where 'Labels' does: give it other objectTags",
      ],
      [
        whole({ tag: 'Mine', outputKinds: { value: {} } }),
        "has an output 'value' that is another one in 'Rating'",
      ],
    ];
    for (const [code, reason] of reasons) assert.include(await refusal(code), reason);
    assert.deepEqual([Object.keys(INPUTS), Object.keys(REGIONS), [...loadedKinds()]], before);
  });

  it('that ask for options by no schema let the server start, which tells of it for each model', async () => {
    const code = whole({
      tag: 'Mine',
      outputKinds: {},
      optionsSchema: { properties: { a: { type: 'word' } } },
    });
    const [main = '', ...options] = program('main').reverse();
    const script = `import { serve } from '${main}'; await serve([], { kinds: [${JSON.stringify(code)}] });`;
    const server = await startProcess({}, [...options.reverse(), '--input-type=module', '-e', script]);
    try {
      const problem = await server.log.line(({ level }) => level >= 50);
      assert.include(problem.msg, 'schema is invalid');
    } finally {
      await server.stop();
    }
  });
});
