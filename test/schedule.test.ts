import { assert } from 'chai';
import { cronTimes, schedule } from '../src/schedule.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** A clock that runs when it is told to, and can be set, and a schedule of every full minute by it. */
class World {
  now = 1_000 * DAY;
  readonly ran: number[] = [];
  asked = 0;
  readonly stop: () => void;
  #elapsed = 0;
  #timer: { at: number; action: () => void } | undefined;

  constructor(period = MINUTE) {
    const next = () => {
      this.asked++;
      return Math.floor(this.now / period) * period + period;
    };
    this.stop = schedule(next, () => this.ran.push(this.now), {
      now: () => this.now,
      after: (milliseconds, action) => {
        const timer = { at: this.#elapsed + milliseconds, action };
        this.#timer = timer;
        return () => {
          if (this.#timer === timer) this.#timer = undefined;
        };
      },
    });
  }

  /** Lets time pass. */
  pass(milliseconds: number): number[] {
    const end = this.#elapsed + milliseconds;
    this.ran.length = 0;
    while (this.#timer && this.#timer.at <= end) {
      const { at, action } = this.#timer;
      this.now += at - this.#elapsed;
      this.#elapsed = at;
      this.#timer = undefined;
      action();
    }
    this.now += end - this.#elapsed;
    this.#elapsed = end;
    return [...this.ran];
  }
}

describe('schedule()', () => {
  it('does its work at each time, once', () => {
    const world = new World();
    const begin = world.now;
    assert.deepEqual(
      world.pass(5 * MINUTE),
      [1, 2, 3, 4, 5].map(minute => begin + minute * MINUTE),
    );
    world.stop();
    assert.isEmpty(world.pass(5 * MINUTE));
  });

  it('waits longer than a timer of Node can', () => {
    const world = new World(100 * DAY);
    assert.lengthOf(world.pass(350 * DAY), 3);
    assert.isBelow(world.asked, 10);
  });

  it('does it once for all times that the clock was set forward over', () => {
    const world = new World();
    world.pass(90 * SECOND);
    world.now += 400 * DAY;
    const asked = world.asked;
    assert.lengthOf(world.pass(20 * SECOND), 1);
    assert.isAtMost(world.asked - asked, 2);
    assert.lengthOf(world.pass(5 * MINUTE), 5);
  });

  it('goes on after the clock was set back, by whatever time', () => {
    for (const back of [1, 30 * SECOND, MINUTE, DAY, 400 * DAY]) {
      const world = new World();
      world.pass(90 * SECOND);
      world.now -= back;
      const minutes = world.pass(5 * MINUTE).length;
      assert.isAtLeast(minutes, 4, String(back));
      assert.isAtMost(minutes, 6, String(back));
    }
  });

  it('does it at most once a look while the clock jumps back and forth', () => {
    const world = new World();
    let count = 0;
    for (let jump = 0; jump < 1_000; jump++) {
      world.now += (jump % 2 === 0 ? 1 : -1) * 400 * DAY;
      count += world.pass(5 * SECOND).length;
    }
    assert.isAtMost(count, (1_000 * 5) / 10 + 1_000 / 12 + 2);
    assert.isAtLeast(world.pass(2 * MINUTE).length, 1);
  });
});

describe('cronTimes()', () => {
  it('are those of the expression, after now', () => {
    const minute = cronTimes('* * * * *')();
    assert.equal(minute % MINUTE, 0);
    assert.isAbove(minute, Date.now());
    const leap = new Date(cronTimes('0 0 29 2 *')());
    assert.deepEqual([leap.getMonth(), leap.getDate(), leap.getHours()], [1, 29, 0]);
  });
});
