import { once } from 'node:events';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from 'chai';
import type { MlBackend } from './label-studio.js';
import type { Recorder } from './recorder.js';
import { labelStudio, modelDir, shippedVersion, startRecorded, stopAll } from './world.js';

const TAGGER = fileURLToPath(new URL('../../models/tagger', import.meta.url));

/** What the two outputs of `reviews`, and `tagger`, fill: the one reads texts, the other files that tasks point to. */
const CONFIG = `<View>
  <Text name="text" value="$text"/>
  <Choices name="mood" toName="text" choice="single"><Choice value="Positive"/><Choice value="Negative"/></Choices>
  <Choices name="recommended" toName="text" choice="single">
    <Choice value="Yes" predicted_values="Positive"/><Choice value="No" predicted_values="Negative"/>
  </Choices>
  <Text name="note" value="$note" valueType="url"/>
  <Labels name="figures" toName="note"><Label value="Date"/><Label value="Time"/><Label value="Money"/>
    <Label value="Phone"/><Label value="Email"/><Label value="URL"/></Labels>
</View>`;

/** A copy of a model's first output under another name, which fills another control. */
async function addOutput(path: string, name: string): Promise<void> {
  const json = JSON.parse(await readFile(path, 'utf8')) as { outputs: object[] };
  json.outputs.push({ ...json.outputs[0], name });
  await writeFile(path, JSON.stringify(json));
}

describe('several models that fill one labeling config', () => {
  let recorder: Recorder;
  let files: Server;
  let host: string;
  let project: number;
  let backend: MlBackend;
  let tasks: number[];
  let versions: { reviews: string; tagger: string };
  let together: string;
  /** What the address of the second task holds; undefined: nothing yet. */
  let second: string | undefined;

  before(async () => {
    files = createServer((request, response) => {
      const text = request.url === '/1.txt' ? 'Paid €85.50 on 12 March 2027.' : second;
      response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'text/plain' }).end(text);
    });
    await once(files.listen(0, '127.0.0.1'), 'listening');
    host = `127.0.0.1:${(files.address() as AddressInfo).port}`;
    const models = await modelDir('reviews');
    await cp(TAGGER, join(models, 'tagger'), { recursive: true });
    await addOutput(join(models, 'reviews', 'model.json'), 'recommended');
    const version = await shippedVersion();
    await addOutput(join(models, 'reviews', 'versions', version, 'version.json'), 'recommended');
    const [tagger] = await readdir(join(TAGGER, 'versions'));
    versions = { reviews: `reviews:${version}`, tagger: `tagger:${tagger}` };
    together = `${versions.reviews}+${versions.tagger}`;
    recorder = await startRecorded({ MODEL_DIR: models, ALLOW_HOSTS: host });
    project = await labelStudio().createProject(CONFIG);
  });
  after(async () => {
    files.close();
    files.closeAllConnections();
    await stopAll();
  });

  const stored = async (task: number) =>
    (await labelStudio().predictions(task)).map(({ model_version, result }) => ({
      model_version,
      controls: [...new Set(result.map(({ from_name }) => from_name))].sort(),
    }));

  it('are connected as one, by a version that names both', async () => {
    const reply = await labelStudio().connect(project, recorder.url);
    assert.equal(reply.status, 201, JSON.stringify(reply.body));
    backend = reply.body;
    const [listed] = await labelStudio().backends(project);
    assert.include(listed, { readable_state: 'Connected', model_version: together, error_message: null });
    const { versions: menu } = await labelStudio().ask<{ versions: string[] }>(
      'GET',
      `/ml/${backend.id}/versions`,
    );
    assert.deepEqual(menu, [together, versions.reviews, versions.tagger]);
  });

  it('fill its three controls in one prediction; one that fails leaves the others theirs', async () => {
    tasks = await labelStudio().importTasks(project, [
      { text: 'I love it, the battery is excellent.', note: `http://${host}/1.txt` },
      { text: 'Worst food ever.', note: `http://${host}/2.txt` },
    ]);
    await labelStudio().retrievePredictions(project);
    assert.deepEqual(recorder.batches(), [2]);
    assert.deepEqual(await stored(tasks[0]!), [
      { model_version: together, controls: ['figures', 'mood', 'recommended'] },
    ]);
    const [prediction] = await labelStudio().predictions(tasks[0]!);
    assert.sameDeepMembers(
      prediction!.result.map(({ from_name, value }) => [from_name, value.choices ?? Object(value).labels]),
      [
        ['mood', ['Positive']],
        ['recommended', ['Yes']],
        ['figures', ['Money']],
        ['figures', ['Date']],
      ],
    );
    assert.deepEqual(await stored(tasks[1]!), [
      { model_version: versions.reviews, controls: ['mood', 'recommended'] },
    ]);
  });

  it('are asked again for what one of them could not answer, and for nothing else', async () => {
    second = 'Call 020 7946 0958 before 5:30 pm.';
    await labelStudio().retrievePredictions(project);
    assert.deepEqual(recorder.batches(), [2, 1]);
    assert.sameDeepMembers(await stored(tasks[1]!), [
      { model_version: versions.reviews, controls: ['mood', 'recommended'] },
      { model_version: together, controls: ['figures', 'mood', 'recommended'] },
    ]);
    await labelStudio().retrievePredictions(project);
    assert.deepEqual(recorder.batches(), [2, 1]);
  });

  it('answer an annotator each for its own controls', async () => {
    const drawn = (from_name: string, to_name: string) => ({
      result: [
        {
          id: 'drawn',
          from_name,
          to_name,
          type: 'labels',
          value: { start: 0, end: 4, text: 'Paid', labels: ['Date'] },
        },
      ],
    });
    const ask = async (context: Record<string, unknown> | null) => {
      const { data, errors } = await labelStudio().annotateInteractively(backend.id, tasks[0]!, context);
      assert.isUndefined(errors);
      return { version: data!.model_version, controls: new Set(data!.result.map(each => each.from_name)) };
    };
    assert.deepEqual(await ask(drawn('figures', 'note')), {
      version: versions.tagger,
      controls: new Set(['figures']),
    });
    assert.deepEqual(await ask(drawn('mood', 'text')), {
      version: versions.reviews,
      controls: new Set(['mood', 'recommended']),
    });
    assert.deepEqual(await ask(null), {
      version: together,
      controls: new Set(['mood', 'recommended', 'figures']),
    });
  });

  it('are divided otherwise by extra params, which tell a mistake in a sentence', async () => {
    const change = (models: object) => {
      const body = { project, url: recorder.url, extra_params: { models } };
      return labelStudio().call<object>('PATCH', `/ml/${backend.id}`, body);
    };
    assert.equal((await change({ figures: null })).status, 200);
    const [listed] = await labelStudio().backends(project);
    assert.equal(listed!.model_version, versions.reviews);
    const wrong = await change({ figure: null });
    assert.equal(wrong.status, 400);
    assert.include(
      JSON.stringify(wrong.body),
      "the extra params name a model for the control 'figure', which the labeling config lacks",
    );
  });
});
