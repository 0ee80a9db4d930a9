import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { FairSlots, type Owner } from '../../src/task-data/fair-slots.js';

/** Works that end when they are told to, each named by its project and its host. */
function worksIn(slots: FairSlots) {
  const running: { name: string; end(): void }[] = [];
  return {
    running: () => running.map(({ name }) => name),
    begin(project: string | null, host: string, signal?: AbortSignal): Promise<unknown> {
      const owner: Owner = { project, host };
      const work = () =>
        new Promise<void>(end => {
          running.push({ name: `${project}@${host}`, end });
        });
      return slots.run(owner, work, signal).catch(() => 'given up');
    },
    async end(name: string) {
      const [work] = running.splice(
        running.findIndex(each => each.name === name),
        1,
      );
      work!.end();
      await setImmediate();
    },
  };
}

describe('task-data/fair-slots', () => {
  it('leave a part of them to other projects and hosts, however much one asks for', async () => {
    const works = worksIn(new FairSlots(32));
    const count = (name: string) => works.running().filter(each => each === name).length;
    for (let index = 0; index < 100; index++) void works.begin('1', 'dead');
    await setImmediate();
    expect(works.running()).to.have.lengthOf(11);
    for (let index = 0; index < 100; index++) void works.begin('1', `dead-${index}`);
    await setImmediate();
    expect(works.running(), 'of one project').to.have.lengthOf(16);
    for (let index = 0; index < 8; index++) void works.begin('2', 'well');
    await setImmediate();
    expect(count('2@well')).to.be.at.least(4);
    for (const project of ['3', '4', null]) {
      void works.begin(project, `of ${project}`);
      await setImmediate();
      expect(count(`${project}@of ${project}`)).to.equal(1);
    }
  });

  it('go to the project that holds the fewest, and to each in turn', async () => {
    const works = worksIn(new FairSlots(2));
    void works.begin('4', 'd');
    void works.begin('5', 'e');
    for (const [project, host] of ['1a', '2b', '3c'])
      for (let index = 0; index < 3; index++) void works.begin(project!, host!);
    await setImmediate();
    expect(works.running()).to.deep.equal(['4@d', '5@e']);
    await works.end('4@d');
    await works.end('5@e');
    const order: string[] = [];
    while (works.running().length > 0) {
      const [first] = works.running();
      order.push(first!);
      await works.end(first!);
    }
    expect(order).to.deep.equal(['1@a', '2@b', '3@c', '1@a', '2@b', '3@c', '1@a', '2@b', '3@c']);
  });

  it('go to a project that comes late in its turn, however many others wait for however many hosts', async () => {
    const works = worksIn(new FairSlots(32));
    for (let project = 0; project < 40; project++)
      for (let host = 0; host < 90; host++) void works.begin(String(project), `dead-${host}`);
    await setImmediate();
    expect(works.running()).to.have.lengthOf(32);
    void works.begin('late', 'well');
    // Each of the others has been served once, or stands before it in the row.
    let turns = 0;
    while (!works.running().includes('late@well')) {
      await works.end(works.running()[0]!);
      turns++;
    }
    expect(turns).to.be.at.most(41);
  });

  it('are lost by none who gives up while it waits, in whichever moment', async () => {
    const outcomes = new Set<string>();
    for (let ticks = 0; ticks < 10; ticks++) {
      const slots = new FairSlots(1);
      const controller = new AbortController();
      const owner = { project: '1', host: 'a' };
      let end!: () => void;
      const first = slots.run(owner, () => new Promise<void>(resolve => (end = resolve)), undefined);
      const waiting = slots.run(owner, async () => 'done', controller.signal).catch(() => 'given up');
      await setImmediate();
      end();
      for (let tick = 0; tick < ticks; tick++) await undefined;
      controller.abort();
      outcomes.add(await waiting);
      await first;
      expect(await slots.run(owner, async () => 'free', undefined)).to.equal('free');
    }
    expect(outcomes).to.deep.equal(new Set(['given up', 'done']));
  });

  it('are given back by a work that fails, and not taken by who has given up before', async () => {
    const slots = new FairSlots(1);
    const owner = { project: null, host: 'a' };
    const failed = slots.run(owner, () => Promise.reject(new Error('failed')), undefined);
    expect(await failed.catch((error: Error) => error.message)).to.equal('failed');
    const gone = slots.run(owner, async () => 'done', AbortSignal.abort(new Error('gone')));
    expect(await gone.catch((error: Error) => error.message)).to.equal('gone');
    expect(await slots.run(owner, async () => 'free', undefined)).to.equal('free');
  });
});
