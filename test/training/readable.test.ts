import { assert } from 'chai';
import { INPUTS } from '../../src/inputs/index.js';
import { takeValue } from '../../src/inputs/values.js';
import { bindModel } from '../../src/label-config/bind.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import { isWritten, readableData, trainingInput, writtenPlace } from '../../src/training/readable.js';
import { serve, stopServers, taskDataWith } from '../task-data/servers.js';

const HTML = '<style>.good{}</style><p class="good">bad <b>fo</b>od</p><p>a &lt; b</p>';
const WORDS = 'bad food\na < b';

interface Case {
  kind: string;
  object: string;
  control?: string;
  data: Record<string, unknown>;
}

/** What a trainer reads of a task, and what the gate has a model read of the line that is written for it. */
async function learnt({ kind, object, control = 'Choices', data }: Case, host = 'example.com') {
  const config = readLabelConfig(
    `<View>${object}<${control} name="c" toName="o"><Label value="A"/><Choice value="A"/></${control}></View>`,
  );
  const output = { name: 'c', control, ...(control === 'Choices' && { choice: 'single' }) };
  const manifest = { format: 1 as const, title: 'M', input: { kind }, outputs: [output] };
  const { place } = bindModel({ name: 'm', manifest, outputs: null }, config);
  const input = trainingInput(manifest, place);
  const taskData = taskDataWith({ allowHosts: [host] });
  const task = { id: 1, data };
  const read = readableData(input, place, taskData, '7', new AbortController().signal);
  const { meta: _, ...written } = await read(task);
  const own = isWritten(place, input) ? writtenPlace({ ...task, ...written }, place) : place;
  return { written, read: takeValue(task, { place: own, input, context: null }) };
}

describe('what trainers read of a task', () => {
  afterEach(stopServers);

  it('is the text that the editor shows, and of a document its words', async () => {
    for (const kind of ['text', 'tokens']) {
      const text = (attributes: string, data: Record<string, unknown>) =>
        learnt({ kind, object: `<Text name="o" ${attributes}/>`, data });
      assert.deepEqual(await text('value="$a.b"', { a: { b: 'Good' } }), {
        written: { value: 'Good' },
        read: 'Good',
      });
      assert.deepEqual(await text('value="$n stars"', { n: 5 }), {
        written: { value: '5 stars' },
        read: '5 stars',
      });
      const encoded = await text('value="$a" encoding="base64"', { a: 'R29vZA==' });
      assert.deepEqual(encoded, { written: { value: 'Good' }, read: 'Good' });
      const page = await learnt({
        kind,
        object: '<HyperText name="o" value="$html"/>',
        data: { html: HTML },
      });
      assert.deepEqual(page, { written: { value: WORDS }, read: { html: HTML, inline: false } });
    }
  });

  it('is what is behind an address, and the gate reads what a document was', async () => {
    const { url, host } = await serve((_, response) => response.end(HTML));
    for (const kind of ['text', 'tokens']) {
      const of = (tag: string) =>
        learnt(
          { kind, object: `<${tag} name="o" value="$a.b" valuetype="url"/>`, data: { a: { b: url } } },
          host,
        );
      assert.deepEqual(await of('Text'), { written: { value: HTML }, read: HTML });
      assert.deepEqual(await of('HyperText'), {
        written: { value: WORDS, shown: HTML },
        read: { html: HTML, inline: false },
      });
    }
  });

  it('is the utterances as one text', async () => {
    const talk = [{ text: 'Hi' }, { text: null }, { text: 'Bye' }];
    const object = '<Paragraphs name="o" value="$talk"/>';
    assert.deepEqual(await learnt({ kind: 'tokens', object, control: 'ParagraphLabels', data: { talk } }), {
      written: { value: 'Hi\n\nBye' },
      read: { utterances: ['Hi', '', 'Bye'] },
    });
    const { url, host } = await serve((_, response) => response.end(JSON.stringify(talk)));
    const fetched = await learnt(
      {
        kind: 'tokens',
        object: object.replace('/>', ' valueType="url"/>'),
        control: 'ParagraphLabels',
        data: { talk: url },
      },
      host,
    );
    assert.deepEqual(fetched, {
      written: { value: 'Hi\n\nBye', shown: talk },
      read: { utterances: ['Hi', '', 'Bye'] },
    });
  });

  it('is the columns of a task, those of a Table first', () => {
    const { learnt: read } = INPUTS.tabular!;
    const outputs = [{ name: 'c', control: 'Number' }];
    const manifest = { format: 1 as const, title: 'M', input: { kind: 'tabular' }, outputs };
    const config = readLabelConfig(
      '<View><Table name="o" value="$row"/><Number name="c" toName="o"/></View>',
    );
    const { place } = bindModel({ name: 'm', manifest, outputs: null }, config);
    for (const row of [{ n: 1, m: 2 }, '{"n": 1, "m": 2}'])
      assert.deepEqual(read!({ row, n: 3 }, place), { row, n: 1, m: 2 } as never);
    assert.throws(
      () => read!({ row: 'no JSON' }, place),
      /needs an object of columns under 'row' for the Table/,
    );
  });
});
