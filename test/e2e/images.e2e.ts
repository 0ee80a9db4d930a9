import { assert } from 'chai';
import sharp from 'sharp';
import { buildExamples, type Example, readExamples } from '../models/examples.js';
import { folder, labelStudio, startBackend, stopAll } from './world.js';

/** The models of models/images.md that are tried on uploads. */
const NAMES = ['light', 'lamps', 'plants'];

describe('images that were uploaded to Label Studio', () => {
  let examples: Example[];
  let url: string;

  before(async () => {
    examples = (await readExamples()).filter(({ name }) => NAMES.includes(name));
    const models = await folder('image-models');
    await buildExamples(examples, models, await folder('image-sources'));
    ({ url } = await startBackend({ MODEL_DIR: models }));
  });
  after(stopAll);

  for (const name of NAMES) {
    it(`get from '${name}' what models/images.md shows, read with Label Studio's token`, async () => {
      const { config, json } = examples.find(example => example.name === name)!;
      const [key, uri] = Object.entries(JSON.parse(json[1]!) as Record<string, string>)[0]!;
      const png = await sharp(Buffer.from(uri.split(',')[1]!, 'base64'))
        .png()
        .toBuffer();
      const project = await labelStudio().createProject(config);
      const path = await labelStudio().upload(
        project,
        `${name}.png`,
        new Blob([new Uint8Array(png)], { type: 'image/png' }),
      );
      const [task] = await labelStudio().importTasks(project, [{ [key]: path }]);
      const { status, body } = await labelStudio().connect(project, url);
      assert.equal(status, 201, JSON.stringify(body));
      await labelStudio().retrievePredictions(project);
      const [prediction] = await labelStudio().predictions(task!);
      const shown = JSON.parse(json[2]!) as { result: Record<string, unknown>[] };
      const comparable = (result: readonly object[]) =>
        result.map(each => ({
          ...each,
          id: '',
          score: Number((each as { score: number }).score.toFixed(2)),
        }));
      assert.deepEqual(comparable(prediction!.result), comparable(shown.result));
    });
  }
});
