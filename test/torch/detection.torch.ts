import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { assert } from 'chai';
import type { Prediction } from '../../src/model.js';
import { Markdown, ROOT } from '../markdown.js';
import { startBackend } from '../support/backend.js';
import { temporaryFolder } from '../support/folder.js';
import { TORCH } from './python.js';

const run = promisify(execFile);

const CONFIG =
  '<View><Image name="image" value="$image"/><RectangleLabels name="what" toName="image">' +
  '<Label value="Car" predicted_values="car"/><Label value="bus"/></RectangleLabels></View>';
/** A red and a green rectangle: what the detectors call a car and a bus. In percent of the image. */
const PLACES: Readonly<Record<string, { x: number; y: number; width: number; height: number }>> = {
  Car: { x: 25, y: 12.5, width: 50, height: 25 },
  bus: { x: 6.25, y: 62.5, width: 12.5, height: 25 },
};
const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" width="128" height="64"><rect width="128" height="64"/>' +
  '<rect x="32" y="8" width="64" height="16" fill="#f00"/><rect x="8" y="40" width="16" height="16" fill="#0f0"/></svg>';
const IMAGE = `data:image/svg+xml;base64,${Buffer.from(SVG).toString('base64')}`;

describe('detectors of PyTorch', () => {
  let folder: string;

  before(async () => {
    folder = await temporaryFolder();
    await run(TORCH, [join(ROOT, 'test/torch/detection.py'), folder]);
  });

  /** Exports by the command and checks where the server finds the two. */
  async function finds(script: string, words: readonly string[], repository: string) {
    await run(TORCH, [join(ROOT, script), ...words, '--repository', repository], { cwd: folder });
    const backend = await startBackend({ MODEL_DIR: repository });
    try {
      await backend.setup({ project: '1.1', schema: CONFIG });
      const { body } = await backend.predict({ tasks: [{ id: 1, data: { image: IMAGE } }], project: '1.1' });
      const [prediction] = body.results as Prediction[];
      const { result } = prediction!;
      const found = new Map(
        result.map(({ value, score, type, original_width, original_height }) => {
          assert.deepEqual([type, original_width, original_height], ['rectanglelabels', 128, 64]);
          assert.isAbove(score as number, 0.9);
          const { rectanglelabels, ...box } = value as { rectanglelabels: string[] } & Record<string, number>;
          return [rectanglelabels.join(), box] as const;
        }),
      );
      assert.lengthOf(result, 2);
      for (const [label, place] of Object.entries(PLACES))
        for (const [side, percent] of Object.entries(place))
          assert.approximately(found.get(label)![side]!, percent, 1, `${side} of ${label}`);
    } finally {
      await backend.stop();
    }
  }

  it('are served by the command of models/torch.md, in the style of YOLO: each thing once, bars aside', async () => {
    const page = await Markdown.read('models/torch.md');
    const command = page.blocks('sh').find(block => block.includes('object-detection'))!;
    const [python, script, ...words] = command.replaceAll('\\\n', ' ').trim().split(/\s+/);
    assert.equal(python, '.venv-export/bin/python');
    await finds(script!, words, join(folder, 'yolo'));
  });

  it('are served in the style of DETR', async () => {
    const words = [
      'detr.py:build_model',
      '--weights',
      'detr.pt',
      '--task',
      'object-detection',
      '--name',
      'it',
    ];
    const more = ['--labels', 'car,bus', '--size', '96x64', '--samples', 'photos'];
    await finds('scripts/export_torch.py', [...words, ...more], join(folder, 'detr'));
  });
});
