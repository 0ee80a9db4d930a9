import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from 'chai';
import { loadGraph } from '../../../src/inference/runtime.js';
import type { RunGraph } from '../../../src/inputs/contract.js';
import { PromptsEncoder } from '../../../src/inputs/prompts/encoder.js';
import type { Prediction } from '../../../src/model.js';
import type { Region } from '../../../src/regions/contract.js';
import { startBackend, type TestBackend } from '../../support/backend.js';
import { temporaryFolder } from '../../support/folder.js';
import { addModel } from '../../support/graphs.js';
import { runPython } from '../../support/python.js';

const INPUT = { kind: 'image-prompts', width: 256, height: 256, fit: 'letterbox', align: 'start' } as const;

const CONFIG = `<View>
  <Image name="image" value="$image"/>
  <BrushLabels name="brush" toName="image"><Label value="Cat"/><Label value="Dog"/></BrushLabels>
  <PolygonLabels name="outline" toName="image"><Label value="Cat"/><Label value="Dog"/></PolygonLabels>
  <KeyPointLabels name="points" toName="image" smart="true"><Label value="Cat"/><Label value="Dog"/></KeyPointLabels>
  <RectangleLabels name="box" toName="image" smart="true"><Label value="Cat"/><Label value="Fish"/></RectangleLabels>
</View>`;

/** An image of 200 x 100 pixels of one grey. */
const imageOf = (grey: number) => {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100"><rect width="200" height="100" fill="rgb(${grey},${grey},${grey})"/></svg>`;
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
};

const frame = { to_name: 'image', original_width: 200, original_height: 100, image_rotation: 0 };
const point = (x: number, y: number, label: string, more: Partial<Region> = {}): Region => ({
  id: `p${x}-${y}`,
  from_name: 'points',
  type: 'keypointlabels',
  ...frame,
  value: { x, y, width: 0.5, keypointlabels: [label] },
  ...more,
});
const rectangle = (value: Record<string, unknown>, label: string): Region => ({
  id: 'r',
  from_name: 'box',
  type: 'rectanglelabels',
  ...frame,
  value: { ...value, rectanglelabels: [label] },
});

describe('the input of what is pointed at in images', () => {
  let backend: TestBackend;
  let folder: string;

  before(async () => {
    const graphs = await runPython<string>('test/inputs/prompts/graphs.py', []);
    const [encoder, decoder] = graphs.map(text => Buffer.from(text, 'base64'));
    const root = await temporaryFolder();
    const output = {
      kind: 'prompted',
      tensors: { masks: 'low_res_masks', scores: 'iou_predictions' },
      activation: 'sigmoid',
    };
    folder = await addModel(root, 'pointed', {
      manifest: {
        input: INPUT,
        outputs: [
          { name: 'brush', control: 'BrushLabels' },
          { name: 'outline', control: 'PolygonLabels', optional: true },
        ],
      },
      outputs: [
        { name: 'brush', ...output },
        { name: 'outline', ...output },
      ],
      graph: decoder!,
      files: {},
      graphs: { 'encoder.onnx': encoder! },
    });
    backend = await startBackend({ MODEL_DIR: root });
  });
  after(() => backend?.stop());

  const ask = async (result: readonly Region[] | null, image = imageOf(204)) => {
    const reply = await backend.post<{ results: Prediction[] }>('/models/pointed/predict', {
      tasks: [{ id: 1, data: { image } }],
      label_config: CONFIG,
      params: { context: result && { result } },
    });
    assert.equal(reply.status, 200, reply.reason);
    const { result: all, score } = reply.body.results[0]!;
    const of = (type: string) => all.find(each => each.type === type) as Region | undefined;
    return { all, score, brush: of('brushlabels'), outline: of('polygonlabels') };
  };

  /** Left, top, right and bottom of an outline, in pixels of the original. */
  const sidesOf = ({ value }: Region) => {
    const points = value.points as [number, number][];
    const [xs, ys] = [points.map(([x]) => 2 * x), points.map(([, y]) => y)];
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  };

  const near = (found: readonly number[], wanted: readonly number[]) => {
    for (const [index, each] of wanted.entries()) assert.approximately(found[index]!, each, 2, `${found}`);
  };

  /** Half a side of the square that the decoder draws, in pixels of the original. */
  const HALF = 20 / 1.28;

  it('answers where a point is, with its label, the surest mask and its score', async () => {
    const { all, score, brush, outline } = await ask([point(75, 50, 'Dog')]);
    assert.lengthOf(all, 2);
    near(sidesOf(outline!), [150 - HALF, 50 - HALF, 150 + HALF, 50 + HALF]);
    assert.deepEqual(outline!.value.polygonlabels, ['Dog']);
    assert.deepEqual(brush!.value.brushlabels, ['Dog']);
    assert.equal(brush!.value.format, 'rle');
    // Four fifths of white, and below the image a half of black.
    assert.approximately(brush!.score!, 0.4, 0.01);
    assert.equal(score, brush!.score);
    assert.deepEqual([brush!.original_width, brush!.original_height], [200, 100]);
  });

  it('leaves out what a negative point is on, and takes what a rectangle holds', async () => {
    const negative = point(40, 50, 'Cat', { is_positive: false });
    const { outline } = await ask([point(30, 50, 'Cat'), negative]);
    near(sidesOf(outline!), [60 - HALF, 50 - HALF, 80 - HALF, 50 + HALF]);
    const box = rectangle({ x: 10, y: 20, width: 40, height: 50, rotation: 0 }, 'Cat');
    near(sidesOf((await ask([box])).outline!), [20, 20, 100, 70]);
    // A quarter turned about its first corner: it lies to the left of that.
    const turned = rectangle({ x: 50, y: 10, width: 20, height: 60, rotation: 90 }, 'Cat');
    near(sidesOf((await ask([turned])).outline!), [40, 10, 100, 50]);
  });

  it('has ids that are the same for the same prompts, and others for others', async () => {
    const ids = async (x: number) => (await ask([point(x, 50, 'Cat')])).all.map(({ id }) => id);
    const [first, again, other] = [await ids(20), await ids(20), await ids(60)];
    assert.deepEqual(first, again);
    assert.lengthOf(new Set([...first, ...other]), 4);
  });

  it('is empty without prompts, and for labels that the control does not have', async () => {
    for (const context of [null, [], [point(101, 50, 'Cat')]]) assert.isEmpty((await ask(context)).all);
    const fish = rectangle({ x: 10, y: 20, width: 40, height: 50 }, 'Fish');
    assert.isEmpty((await ask([fish])).all);
  });

  it('tells that a file is no image', async () => {
    const reply = await backend.post<{ code: string }>('/models/pointed/predict', {
      tasks: [{ id: 1, data: { image: 'data:image/png;base64,aGVsbG8=' } }],
      label_config: CONFIG,
      params: { context: { result: [point(75, 50, 'Dog')] } },
    });
    assert.equal(reply.status, 422, reply.reason);
    assert.equal(reply.body.code, 'task_unreadable');
  });

  it('sees each image once, however often it is asked', async () => {
    const load = (name: string) => loadGraph(join(folder, name), { name: 'cpu', device: 0 });
    const graphs = { 'encoder.onnx': await load('encoder.onnx'), 'model.onnx': await load('model.onnx') };
    const runs = new Map<string, number>();
    const run: RunGraph = (feeds, graph = 'model.onnx') => {
      runs.set(graph, (runs.get(graph) ?? 0) + 1);
      return graphs[graph as keyof typeof graphs].run(feeds);
    };
    const encoder = await PromptsEncoder.create(INPUT);
    const scratch = await temporaryFolder();
    const path = async (name: string, grey: number) => {
      const bytes = Buffer.from(imageOf(grey).split(',')[1]!, 'base64');
      const file = join(scratch, `${name}-${createHash('sha1').update(bytes).digest('hex')}`);
      await writeFile(file, bytes);
      return file;
    };
    const prompts = { points: [{ x: 50, y: 50, isIn: true }], rectangle: null, labels: [], id: 'a' };
    const answer = async (files: readonly string[]) => {
      const scores: number[] = [];
      const values = files.map(file => ({ file, prompts }));
      for await (const { feeds } of encoder.encode(values, () => assert.fail(), run)) {
        const { iou_predictions } = await run(feeds);
        scores.push(Number(iou_predictions!.data[1]));
      }
      return scores;
    };
    // The same image under two names, as the server fetches it for each request.
    const [dark, darkAgain, light] = [await path('a', 51), await path('b', 51), await path('c', 255)];
    const [first, second, third] = await answer([dark, darkAgain, light]);
    assert.equal(first, second);
    assert.approximately(third! / first!, 5, 0.01);
    assert.deepEqual(await answer([light, dark]), [third, first]);
    assert.deepEqual(Object.fromEntries(runs), { 'encoder.onnx': 2, 'model.onnx': 5 });
    for (const graph of Object.values(graphs)) await graph.release();
  });
});
