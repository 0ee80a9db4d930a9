import { assert } from 'chai';
import { readTraining } from '../../src/registry/training-record.js';
import { linearVersions, type VersionContent } from '../support/linear.js';
import { type Row, World } from './world.js';

const CHOICES =
  '<View><Text name="text" value="$text"/><Choices name="topic" toName="text" choice="multiple">' +
  '<Choice value="Red"/><Choice value="Blue"/></Choices></View>';
const NUMBER = '<View><Text name="text" value="$text"/><Number name="topic" toName="text"/></View>';
const WORDS = ['red', 'blue'];

/** Red, blue, both or neither. */
const MIXED: Row[] = Array.from({ length: 40 }, (_, index) => {
  const red = index % 4 < 2;
  const blue = index % 8 < 5;
  const target = [...(red ? ['Red'] : []), ...(blue ? ['Blue'] : [])];
  return { text: `${target.join(' ')} ${index}`, target };
});

const COUNTED: Row[] = Array.from({ length: 40 }, (_, index) => ({
  text: 'red '.repeat(index % 5) + index,
  target: index % 5,
}));

describe('the gate', () => {
  let several: VersionContent;
  let one: VersionContent;
  let counts: VersionContent;
  let constant: VersionContent;

  before(async () => {
    const labels = { labels: ['Red', 'Blue'], decision: { rule: 'threshold', threshold: 0.5 } } as const;
    const both = { words: WORDS, link: 'sigmoid', output: { name: 'topic', ...labels } } as const;
    const number = { words: WORDS, link: 'identity', output: { name: 'topic' } } as const;
    [several, one, counts, constant] = await linearVersions([
      {
        ...both,
        weights: [
          [8, 0],
          [0, 8],
        ],
        bias: [-4, -4],
      },
      {
        ...both,
        weights: [
          [8, 0],
          [0, 0],
        ],
        bias: [-4, -4],
      },
      { ...number, weights: [[1], [0]] },
      { ...number, weights: [[0], [0]], bias: [2] },
    ]);
  });

  it('scores several labels by micro-F1, and no label is an answer', async () => {
    const world = await World.open({ name: 'topic', control: 'Choices', choice: 'multiple' }, CHOICES);
    try {
      const { name, outcome } = await world.trainOn(several, { rows: MIXED });
      assert.include(outcome.message, 'f1_micro 1 on 20 held-out tasks');
      const { name: worse, folder } = await world.prepare(one);
      await world.train({ copy: { [worse]: folder } }, { rows: MIXED }).then(
        () => assert.fail('it was accepted'),
        ({ code }) => assert.equal(code, 'version_rejected'),
      );
      assert.equal(world.serving, name);
      // Of 10 Red and 13 Blue, with no Blue: 2 * 10 / (10 + 23), or so.
      const heldOut = MIXED.filter((_, index) => index % 2 === 1).map(({ target }) => target as string[]);
      const red = heldOut.filter(target => target.includes('Red')).length;
      const { gate } = (await readTraining(world.path(worse)))!;
      assert.approximately(gate!.candidate, (2 * red) / (red + heldOut.flat().length), 1e-12);
    } finally {
      await world.pool.stop();
    }
  });

  it('scores numbers by their distance, as a share of the spread of the targets', async () => {
    const world = await World.open({ name: 'topic', control: 'Number' }, NUMBER);
    try {
      const { outcome: first, name: flat } = await world.trainOn(constant, { rows: COUNTED });
      assert.include(first.message, 'd2_absolute_error_score 0 on 20 held-out tasks');
      const { outcome } = await world.trainOn(counts, { rows: COUNTED });
      assert.include(
        outcome.message,
        `d2_absolute_error_score 1 on 20 held-out tasks, against 0 of topics:${flat}`,
      );
    } finally {
      await world.pool.stop();
    }
  });

  describe('when labels were renamed, added or removed', () => {
    const topics = (...labels: string[]) =>
      '<View><Text name="text" value="$text"/><Choices name="topic" toName="text">' +
      `${labels.map(label => `<Choice value="${label}"/>`).join('')}</Choices></View>`;
    const OUTPUT = { name: 'topic', control: 'Choices', choice: 'single' };
    const rows = (...labels: string[]): Row[] =>
      Array.from({ length: 40 }, (_, index) => {
        const target = labels[(index >> 1) % labels.length]!;
        return { text: `${target.toLowerCase()} ${index}`, target };
      });
    let redBlue: VersionContent;
    let redGreen: VersionContent;
    let alwaysGreen: VersionContent;
    let all: VersionContent;
    let yellow: VersionContent;

    before(async () => {
      const of = (labels: string[], weights: number[][], bias?: number[]) =>
        ({
          words: ['red', 'blue', 'green'],
          link: 'softmax',
          output: { name: 'topic', labels },
          weights,
          ...(bias && { bias }),
        }) as const;
      const [r, b, g] = [
        [8, 0],
        [0, 8],
        [0, 0],
      ] as const;
      [redBlue, redGreen, alwaysGreen, all, yellow] = await linearVersions([
        of(['Red', 'Blue'], [[...r], [...b], [...g]]),
        of(['Red', 'Green'], [[...r], [...g], [...b]]),
        of(['Red', 'Green'], [[...g], [...g], [...g]], [0, 8]),
        of(
          ['Red', 'Blue', 'Green'],
          [
            [8, 0, 0],
            [0, 8, 0],
            [0, 0, 8],
          ],
        ),
        of(['Yellow', 'Pink'], [[...r], [...b], [...g]]),
      ]);
    });

    it('compares with no version that never answers labels which are used now, so that the next one serves them', async () => {
      const world = await World.open(OUTPUT, topics('Red', 'Blue'));
      try {
        const { name: first } = await world.trainOn(redBlue, { rows: rows('Red', 'Blue') });
        world.config = topics('Red', 'Green');
        // Worse on Red, which is all that the other one knows.
        const { name: second, outcome } = await world.trainOn(alwaysGreen, {
          rows: rows('Red', 'Red', 'Green'),
        });
        assert.equal(world.serving, second);
        assert.match(
          outcome.message!,
          new RegExp(
            `accuracy 0\\.\\d+ on 20 held-out tasks, not compared with topics:${first}, which never answers Green$`,
          ),
        );
        assert.isNull((await readTraining(world.path(second)))!.gate!.serving);
        // What both know is compared as ever.
        const { name: third, outcome: better } = await world.trainOn(redGreen, {
          rows: rows('Red', 'Green'),
        });
        assert.equal(world.serving, third);
        assert.match(
          better.message!,
          new RegExp(`accuracy 1 on 20 held-out tasks, against 0\\.5 of topics:${second}$`),
        );
      } finally {
        await world.pool.stop();
      }
    });

    it('compares where a label was removed, or is not used yet', async () => {
      for (const config of [topics('Red', 'Blue'), topics('Red', 'Blue', 'Green', 'Unsure')]) {
        const world = await World.open(OUTPUT, topics('Red', 'Blue', 'Green'));
        try {
          const { name: first } = await world.trainOn(all, { rows: rows('Red', 'Blue', 'Green') });
          world.config = config;
          const { outcome } = await world.trainOn(redBlue, { rows: rows('Red', 'Blue') });
          assert.include(outcome.message, `accuracy 1 on 20 held-out tasks, against 1 of topics:${first}`);
        } finally {
          await world.pool.stop();
        }
      }
    });

    it('takes a version that has no label in common for none', async () => {
      const world = await World.open(OUTPUT, topics('Yellow', 'Pink'));
      try {
        await world.trainOn(yellow, { rows: rows('Yellow', 'Pink') });
        world.config = topics('Red', 'Blue');
        const { name, outcome } = await world.trainOn(redBlue, { rows: rows('Red', 'Blue') });
        assert.equal(world.serving, name);
        assert.include(outcome.message, 'with nothing to compare it with');
      } finally {
        await world.pool.stop();
      }
    });
  });
});
