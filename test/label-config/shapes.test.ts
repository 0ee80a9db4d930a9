import { assert } from 'chai';
import { outputsTogether } from '../../src/label-config/shapes.js';
import { REGIONS } from '../../src/regions/index.js';
import type { OutputSpec } from '../../src/registry/version.js';

const BOXES = { kind: 'boxes', tensors: { boxes: 'b', scores: 's' } };
const OUTPUTS = {
  bbox: ['Rectangle', BOXES],
  poly: ['Polygon', BOXES],
  other: ['Polygon', { kind: 'boxes', tensors: { boxes: 'b2', scores: 's' } }],
  mask: ['Polygon', { kind: 'segmentation', tensor: 'm' }],
  label: ['Labels on Image', BOXES],
  text: ['TextArea of regions', { kind: 'texts', tensor: 't' }],
  state: ['Choices', { kind: 'probabilities', tensor: 'c' }],
} as const;

type Name = keyof typeof OUTPUTS;

/** Which outputs stay; those with `?` are optional, those behind `-` are of the model and fill nothing. */
function kept(words: string, isRecipe = false): string[] {
  const all = words.split(' ').map(word => ({
    name: word.replace(/[-?]/g, '') as Name,
    optional: word.includes('?'),
    fills: !word.startsWith('-'),
  }));
  const rows = all.map(({ name }) => REGIONS[OUTPUTS[name][0]]!);
  const filled = all.map(({ name, fills }, index) =>
    fills ? { row: rows[index]!, control: name, toName: 'image' } : undefined,
  );
  const outputs = all.map(({ name }) => ({ name, ...OUTPUTS[name][1] }) as OutputSpec);
  const manifest = {
    outputs: all.map(({ name, optional }, index) => ({ name, control: rows[index]!.tag, optional })),
  };
  const found = outputsTogether(filled, manifest, isRecipe ? null : outputs);
  return all.filter((_, index) => found.has(index)).map(({ name }) => name);
}

describe('outputs that go together', () => {
  it('show a thing as one shape, the first of those that are optional', () => {
    assert.deepEqual(kept('bbox? poly? label? text'), ['bbox', 'label', 'text']);
    assert.deepEqual(kept('-bbox? poly? label? text'), ['poly', 'label', 'text']);
    assert.deepEqual(kept('bbox poly'), ['bbox', 'poly']);
    assert.deepEqual(kept('bbox? other? mask?'), ['bbox', 'other', 'mask']);
  });

  it('say nothing of regions that are not shown', () => {
    assert.deepEqual(kept('-bbox? label? state'), ['state']);
    assert.deepEqual(kept('state'), ['state']);
    assert.throws(
      () => kept('-bbox? -poly? label? text'),
      /^fills TextArea 'text' .*: add <Rectangle name="bbox" toName="image"\/> \(or Polygon\)$/,
    );
    // A mask is a shape whose parts no other output knows.
    assert.throws(() => kept('mask label'), /^fills Labels 'label' .*: add <Polygon name="mask"/);
    assert.throws(() => kept('text'), /does not show either: it needs an output for them$/);
  });

  it('are asked of a recipe as well, whose outputs are not known yet', () => {
    assert.deepEqual(kept('bbox? label', true), ['bbox', 'label']);
    assert.throws(() => kept('-bbox? label', true), /^fills Labels 'label'/);
  });
});
