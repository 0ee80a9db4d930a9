import { expect } from 'chai';
import type { Step, Transform } from '../../src/inputs/features/spec.js';
import { INPUTS } from '../../src/inputs/index.js';
import { batchesOf } from './batches.js';
import { encodeRows } from './sklearn.js';
import { doubles, failureOf, textStep, Versions } from './versions.js';

const counts = textStep({ terms: { vocabulary: 'vocabulary.json' }, width: 3 });
const terms = JSON.stringify(['bad', 'film', 'good']);
const indices = (...numbers: number[]) => new Uint8Array(Int32Array.from(numbers).buffer);

describe('transforms of a row', () => {
  const versions = new Versions();
  after(() => versions.remove());

  /** Counts of bad, film and good, then a transform. */
  function version(step: Transform, width: number, files: Record<string, Uint8Array> = {}): string {
    const root: Step = { type: 'pipeline', steps: [counts, step] };
    return versions.of(root, { width }, { 'vocabulary.json': terms, ...files });
  }

  async function apply(folder: string): Promise<object> {
    const encoder = await INPUTS.text!.load(folder, {});
    return Object.fromEntries(encodeRows(encoder, ['bad film film good good good']).rows[0]!);
  }

  it('selects columns in any order', async () => {
    const step: Transform = { type: 'select', indices: 'indices.i32', width: 2 };
    expect(await apply(version(step, 2, { 'indices.i32': indices(1, 2) }))).to.deep.equal({ 0: 2, 1: 3 });
    const folder = version(step, 2, { 'indices.i32': indices(2, 0) });
    expect(await apply(folder)).to.deep.equal({ 0: 3, 1: 1 });
    const encoder = await INPUTS.text!.load(folder, {});
    const [batch] = batchesOf(encoder, ['bad good'], () => {});
    expect([...(batch!.feeds.feature!.data as Int32Array)]).to.deep.equal([0, 1]);
  });

  it('scales, and fills rows that a center moves away from 0', async () => {
    const step: Transform = { type: 'scale', center: 'center.f64', scale: 'scale.f64', width: 3 };
    const files = { 'center.f64': doubles(1, 0, 5), 'scale.f64': doubles(1, 2, 10) };
    expect(await apply(version(step, 3, files))).to.deep.equal({ 1: 4, 2: -20 });
  });

  it('projects', async () => {
    const step: Transform = { type: 'svd', components: 'components.f64', width: 2, features: 3 };
    expect(await apply(version(step, 2, { 'components.f64': doubles(1, 1, 1, 0, 10, 100) }))).to.deep.equal({
      0: 6,
      1: 320,
    });
  });

  it('leaves a row of norm 0 as it is', async () => {
    const encoder = await INPUTS.text!.load(version({ type: 'normalize', norm: 'l2' }, 3), {});
    const [batch] = batchesOf(encoder, ['nothing', ''], () => {});
    expect([...(batch!.feeds.value!.data as Float64Array)]).to.deep.equal([0]);
  });

  it('refuses files that do not fit', async () => {
    const cases: [Transform, number, Record<string, Uint8Array>, string][] = [
      [
        { type: 'select', indices: 'i.i32', width: 2 },
        2,
        { 'i.i32': indices(1, 1) },
        'selects column 1 of 3 twice',
      ],
      [
        { type: 'select', indices: 'i.i32', width: 1 },
        1,
        { 'i.i32': indices(3) },
        'selects column 3 of 3 twice, or there is none',
      ],
      [{ type: 'select', indices: 'i.txt', width: 1 }, 1, {}, 'its name must end in .f64, .f32 or .i32'],
      [{ type: 'scale', width: 4 }, 4, {}, 'scales 4 columns of 3'],
      [
        { type: 'svd', components: 'c.f64', width: 1, features: 2 },
        1,
        { 'c.f64': doubles(1, 2) },
        'projects 2 columns of 3',
      ],
      [
        { type: 'impute', missing: 'nan', fill: 'f.f64', indicator: [0], width: 3 },
        3,
        { 'f.f64': doubles(1, 2, 3) },
        'gives 4 columns, not 3',
      ],
    ];
    for (const [step, width, files, what] of cases) {
      expect(await failureOf(INPUTS.text!.load(version(step, width, files), {}))).to.include(what);
    }
  });
});
