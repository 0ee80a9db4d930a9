import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import type { Context, Prediction } from '../../src/model.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { ErrorBody, PredictBody } from '../support/client.js';
import { sentences, tasksOf } from '../support/configs.js';
import { addModel } from '../support/graphs.js';
import { shippedRepository } from '../support/models.js';
import { POISON, poisonousModel } from '../support/poison.js';
import { ROOT, runPython } from '../support/python.js';
import { errorOf } from '../support/results.js';
import { flat } from '../support/served-graphs.js';

const CHOICES = '<Choice value="Positive"/><Choice value="Negative"/>';
const FIGURES = ['Date', 'Time', 'Money', 'Phone', 'Email', 'URL'];
const labels = (names: readonly string[]) => names.map(name => `<Label value="${name}"/>`).join('');

/** What `sentiment` and `tagger` fill, and one that recipes learn. */
const CONFIG =
  '<View><Text name="text" value="$text"/>' +
  `<Choices name="mood" toName="text" choice="single">${CHOICES}</Choices>` +
  `<Labels name="figures" toName="text">${labels(FIGURES)}</Labels>` +
  '<Choices name="shop" toName="text" choice="single"><Choice value="Book"/><Choice value="Food"/></Choices></View>';
const TEXT = 'I loved it, and paid €85.50 on 12 March 2027.';

type Named = Record<string, { version: string; controls: string[] }>;

const controlsOf = ({ result }: Prediction) => new Set(result.map(({ from_name }) => from_name));

describe('several models that answer one project', () => {
  let backend: TestBackend;
  let root: string;
  let versions: { sentiment: string; tagger: string };
  const start = async (...names: string[]) => {
    root = await shippedRepository(...names);
    backend = await startBackend({ MODEL_DIR: root });
  };
  const setup = (extra_params: unknown = null, schema = CONFIG) =>
    backend.setup({ project: '4.5', schema, extra_params });
  const predict = async (
    tasks: readonly unknown[] = tasksOf([TEXT]),
    context: Context | null = null,
    model = '',
  ): Promise<PredictBody> => {
    const path = model === '' ? '/predict' : `/models/${model}/predict`;
    const body = { tasks, project: '4', label_config: CONFIG, params: { context } };
    const reply = await backend.post<PredictBody>(path, body);
    assert.equal(reply.status, 200, reply.reason);
    return reply.body;
  };
  const alone = async (model: string, tasks?: readonly unknown[]) =>
    (await predict(tasks, null, model)).results;
  const told = async (): Promise<Named> => {
    const { body } = await backend.get<{ models: { model: string; version: string; controls: string[] }[] }>(
      '/api/projects/4',
    );
    return Object.fromEntries(body.models.map(({ model, ...rest }) => [model, rest]));
  };

  describe('each on controls of its own', () => {
    let together: string;
    before(async () => {
      await start('sentiment', 'tagger', 'text-classifier');
      const version = async (model: string) =>
        (await backend.get<{ versions: string[] }>(`/models/${model}/versions`)).body.versions[0]!;
      versions = { sentiment: await version('sentiment'), tagger: await version('tagger') };
      together = `${versions.sentiment}+${versions.tagger}+text-classifier:untrained`;
    });
    after(() => backend.stop());
    beforeEach(() => setup());

    it('are one backend to Label Studio, by a version that names them all', async () => {
      const { status, body } = await setup();
      assert.equal(status, 200);
      assert.equal(body.model_version, together);
      const { results, model_version } = await predict();
      assert.equal(model_version, together);
      assert.equal((results[0] as Prediction).model_version, together);
      assert.equal((await predict([])).model_version, together);
      for (const query of ['', '?project=4']) {
        const listed = await backend.get<{ versions: string[] }>(`/versions${query}`);
        assert.equal(listed.body.versions[0], together);
      }
      assert.notInclude(
        (await backend.get<{ versions: string[] }>('/versions?project=5')).body.versions,
        together,
      );
    });

    it('answer what each answers alone, with the score of the least certain', async () => {
      const tasks = tasksOf([TEXT, ...sentences(80)]);
      const { results } = await predict(tasks);
      const [moods, figures] = [
        await alone('sentiment', tasks),
        await alone('tagger', tasks),
      ] as Prediction[][];
      for (const [index, item] of (results as Prediction[]).entries()) {
        const parts = [moods![index]!, figures![index]!];
        assert.deepEqual(
          item.result,
          parts.flatMap(({ result }) => result),
        );
        const scores = parts.flatMap(({ score }) => score ?? []);
        assert.equal(item.score, Math.min(...scores));
        assert.equal(new Set(item.result.map(({ id }) => id)).size, item.result.length);
      }
      assert.deepEqual(controlsOf(results[0] as Prediction), new Set(['mood', 'figures']));
    });

    it('answer a body that is parsed beside the server, twice', async () => {
      const tasks = tasksOf(sentences(900)).map(task => ({ ...task, meta: 'x'.repeat(100) }));
      tasks[7] = { id: 7 } as never;
      const few = await predict(tasks.slice(0, 20));
      for (const { results } of [await predict(tasks), await predict(tasks)]) {
        assert.lengthOf(results, 900);
        assert.deepEqual(results.slice(0, 20), few.results);
        assert.include(errorOf(results[7]!), { code: 'task_invalid' });
      }
    });

    it('are told by /api, with what each of them fills', async () => {
      assert.deepEqual(await told(), {
        sentiment: { version: versions.sentiment, controls: ['mood'] },
        tagger: { version: versions.tagger, controls: ['figures'] },
        'text-classifier': { version: 'text-classifier:untrained', controls: ['shop'] },
      });
      const unknown = await backend.get<ErrorBody>('/api/projects/99');
      assert.deepEqual([unknown.status, unknown.body.code], [404, 'project_unknown']);
      assert.equal(
        unknown.body.message,
        "the project '99' was never set up here: connect it in Label Studio (Settings > Model), or send /setup",
      );
    });

    it('are asked alone by an annotator who uses a control of theirs', async () => {
      const drawn = (from_name: string) => ({
        result: [{ id: 'x', from_name, to_name: 'text', type: 'labels', value: { start: 0, end: 1 } }],
      });
      const figures = (await predict(undefined, drawn('figures'))).results[0] as Prediction;
      assert.deepEqual(controlsOf(figures), new Set(['figures']));
      assert.equal(figures.model_version, versions.tagger);
      const mood = (await predict(undefined, drawn('mood'))).results[0] as Prediction;
      assert.deepEqual(controlsOf(mood), new Set(['mood']));
      const body = {
        tasks: tasksOf([TEXT]),
        project: '4',
        label_config: CONFIG,
        params: { context: drawn('shop') },
      };
      assert.include((await backend.post('/predict', body)).body as object, { code: 'untrained' });
      const nobody = (await predict(undefined, drawn('other'))).results[0] as Prediction;
      assert.deepEqual(nobody, { result: [], score: null, model_version: together });
      assert.lengthOf((await predict(undefined, {})).results, 1);
    });

    it('are divided by extra_params, which may leave a control out', async () => {
      const { body } = await setup({ models: { mood: 'text-classifier', shop: null } });
      assert.equal(body.model_version, `${versions.tagger}+text-classifier:untrained`);
      assert.deepEqual(controlsOf((await predict()).results[0] as Prediction), new Set(['figures']));
      await setup({ models: { figures: null, shop: null } });
      const item = (await predict()).results[0] as Prediction;
      assert.deepEqual(controlsOf(item), new Set(['mood']));
      assert.equal(item.model_version, versions.sentiment);
    });

    it('are refused where extra_params are wrong, in a sentence', async () => {
      const refusals: [unknown, string, RegExp][] = [
        [
          { models: { nothing: 'tagger' } },
          'no_model_fits',
          /the control 'nothing', which the labeling config lacks/,
        ],
        [{ models: { mood: 'nobody' } }, 'model_unknown', /^there is no model 'nobody'/],
        [{ models: { shop: 'tagger' } }, 'no_model_fits', /^the model 'tagger' fills Labels/],
        [{ models: { shop: 'sentiment' } }, 'label_mismatch', /^the model 'sentiment'/],
        [{ models: [] }, 'no_model_fits', /it must be an object of controls/],
        [{ models: { mood: null }, model: 'tagger' }, 'no_model_fits', /both "model".* and "models"/],
      ];
      for (const [extra_params, code, message] of refusals) {
        const reply = await setup(extra_params);
        assert.isAtLeast(reply.status, 400);
        assert.equal((reply.body as unknown as ErrorBody).code, code);
        assert.match(reply.reason, message);
      }
    });

    it('learn each for itself what there is to learn', async () => {
      const project = { id: 4, label_config: CONFIG };
      const { body } = await backend.post<{ job: string; jobs?: string[] }>('/webhook', {
        action: 'START_TRAINING',
        project,
      });
      assert.isUndefined(body.jobs);
      const job = await backend.get<{ model: string }>(`/api/jobs/${body.job}`);
      assert.equal(job.body.model, 'text-classifier');
      await backend.post(`/api/jobs/${body.job}/cancel`, {});
    });
  });

  it('leave a control on which two tie to nobody, and tell so', async () => {
    await start('sentiment', 'tagger');
    try {
      await cp(join(root, 'sentiment'), join(root, 'mood'), { recursive: true });
      await backend.backend.reload();
      const { body } = await setup();
      assert.match(body.model_version, /^tagger:[^+]*$/);
      const line = await backend.log.line(({ msg }) => msg.startsWith("no model fills 'mood'"));
      assert.include(
        line.msg,
        'mood and sentiment fit equally well: choose one with {"models":{"mood":"mood"}}',
      );
      const api = await backend.get<{ left_out: unknown[] }>('/api/projects/4');
      const tie = { control: 'mood', models: ['mood', 'sentiment'], message: line.msg };
      const shop = { control: 'shop', models: [], message: "no model fills the Choices 'shop'" };
      assert.deepEqual(api.body.left_out, [tie, shop]);
      assert.deepEqual(controlsOf((await predict()).results[0] as Prediction), new Set(['figures']));
      const chosen = await setup({ models: { mood: 'mood' } });
      assert.match(chosen.body.model_version, /^mood:[^+]*\+tagger:[^+]*$/);
    } finally {
      await backend.stop();
    }
  });

  describe('of which one fails', () => {
    before(async () => {
      ({ root } = await poisonousModel());
      await cp(`${ROOT}models/tagger`, join(root, 'tagger'), { recursive: true });
      backend = await startBackend({ MODEL_DIR: root });
      await setup();
    });
    after(() => backend.stop());

    it('answer without it, by a version that lacks it, so that Label Studio asks again', async () => {
      const bad = `${POISON.fail}, paid €85.50 on 12 March 2027`;
      const { results, model_version } = await predict(tasksOf([TEXT, bad, bad, TEXT]));
      const [whole, part, same, last] = results as Prediction[];
      assert.match(model_version, /^sentiment:.*\+tagger:/);
      for (const item of [whole, last]) {
        assert.equal(item!.model_version, model_version);
        assert.deepEqual(controlsOf(item!), new Set(['mood', 'figures']));
      }
      for (const item of [part, same]) {
        assert.equal(item!.model_version, model_version.split('+')[1]);
        assert.deepEqual(controlsOf(item!), new Set(['figures']));
      }
      const line = await backend.log.line(({ model, tasks }) => model === 'sentiment' && tasks === 2);
      assert.include(line, { level: 40, project: '4.5', code: 'model_failed' });
      const page = (await backend.get<string>('/metrics')).body;
      assert.match(page, /^model_left_out_total\{model="sentiment",code="model_failed"\} 2$/m);
      const single = await predict(tasksOf([bad]));
      assert.deepEqual(single.results, [{ ...part, result: part!.result }]);
    });

    it('are asked again when its process has ended', async () => {
      const bad = `${POISON.crash}, paid €85.50 on 12 March 2027`;
      const item = (await predict(tasksOf([bad]))).results[0] as Prediction;
      assert.deepEqual(controlsOf(item), new Set(['figures']));
      assert.match(item.model_version!, /^tagger:[^+]*$/);
      const again = (await predict()).results[0] as Prediction;
      assert.deepEqual(controlsOf(again), new Set(['mood', 'figures']));
    });

    it('fail as it does when all of them do', async () => {
      const body = { tasks: [{ id: 1, data: {} }], project: '4' };
      const reply = await backend.predict(body);
      assert.equal(reply.status, 422);
      assert.include(reply.body as object, { code: 'task_invalid' });
      const many = (await predict([...tasksOf([TEXT]), { id: 2 }])).results;
      assert.include(errorOf(many[1]), { code: 'task_invalid' });
    });
  });

  it('go on after the deadline: what was late is in the cache when it is asked for again', async () => {
    root = await shippedRepository('sentiment', 'tagger');
    backend = await startBackend({
      MODEL_DIR: root,
      MAX_BATCH: '16',
      REQUEST_DEADLINE: '2s',
      RUN_TIMEOUT: '1m',
    });
    try {
      await setup();
      // A large body: its tasks lie in another thread, and must stay there.
      const tasks = sentences(300).map(text => ({ data: { text }, meta: 'x'.repeat(400) }));
      const [pid] = backend.backend.pids();
      process.kill(pid!, 'SIGSTOP');
      for (const item of (await predict(tasks)).results)
        assert.equal(errorOf(item).code, 'deadline_exceeded');
      process.kill(pid!, 'SIGCONT');
      const ran = async () => {
        const page = await backend.get<string>('/metrics');
        return Number(/^model_run_tasks_sum (\d+)$/m.exec(page.body)![1]);
      };
      while ((await ran()) < 2 * tasks.length);
      process.kill(pid!, 'SIGSTOP');
      const again = await predict(tasks);
      process.kill(pid!, 'SIGCONT');
      for (const item of again.results as Prediction[]) assert.equal(item.model_version, again.model_version);
      assert.match(again.model_version, /^sentiment:[^+]*\+tagger:[^+]*$/);
    } finally {
      await backend.stop();
    }
  });
});

describe('what an annotator draws on an object of several models', () => {
  const IMAGE = `<View>
    <Image name="image" value="$image"/>
    <Choices name="digit" toName="image">${Array.from({ length: 10 }, (_, digit) => `<Choice value="${digit}"/>`).join('')}</Choices>
    <BrushLabels name="brush" toName="image"><Label value="Cat"/></BrushLabels>
    <KeyPointLabels name="points" toName="image" smart="true"><Label value="Cat"/></KeyPointLabels>
    <RectangleLabels name="box" toName="image" smart="true"><Label value="Cat"/></RectangleLabels></View>`;
  let backend: TestBackend;
  before(async () => {
    const [encoder, decoder] = (await runPython<string>('test/inputs/prompts/graphs.py', [])).map(text =>
      Buffer.from(text, 'base64'),
    );
    const root = await shippedRepository('digits');
    await addModel(root, 'pointed', {
      manifest: {
        input: { kind: 'image-prompts', width: 256, height: 256, fit: 'letterbox', align: 'start' },
        outputs: [{ name: 'brush', control: 'BrushLabels' }],
      },
      outputs: [
        {
          name: 'brush',
          kind: 'prompted',
          tensors: { masks: 'low_res_masks', scores: 'iou_predictions' },
          activation: 'sigmoid',
        },
      ],
      graph: decoder!,
      files: {},
      graphs: { 'encoder.onnx': encoder! },
    });
    backend = await startBackend({ MODEL_DIR: root });
  });
  after(() => backend.stop());

  const frame = { to_name: 'image', original_width: 8, original_height: 8, image_rotation: 0 };
  const ask = async (result: readonly object[] | null) => {
    const { body, reason, status } = await backend.post<PredictBody>('/predict', {
      tasks: [{ id: 1, data: { image: await flat([200, 200, 200], 64, 64) } }],
      label_config: IMAGE,
      params: { context: result && { result } },
    });
    assert.equal(status, 200, reason);
    return controlsOf(body.results[0] as Prediction);
  };
  const point = { x: 50, y: 50, width: 0.5, keypointlabels: ['Cat'] };
  const box = { x: 20, y: 20, width: 50, height: 50, rotation: 0, rectanglelabels: ['Cat'] };

  it('goes to the model that is pointed at what it shall find, by controls that it does not fill', async () => {
    const drawn = [
      { ...frame, id: 'p', from_name: 'points', type: 'keypointlabels', value: point },
      { ...frame, id: 'r', from_name: 'box', type: 'rectanglelabels', value: box },
    ];
    for (const each of drawn) assert.deepEqual(await ask([each]), new Set(['brush']));
  });

  it('does not go there where it is nothing that such a model reads', async () => {
    const choice = { ...frame, id: 'c', from_name: 'digit', type: 'choices', value: { choices: ['1'] } };
    assert.deepEqual(await ask([choice]), new Set(['digit']));
    assert.deepEqual(await ask(null), new Set(['digit']));
  });
});
