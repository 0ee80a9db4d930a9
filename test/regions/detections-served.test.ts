import { join } from 'node:path';
import { assert } from 'chai';
import type { PlainTensor } from '../../src/inputs/contract.js';
import type { Prediction } from '../../src/model.js';
import type { OutputSpec } from '../../src/registry/version.js';
import { startBackend, type TestBackend } from '../support/backend.js';
import { temporaryFolder } from '../support/folder.js';
import { addModel, makeGraphs } from '../support/graphs.js';
import { float32 } from './on-image.js';

const CONFIG =
  '<View><Image name="image" value="$image"/><RectangleLabels name="what" toName="image">' +
  '<Label value="ship"/><Label value="plane"/></RectangleLabels></View>';
const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64"/></svg>';
const IMAGE = `data:image/svg+xml;base64,${Buffer.from(SVG).toString('base64')}`;

interface Exported {
  output: Omit<OutputSpec, 'name'>;
  tensors: Record<string, PlainTensor>;
  /** What is shown of its surest box, in percent and degrees; or why it is not served. */
  shown: Record<string, number> | RegExp;
}

const ROWS = { kind: 'detections', tensor: 'output0', labels: ['ship', 'plane'] };
const turned = float32([1, 2, 7], 20, 20, 30, 40, 0.9, 0, 0.5, 0, 0, 0, 0, 0, 0, 0);
const relative = float32([1, 2, 6], 0.5, 0.5, 0.4, 0.2, 0.9, 1, 0, 0, 0, 0, 0, 0);
const segmenting = float32([1, 1, 10], 16, 16, 48, 32, 0.9, 1, 1, 0, 0, 0);

/** End-to-end exports of Ultralytics, in the layouts of its 8.4: `postprocess` of nn/modules/head.py. */
const EXPORTS: Record<string, Exported> = {
  'yolo-det': {
    output: ROWS,
    tensors: { output0: float32([1, 1, 6], 16, 16, 48, 32, 0.9, 1) },
    shown: { x: 25, y: 25, width: 50, height: 25, rotation: 0 },
  },
  'yolo-obb': {
    output: { ...ROWS, columns: ['cx', 'cy', 'width', 'height', 'score', 'class', 'angle'] },
    tensors: { output0: turned },
    // Its first corner lies above the image: the same rectangle, from its next one and a quarter further than 28.6.
    shown: {
      x: ((20 + 15 * Math.cos(0.5) + 20 * Math.sin(0.5)) / 64) * 100,
      y: ((20 + 15 * Math.sin(0.5) - 20 * Math.cos(0.5)) / 64) * 100,
      width: 62.5,
      height: 46.875,
      rotation: 90 + 28.64789,
    },
  },
  'yolo-obb-undeclared': {
    output: ROWS,
    tensors: { output0: turned },
    shown: /a tensor of \[1, 2, 7\], where the columns that are declared are 6, for 'things'/,
  },
  'rt-detr': {
    output: { ...ROWS, columns: ['cx', 'cy', 'width', 'height', 'score', 'class'], unit: 'relative' },
    tensors: { output0: relative },
    shown: { x: 30, y: 40, width: 40, height: 20, rotation: 0 },
  },
  'yolo-seg': {
    output: { ...ROWS, tensors: { prototypes: 'output1' } },
    tensors: { output0: segmenting, output1: float32([1, 4, 2, 2], ...new Array(16).fill(9)) },
    shown: { x: 25, y: 25, width: 50, height: 25, rotation: 0 },
  },
  'yolo-seg-undeclared': {
    output: { ...ROWS, kind: 'yolo' },
    tensors: { output0: segmenting },
    shown: /no axis has the 6 channels/,
  },
};

describe('detectors that choose their boxes themselves', () => {
  let backend: TestBackend;

  before(async function () {
    this.timeout(60_000);
    const root = await temporaryFolder();
    const inputs = { pixel_values: float32([1, 3, 64, 64]) };
    const names = Object.keys(EXPORTS);
    const graphs = await makeGraphs(names.map(name => ({ inputs, outputs: EXPORTS[name]!.tensors })));
    for (const [index, name] of names.entries()) {
      await addModel(root, name, {
        manifest: {
          input: { kind: 'image', width: 64, height: 64, fit: 'letterbox', batch: 1 },
          outputs: [{ name: 'things', control: 'RectangleLabels' }],
        },
        outputs: [{ name: 'things', ...EXPORTS[name]!.output } as OutputSpec],
        graph: graphs[index]!,
        files: {},
      });
    }
    backend = await startBackend({ MODEL_DIR: root });
  });

  after(() => backend.stop());

  for (const [name, { shown }] of Object.entries(EXPORTS)) {
    it(`are served right, or refused: ${name}`, async () => {
      const body = JSON.stringify({ tasks: [{ id: 1, data: { image: IMAGE } }], label_config: CONFIG });
      const response = await fetch(join(backend.url, `models/${name}/predict`), { method: 'POST', body });
      const text = await response.text();
      if (shown instanceof RegExp) {
        assert.include(text, '{"results":[{"error":');
        assert.match(text, shown);
        return;
      }
      assert.equal(response.status, 200, text);
      const [prediction] = (JSON.parse(text) as { results: Prediction[] }).results;
      assert.lengthOf(prediction!.result, 1, text);
      const value = prediction!.result[0]!.value as Record<string, number>;
      for (const [side, number] of Object.entries(shown))
        assert.approximately(value[side]!, number, 1e-3, `${side} in ${text}`);
    });
  }
});
