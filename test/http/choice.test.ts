import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { ErrorBody } from '../support/client.js';
import { editJson, shippedRepository } from '../support/models.js';

const choices = (names: string, attributes = '') =>
  `<Choices name="mood" toName="text" ${attributes}>${names
    .split(' ')
    .map(name => `<Choice value="${name}"/>`)
    .join('')}</Choices>`;
const labels = (names: string, attributes = '') =>
  `<Labels name="ner" toName="text" ${attributes}>${names
    .split(' ')
    .map(name => `<Label value="${name}"/>`)
    .join('')}</Labels>`;
const text = (body: string, attributes = 'value="$text"') =>
  `<View><Text name="text" ${attributes}/>${body}</View>`;

interface Told {
  models: { model: string; version: string; controls: string[] }[];
  left_out: { control: string; models: string[]; message: string }[];
  notes: string[];
}

describe('what is told of the models that answer a project', () => {
  const project = '7';
  let backend: TestBackend;
  const open = async (...names: string[]) => {
    const root = await shippedRepository(...names);
    // `make topics` makes it, perhaps not here.
    await rm(join(root, 'topics', 'versions'), { recursive: true, force: true });
    backend = await startBackend({ MODEL_DIR: root });
  };
  const setup = (schema: string, extra_params: unknown = null, model = '') =>
    backend.post<{ model_version: string }>(`${model && `/models/${model}`}/setup`, {
      project,
      schema,
      extra_params,
    });
  const refused = async (...input: Parameters<typeof setup>): Promise<string> => {
    const reply = await setup(...input);
    assert.equal(reply.status, 422, JSON.stringify(reply.body));
    const { message } = reply.body as unknown as ErrorBody;
    assert.equal(reply.reason, message);
    return message;
  };
  const told = async (...input: Parameters<typeof setup>): Promise<Told> => {
    const reply = await setup(...input);
    assert.equal(reply.status, 200, reply.reason);
    return (await backend.get<Told>(`/api/projects/${project}`)).body;
  };
  const models = async (...input: Parameters<typeof setup>) =>
    (await told(...input)).models.map(({ model }) => model);

  describe('that fit', () => {
    before(() => open('sentiment', 'tagger', 'text-classifier', 'token-tagger'));
    after(() => backend.stop());
    const MIXED = 'Positive Neutral';

    it('is that of the one that the URL names', async () => {
      const { models: answering, notes } = await told(text(labels('Date Money Person')), null, 'tagger');
      assert.match(answering[0]!.version, /^tagger:2/);
      assert.lengthOf(answering, 1);
      assert.lengthOf(notes, 2);
      for (const note of notes) {
        const lines = backend.log.lines.filter(({ msg }) => msg === note);
        assert.lengthOf(lines, 1, note);
      }
      assert.deepEqual(await models(text(choices('Positive Negative')), null, 'text-classifier'), [
        'text-classifier',
      ]);
      assert.deepEqual(await models(text(choices('Positive Negative'))), ['sentiment']);
    });

    it('is a refusal where the URL and the extra params name different ones', async () => {
      const schema = text(choices('Positive Negative'));
      assert.equal(
        await refused(schema, { model: 'text-classifier' }, 'sentiment'),
        "the backend's URL names the model 'sentiment', and its extra params name 'text-classifier': take one of them out",
      );
      assert.match(
        await refused(schema, { models: { mood: 'text-classifier' } }, 'sentiment'),
        /^the backend's URL names the model 'sentiment' for the whole .* have "models", .*: leave one of them out$/,
      );
      for (const same of [{ model: 'sentiment' }, { models: {} }, { models: null, model: null }])
        assert.deepEqual(await models(schema, same, 'sentiment'), ['sentiment']);
    });

    it('names the controls that are filled by none', async () => {
      const rating = '<Rating name="stars" toName="text"/>';
      const { left_out } = await told(text(choices('Positive Negative') + labels('Date') + rating), {
        models: { ner: null },
      });
      assert.deepEqual(left_out, [
        { control: 'stars', models: [], message: "no model fills the Rating 'stars'" },
        {
          control: 'ner',
          models: [],
          message: "no model fills the Labels 'ner': the extra params have null for it",
        },
      ]);
      const named = await told(text(choices('Positive Negative') + rating), null, 'sentiment');
      assert.deepEqual(
        named.left_out.map(({ control }) => control),
        ['stars'],
      );
    });

    it('is the same wherever `partial` is set', async () => {
      const attribute = text(choices(MIXED, 'partial="true"') + labels('Date Person', 'Partial="true"'));
      assert.deepEqual(await models(attribute), ['sentiment', 'tagger']);
      const plain = text(choices(MIXED) + labels('Date Person'));
      assert.deepEqual(await models(plain, { partial: true }), ['sentiment', 'tagger']);
      assert.deepEqual(await models(plain), ['text-classifier', 'token-tagger']);
    });

    it('is the same where the manifest has `partial`', async () => {
      const root = await shippedRepository('sentiment', 'text-classifier');
      await editJson(join(root, 'sentiment', 'model.json'), manifest =>
        Object.assign((manifest.outputs as object[])[0]!, { partial: true }),
      );
      const own = await startBackend({ MODEL_DIR: root });
      try {
        const { body } = await own.setup({ project, schema: text(choices(MIXED)) });
        assert.match(body.model_version, /^sentiment:2/);
      } finally {
        await own.stop();
      }
    });

    it('names the models that fit partly, where recipes take over', async () => {
      const { notes } = await told(text(choices(MIXED) + labels('Date Money Person')));
      assert.deepEqual(notes, [
        "the model 'sentiment' predicts Negative, Positive; the config's Choices 'mood' has Positive, Neutral. In common: " +
          'Positive. To fill only these, set the extra params to {"partial": true}',
        "the model 'tagger' knows some of the labels of 'ner', which the recipe 'token-tagger' learns: to have 'tagger' " +
          'answer, set the extra params to {"partial": true}',
      ]);
      for (const note of notes) await backend.log.line(({ msg, level }) => msg === note && level === 40);
    });

    it('names extra params that no model reads, and what others can be', async () => {
      const schema = text(choices('Positive Negative'));
      assert.deepEqual((await told(schema, { renormalize: true, model_score_threshold: 0.5 })).notes, [
        'the extra params have "renormalize", which the models of the project do not read: did you mean "renormalise"?',
      ]);
      assert.deepEqual((await told(schema, { partail: true }, 'sentiment')).notes, [
        'the extra params have "partail", which the models of the project do not read: did you mean "partial"?',
      ]);
      assert.equal(
        await refused(schema, { partial: 'yes' }, 'sentiment'),
        'the model \'sentiment\' takes true or false as its partial; the extra params have "yes"',
      );
    });
  });

  describe('that do not fit', () => {
    before(() => open('digits', 'gait', 'sentiment', 'tagger', 'text-classifier', 'topics', 'wine'));
    after(() => backend.stop());
    const mood = choices('Positive Negative');

    it('is what is wrong with a tag, and not what labels another model has', async () => {
      const tags: [string, string][] = [
        [
          'value="$text" resolver="csv|x"',
          'cannot follow resolver="csv|x" of the Text \'text\': import the texts',
        ],
        ['value="$text" encoding="base46"', 'cannot decode encoding="base46" of the Text \'text\''],
        [
          '',
          "cannot fill the Choices 'mood': the Text 'text' has no value: give it one, such as value=\"$text\"",
        ],
        ['value=""', "cannot fill the Choices 'mood': the Text 'text' has no value"],
      ];
      for (const [attributes, reason] of tags) {
        assert.include(await refused(text(mood, attributes)), `this server ${reason}`);
        assert.include(
          await refused(text(mood, attributes), null, 'sentiment'),
          `the model 'sentiment' ${reason}`,
        );
      }
      const digits = choices('0 1 2 3 4 5 6 7 8 9').replace('text', 'image');
      assert.equal(
        await refused(`<View><Image name="image" valueList="$pages"/>${digits}</View>`),
        "the model 'digits' answers for each page of the Image 'image', and the Choices 'mood' has one answer for all of " +
          'them: give it perItem="true"',
      );
      assert.equal(
        await refused(`<View>${mood}<Text name="other" value="$text"/></View>`),
        'this server cannot fill the Choices \'mood\': its toName="text" names no tag of the labeling config',
      );
      const inline = `<View><HyperText name="text"><![CDATA[Hello]]></HyperText>${mood}</View>`;
      assert.match(
        await refused(inline),
        /the HyperText 'text' has no value: .*, also where its text stands between/,
      );
    });

    it('begins with what to do, and with the models that come nearest', async () => {
      const message = await refused(text('<Rating name="stars" toName="text"/>'));
      assert.equal(
        message,
        "no model fits this labeling config, which has Rating 'stars' on Text: use a control that a model fills, or add a " +
          'model. There are Choices on Text or HyperText (sentiment, text-classifier); Labels on Text (tagger); Choices on ' +
          'Text or Paragraphs or HyperText (topics); and 3 more',
      );
    });

    it('is that a model has neither a version nor a trainer', async () => {
      const schema = text(choices('Film Product Restaurant'));
      const why =
        /^the model 'topics' has nothing to answer with: its folder has no version, .*; make models .*, make topics makes that of topics$/;
      assert.match(await refused(schema, null, 'topics'), why);
      assert.match(await refused(schema, { models: { mood: 'topics' } }), why);
      assert.match(await refused(schema, { model: 'topics' }), why);
      assert.deepEqual(await models(schema), ['text-classifier']);
    });
  });
});
