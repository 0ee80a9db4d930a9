import { assert } from 'chai';
import fc from 'fast-check';
import { readTask } from '../../src/training/annotations.js';
import { learntFrom, result } from './support.js';

const SITE = learntFrom('site');
const ALL = learntFrom('site', 'topics', 'age');
const SITES = ['Amazon', 'IMDb', 'Yelp'];

/** The time of a minute. */
const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();

let ids = 0;
const annotation = (answers: Parameters<typeof result>[0], more: object = {}) => ({
  id: ++ids,
  result: result(answers),
  was_cancelled: false,
  ground_truth: false,
  created_at: at(0),
  ...more,
});
const site = (label: string, more: object = {}) => annotation({ site: [label] }, more);
const siteOf = (annotations: unknown) => readTask(annotations, SITE).targets.get('site');

describe('what the annotations of a task say', () => {
  it('tells trainers of the outputs, with the control that each fills and its labels', () => {
    assert.deepEqual(
      ALL.map(({ output }) => output),
      [
        {
          name: 'site',
          control: 'Choices',
          choice: 'single',
          from_name: 'site',
          to_name: 'text',
          labels: SITES,
        },
        {
          name: 'topics',
          control: 'Choices',
          choice: 'multiple',
          from_name: 'topics',
          to_name: 'text',
          labels: ['food', 'price'],
        },
        { name: 'age', control: 'Number', from_name: 'age', to_name: 'text' },
      ],
    );
  });

  it('is read for each output by itself; an annotation without its result says nothing of it', () => {
    const read = readTask(
      [
        annotation({ site: ['Yelp'], topics: ['price', 'food'] }),
        annotation({ site: ['Yelp'] }),
        annotation({ site: ['IMDb'], age: 4.5 }, { ground_truth: true }),
      ],
      ALL,
    );
    assert.deepEqual(Object.fromEntries(read.targets), { site: 'IMDb', topics: ['food', 'price'], age: 4.5 });
    assert.deepEqual([read.outdated, read.unreadable], [0, 0]);
  });

  it('takes the majority, and among equals the answer that was given last', () => {
    assert.equal(siteOf([site('Yelp'), site('IMDb', { updated_at: at(9) }), site('Yelp')]), 'Yelp');
    assert.equal(siteOf([site('Yelp', { updated_at: at(9) }), site('IMDb', { updated_at: at(8) })]), 'Yelp');
    // Without a time of its own the later id counts; the time of its making stands for that of its last change.
    assert.equal(siteOf([site('Yelp'), site('IMDb')]), 'IMDb');
    assert.equal(siteOf([site('Yelp', { created_at: at(5) }), site('IMDb')]), 'Yelp');
    const sets = readTask(
      [
        annotation({ topics: ['food', 'price'] }),
        annotation({ topics: ['price', 'food'] }),
        annotation({ topics: ['food'] }),
      ],
      ALL,
    );
    assert.deepEqual(sets.targets.get('topics'), ['food', 'price']);
  });

  it('takes the latest ground truth before any majority', () => {
    const truth = (label: string, minute: number) =>
      site(label, { ground_truth: true, updated_at: at(minute) });
    assert.equal(siteOf([truth('IMDb', 2), site('Yelp'), site('Yelp'), truth('Amazon', 1)]), 'IMDb');
  });

  it('does not count what was cancelled or is empty', () => {
    const cancelled = site('IMDb', { was_cancelled: true, ground_truth: true });
    assert.equal(siteOf([cancelled, site('Yelp'), annotation({}, { ground_truth: true })]), 'Yelp');
    assert.isUndefined(siteOf([cancelled, annotation({})]));
  });

  it('leaves out and counts what the config has no more and what cannot be read; the others count', () => {
    const read = readTask(
      [
        site('Ebay', { ground_truth: true }),
        site('Yelp'),
        annotation({ site: ['Yelp', 'IMDb'] }),
        annotation({ topics: ['food', 'gone'] }),
        { id: 1, result: [...result({ site: ['IMDb'] }), ...result({ site: ['Amazon'] })] },
      ],
      ALL,
    );
    assert.deepEqual(Object.fromEntries(read.targets), { site: 'Yelp', topics: ['food'] });
    assert.deepEqual([read.outdated, read.unreadable], [2, 2]);
  });

  it('reads results of the control on its object alone', () => {
    const [own] = result({ site: ['Yelp'] });
    for (const change of [{ from_name: 'topics' }, { to_name: 'other' }, { type: 'labels' }]) {
      const { targets, outdated, unreadable } = readTask([{ id: 1, result: [{ ...own, ...change }] }], SITE);
      assert.deepEqual([targets.size, outdated, unreadable], [0, 0, 0], JSON.stringify(change));
    }
  });

  it('takes no id from what has none', () => {
    const read = readTask([site('IMDb', { id: { toString: 0 } }), site('Yelp', { id: [1] })], SITE);
    assert.equal(read.targets.get('site'), 'IMDb', 'of equals without time or id, the first');
  });

  it('never fails, whatever a task holds', () => {
    const odd = fc.jsonValue({ maxDepth: 3 });
    const value = fc.oneof(odd, fc.record({ choices: odd, number: odd }));
    const item = fc.oneof(
      odd,
      fc.record({
        from_name: fc.constantFrom('site', 'age', 4),
        to_name: fc.constant('text'),
        type: fc.constantFrom('choices', 'number', null),
        value,
      }),
    );
    const each = fc.oneof(
      odd,
      fc.record({ id: odd, result: fc.oneof(odd, fc.array(item)), was_cancelled: odd, created_at: odd }),
    );
    fc.assert(
      fc.property(fc.oneof(odd, fc.array(each)), annotations => {
        for (const [name, target] of readTask(annotations, ALL).targets) {
          assert.isTrue(name === 'age' ? Number.isFinite(target) : [target].flat().length > 0);
        }
      }),
    );
  });

  it('is the same in any order, and as the rules say', () => {
    const annotations = fc.array(
      fc.record({
        label: fc.constantFrom(...SITES, 'Gone'),
        ground_truth: fc.boolean(),
        was_cancelled: fc.boolean(),
        minute: fc.nat(3),
      }),
      { maxLength: 6 },
    );
    const shuffled = annotations.chain(list =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray([...list.keys()], { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, ([list, order]) => {
        const made = list.map(({ label, minute, ...rest }, id) => ({
          ...site(label, { id: id + 1, updated_at: at(minute), ...rest }),
        }));
        // The rules once more, as plainly as they are written.
        const counting = list
          .map((each, id) => ({ ...each, id }))
          .filter(({ label, was_cancelled }) => label !== 'Gone' && !was_cancelled)
          .sort((a, b) => a.minute - b.minute || a.id - b.id);
        const truth = counting.filter(({ ground_truth }) => ground_truth).at(-1);
        const votes = (label: string) => counting.filter(each => each.label === label).length;
        const most = Math.max(0, ...SITES.map(votes));
        const expected = truth ?? counting.filter(({ label }) => votes(label) === most).at(-1);
        assert.equal(siteOf(order.map(index => made[index])), expected?.label);
      }),
    );
  });
});
