import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import type { Context, Prediction } from '../../src/model.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import type { ErrorBody, PredictBody } from '../support/client.js';
import { sentences, tasksOf } from '../support/configs.js';
import { shippedRepository } from '../support/models.js';
import { POISON, poisonousModel } from '../support/poison.js';
import { ROOT } from '../support/python.js';
import { errorOf } from '../support/results.js';

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
      assert.equal(unknown.body.code, 'no_label_config');
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
      assert.deepEqual(api.body.left_out, [tie]);
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
      assert.include(line, { level: 40, project: '4', code: 'model_failed' });
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
      const body = { tasks: [{ id: 1, data: { text: 5 } }], project: '4' };
      const reply = await backend.predict(body);
      assert.equal(reply.status, 422);
      assert.include(reply.body as object, { code: 'task_invalid' });
      const many = (await predict([...tasksOf([TEXT]), { id: 2 }])).results;
      assert.include(errorOf(many[1]), { code: 'task_invalid' });
    });
  });
});
