import { assert } from 'chai';
import { image } from '../../src/inputs/image.js';
import type { Prediction } from '../../src/model.js';
import { rectangleLabels } from '../../src/regions/rectangle.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { temporaryFolder } from '../support/folder.js';
import { addModel, makeGraphs } from '../support/graphs.js';
import { errorOf } from '../support/results.js';

const IMAGE = image.example.data.image as string;
/** One white pixel. */
const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==';

const BOXES =
  '<RectangleLabels name="boxes" toName="night"><Label value="Car" predicted_values="car"/></RectangleLabels>';
const choicesOf = (attributes: string) =>
  `<Choices name="kind" toName="night" ${attributes}><Choice value="day"/><Choice value="night"/></Choices>`;
const configOf = (controls: string, attributes = 'valueList="$images"') =>
  `<View><Image name="night" ${attributes}/>${controls}</View>`;

describe('an Image of several pages, over HTTP', () => {
  let backend: TestBackend;
  let projects = 0;

  before(async () => {
    const root = await temporaryFolder();
    const { output, outputs } = rectangleLabels.example;
    const kind = { name: 'kind', kind: 'probabilities' as const, tensor: 'kinds', labels: ['day', 'night'] };
    const kinds = { kinds: { type: 'float32' as const, data: Float32Array.of(0.25, 0.75), dims: [1, 2] } };
    const feeds = { pixel_values: { ...image.example.feeds.pixel_values!, dims: [1, 3, 2, 2] } };
    const [boxGraph, classGraph] = await makeGraphs([
      { inputs: feeds, outputs },
      { inputs: feeds, outputs: kinds },
    ]);
    const input = { kind: 'image', ...image.example.options, batch: 1 };
    await addModel(root, 'cars', {
      manifest: { input, outputs: [{ name: output.name, control: 'RectangleLabels' }] },
      outputs: [output],
      graph: boxGraph!,
      files: {},
    });
    await addModel(root, 'light', {
      manifest: { input, outputs: [{ name: 'kind', control: 'Choices', choice: 'single' }] },
      outputs: [kind],
      graph: classGraph!,
      files: {},
    });
    backend = await startBackend({ MODEL_DIR: root });
  });
  after(() => backend?.stop());

  async function predict(model: string, config: string, data: object[], context?: object) {
    const project = String(++projects);
    const setup = await backend.post<{ model_version: string }>(`/models/${model}/setup`, {
      project,
      schema: config,
    });
    assert.equal(setup.status, 200, setup.reason);
    const tasks = data.map((each, id) => ({ id, data: each }));
    const body = { tasks, project, label_config: config, params: { context } };
    const reply = await backend.post<{ results: Prediction[] }>(`/models/${model}/predict`, body);
    assert.equal(reply.status, 200, reply.reason);
    return reply.body.results;
  }
  const placed = ({ result }: Prediction) =>
    result.map(({ item_index, original_width, value }) => [item_index, original_width, value!.x]);

  it('is answered page by page, in one prediction', async () => {
    for (const [attributes, of] of [
      ['valueList="$images"', (images: unknown) => ({ images })],
      ['valuelist="$doc.pages" value="$none"', (pages: unknown) => ({ doc: { pages } })],
    ] as const) {
      const [two, one, single] = await predict('cars', configOf(BOXES, attributes), [
        of([IMAGE, PIXEL]),
        of([IMAGE]),
        of(PIXEL),
      ]);
      assert.deepEqual(placed(two!), [
        [0, 2, 25],
        [1, 1, 25],
      ]);
      assert.deepEqual(placed(one!), [[0, 2, 25]]);
      assert.deepEqual(placed(single!), [[0, 1, 25]]);
      assert.equal(new Set(two!.result.map(({ id }) => id)).size, 2);
      assert.equal(two!.score, 0.875);
    }
    // Without valueList results are of no page.
    const [plain] = await predict('cars', configOf(BOXES, 'value="$image"'), [{ image: IMAGE }]);
    assert.deepEqual(placed(plain!), [[undefined, 2, 25]]);
  });

  it('has a class for each page, where the control does', async () => {
    const [item] = await predict('light', configOf(choicesOf('perItem="true"')), [
      { images: [IMAGE, PIXEL, PIXEL] },
    ]);
    assert.deepEqual(
      item!.result.map(({ item_index, value }) => [item_index, value]),
      [0, 1, 2].map(page => [page, { choices: ['night'] }]),
    );
    assert.equal(item!.score, 0.75);
  });

  it('is refused at setup where one answer is for all pages', async () => {
    const schema = configOf(choicesOf(''));
    const { status, reason } = await backend.post<unknown>('/models/light/setup', { project: '900', schema });
    assert.equal(status, 422);
    assert.equal(
      reason,
      "the model 'light' answers for each page of the Image 'night', and the Choices 'kind' has one answer for all of them: " +
        'give it perItem="true"',
    );
    const single = await backend.post<unknown>('/models/light/setup', {
      project: '901',
      schema: configOf(choicesOf('perItem="true"'), 'value="$image"'),
    });
    assert.match(
      single.reason,
      /answers for whole tasks; the config's Choices 'kind' has perItem="true": take it out, or show the pages of an Image with valueList$/,
    );
  });

  it('fails as a whole, saying which page it was', async () => {
    const results = await predict('cars', configOf(BOXES), [
      { images: [IMAGE, 'data:,no image'] },
      { images: [] },
      { images: [IMAGE, null] },
      { images: [PIXEL] },
    ]);
    const errors = results.slice(0, 3).map(item => errorOf(item as never));
    assert.match(errors[0]!.message, /^page 2: its file cannot be read as an image/);
    assert.match(errors[1]!.message, /needs a list of images under 'images', and has none/);
    assert.match(errors[2]!.message, /^page 2: .* address of a file under 'images', and has none/);
    const unreadable = await predict('cars', configOf(BOXES), [
      { images: [IMAGE, PIXEL, 'http://127.0.0.1:9/x.png'] },
      { images: [PIXEL] },
    ]);
    assert.include(errorOf(unreadable[0] as never).code, 'task_unreadable');
    assert.match(errorOf(unreadable[0] as never).message, /^page 3: cannot read 'http:/);
    const [list] = await predict('cars', configOf(BOXES, 'value="$images"'), [
      { images: [IMAGE, IMAGE] },
      { images: [IMAGE] },
    ]);
    assert.match(
      errorOf(list as never).message,
      /has a list of 2: to show a list as pages, give the Image valueList in place of value/,
    );
  });

  it('is answered for the page that an annotator draws on', async () => {
    const drawn = {
      id: 'a',
      type: 'rectanglelabels',
      from_name: 'boxes',
      to_name: 'night',
      item_index: 1,
      value: {},
    };
    const [item] = await predict('cars', configOf(BOXES), [{ images: [IMAGE, PIXEL] }], { result: [drawn] });
    assert.deepEqual(placed(item!), [[1, 1, 25]]);
  });
});
