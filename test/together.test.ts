import { assert } from 'chai';
import { LabelStudioMLBase } from '../src/index.js';
import { joinItems } from '../src/joined-items.js';
import type { Context, Prediction, PredictionItem, Task } from '../src/model.js';
import { startClasses, stopAll } from './class-backend.js';

const CONFIG =
  '<View><Text name="text" value="$body"/><Text name="other" value="$other"/>' +
  ['a', 'b', 'c']
    .map(
      name =>
        `<Labels name="${name}" toName="${name === 'c' ? 'other' : 'text'}"><Label value="L" smart="true"/></Labels>`,
    )
    .join('') +
  '<KeyPointLabels name="points" toName="text"><Label value="L"/></KeyPointLabels></View>';
const TASKS = [{ id: 1, data: { body: 'x' } }];

const region = (from_name: string, id = '1', more: object = {}) => ({
  id,
  from_name,
  to_name: 'text',
  type: 'labels',
  value: { start: 0, end: 1, labels: ['L'] },
  ...more,
});

/** A model that says the same of all controls, whatever it is asked for. */
abstract class Talkative extends LabelStudioMLBase {
  override predict(tasks: Task[], _context: Context | null): PredictionItem[] {
    const result = [
      ...['a', 'b', 'c'].map(name => region(name, name)),
      region('a', 'child', { parentID: 'a' }),
      { type: 'relation', from_id: 'a', to_id: 'child', direction: 'right' },
      { type: 'relation', from_id: 'a', to_id: 'b', direction: 'right' },
    ];
    return tasks.map(() => ({ result, score: this.score }));
  }

  abstract score: number;
}
class First extends Talkative {
  score = 0.75;
}
class Second extends Talkative {
  score = 0.5;
}

describe('classes that answer one project', () => {
  afterEach(stopAll);

  const setup = (backend: Awaited<ReturnType<typeof startClasses>>, models: object) =>
    backend.post('/setup', { project: '1', schema: CONFIG, extra_params: { models } });
  const ask = async (backend: Awaited<ReturnType<typeof startClasses>>, context: Context | null = null) => {
    const reply = await backend.post('/predict', { project: '1', tasks: TASKS, params: { context } });
    assert.equal(reply.status, 200, reply.reason);
    return reply.body.results[0] as unknown as Prediction;
  };
  const names = ({ result }: Prediction) => result.flatMap(({ from_name }) => from_name ?? []);

  it('are divided by extra_params: what one says of a control of another is left out', async () => {
    const backend = await startClasses([First, Second]);
    const { body } = await setup(backend, { a: 'first', b: 'second', c: null, points: null });
    assert.equal(body.model_version, 'first:0.0.1+second:0.0.1');
    const { result, score, model_version } = await ask(backend);
    assert.equal(model_version, body.model_version);
    assert.equal(score, 0.5);
    assert.deepEqual(names({ result }), ['a', 'a', 'b']);
  });

  it('have ids of their own, and relations and parents keep theirs', async () => {
    const backend = await startClasses([First, Second]);
    await setup(backend, { a: 'first', b: 'second', c: 'second', points: null });
    const { result } = await ask(backend);
    const [parent, child, relation, b, c] = result as Record<string, string>[];
    assert.lengthOf(result, 5);
    assert.equal(new Set([parent!.id, child!.id, b!.id, c!.id]).size, 4);
    assert.equal(child!.parentID, parent!.id);
    assert.include(relation, { type: 'relation', from_id: parent!.id, to_id: child!.id });
    assert.deepEqual(await ask(backend), { ...(await ask(backend)), result });
  });

  it('find the controls that are theirs', async () => {
    class Looking extends First {
      override predict(tasks: Task[]) {
        const [from_name, to_name] = this.getFirstTagOccurrence('Labels', 'Text');
        return tasks.map(() => ({ result: [region(from_name, '1', { to_name })] }));
      }
    }
    const backend = await startClasses([Looking, Second]);
    await setup(backend, { a: 'second', b: null, c: 'looking', points: null });
    assert.sameMembers(names(await ask(backend)), ['c', 'a', 'a']);
  });

  it('may give several predictions, fail for a task, or fail', async () => {
    const answers: Record<string, () => PredictionItem> = {
      several: () => [
        { result: [region('a')], score: 0.9 },
        { result: [region('a', '2')], score: 0.1 },
      ],
      failing: () => ({ error: { code: 'task_unreadable', message: 'no such file' } }),
      broken: () => {
        throw new Error('secret');
      },
    };
    let what = 'several';
    class Changing extends First {
      override predict() {
        return [answers[what]!()];
      }
    }
    const backend = await startClasses([Changing, Second]);
    await setup(backend, { a: 'changing', b: 'second', c: null, points: null });
    const [joined, more] = (await ask(backend)) as unknown as Prediction[];
    assert.deepEqual(names(joined!), ['a', 'b']);
    assert.deepEqual([joined!.score, more!.score], [0.5, 0.1]);
    assert.equal(joined!.model_version, 'changing:0.0.1+second:0.0.1');
    for (const [kind, code] of [
      ['failing', 'task_unreadable'],
      ['broken', 'model_failed'],
    ] as const) {
      what = kind;
      const item = await ask(backend);
      assert.deepEqual(names(item), ['b']);
      assert.equal(item.model_version, 'second:0.0.1');
      assert.isTrue(backend.log.some(line => line.model === 'changing' && line.code === code));
    }
  });

  it('leave out one whose setup() fails, until it does not', async () => {
    let fails = true;
    class Late extends First {
      override setup() {
        if (fails) throw new Error('not yet');
      }
    }
    const backend = await startClasses([Late, Second]);
    const models = { a: 'late', b: 'second', c: null, points: null };
    assert.equal((await setup(backend, models)).body.model_version, 'second:0.0.1');
    assert.deepEqual(names(await ask(backend)), ['b']);
    fails = false;
    assert.equal((await setup(backend, models)).body.model_version, 'late:0.0.1+second:0.0.1');
    assert.deepEqual(names(await ask(backend)), ['a', 'a', 'b']);
  });

  it('get what is drawn with their controls, or with none of anyone on their object', async () => {
    const asked: string[] = [];
    class Asked extends Second {
      override predict(tasks: Task[], context: Context | null) {
        asked.push(this.name);
        return super.predict(tasks, context);
      }
    }
    class One extends Asked {}
    class Two extends Asked {}
    const backend = await startClasses([One, Two]);
    await setup(backend, { a: 'one', c: 'two', b: null, points: null });
    const use = async (from_name: string, to_name: string) => {
      asked.length = 0;
      const answer = await ask(backend, { result: [{ ...region(from_name, 'drawn'), to_name }] });
      assert.isArray(answer.result);
      return asked;
    };
    assert.deepEqual(await use('a', 'text'), ['one']);
    assert.deepEqual(await use('c', 'other'), ['two']);
    assert.deepEqual(await use('points', 'text'), ['one']);
    assert.deepEqual(await use('points', 'nowhere'), []);
  });

  it('are all asked where the context names no control', async () => {
    const backend = await startClasses([First, Second]);
    await setup(backend, { a: 'first', b: 'second', c: null, points: null });
    for (const odd of [
      null,
      5,
      'a',
      [],
      {},
      { from_name: { toString: 0 } },
      { from_name: ['a'], to_name: 1 },
    ])
      for (const result of [[odd], odd])
        assert.sameMembers([...new Set(names(await ask(backend, { result } as never)))], ['a', 'b']);
  });
});

describe('items of several models', () => {
  const item = (results: object[], score: number | null, model_version: string) =>
    JSON.stringify({ result: results, score, model_version });

  it('are joined as their texts, whatever those hold', () => {
    const tricky = { value: { text: ['],"score":0.1,"model_version":"x"}', '\n', '{"error":'] } };
    const joined = joinItems(
      [
        { version: 'a:1', item: item([tricky, {}], null, 'a:1') },
        { version: 'b:1', item: item([], 0.25, 'b:1') },
        { version: 'c:untrained', item: null },
        { version: 'd:1', item: item([{ id: 'd' }], 0.75, 'd:1') },
      ],
      null,
    );
    assert.deepEqual(JSON.parse(joined), {
      result: [tricky, {}, { id: 'd' }],
      score: 0.25,
      model_version: 'a:1+b:1+c:untrained+d:1',
    });
  });

  it('have a region once that the annotator has drawn, whichever models answer with it', () => {
    const drawn = { id: 'drawn', from_name: 'box', type: 'rectangle' };
    const text = (id: string) => ({ id, from_name: 'text', type: 'textarea' });
    const joined = joinItems(
      [
        { version: 'a:1', item: item([drawn, text('drawn')], null, 'a:1') },
        { version: 'b:1', item: item([drawn, { type: 'relation' }, { type: 'relation' }], null, 'b:1') },
      ],
      {},
    );
    const expected = [drawn, text('drawn'), { type: 'relation' }, { type: 'relation' }];
    assert.deepEqual(JSON.parse(joined).result, expected);
  });
});
