import { ValueAnswer } from '../../src/inference/value-answer.js';
import type { PlainTensor } from '../../src/inputs/contract.js';
import type { VideoMeta } from '../../src/inputs/video/contract.js';
import { cutWindows } from '../../src/inputs/windows.js';
import { bindModel } from '../../src/label-config/bind.js';
import { readLabelConfig } from '../../src/label-config/parse.js';
import type { PredictionItem } from '../../src/model.js';
import type { OutputSpec } from '../../src/registry/version.js';
import { collect } from '../support/predictions.js';
import { metaOf } from './on-image.js';

export const LABELS = '<Label value="Car" predicted_values="car"/><Label value="Bus"/>';
/** A labeling config of a video with some controls on it. */
export const config = (control: string) => `<View><Video name="object" value="$video"/>${control}</View>`;

/** How a video is read. */
export interface Reading {
  /** Frames that are read, and how many of them a second. */
  total: number;
  fps: number;
  frameRate: number;
  /** Frames of a clip, and how many two share. */
  clip?: number;
  overlap?: number;
}

export function metasOf({ total, fps, frameRate, clip = 1, overlap = 0 }: Reading): VideoMeta[] {
  const duration = total / fps;
  const framesCount = Math.max(1, Math.round(duration * frameRate));
  const shown = { video: { framesCount, duration, frameRate }, step: 1 / fps, image: metaOf(100, 50) };
  return cutWindows(total, { size: clip, overlap, fixed: true }).map(window => ({ ...window, ...shown }));
}

export interface Given {
  tag: string;
  xml: string;
  output: Omit<OutputSpec, 'name'>;
  tensors: Record<string, PlainTensor>;
  reading: Reading;
  options?: Record<string, unknown>;
  /** Rows of each run, the last one with what is left. */
  batch?: number;
}

/** What an inference process answers when the rows come batch by batch. */
export function answerTo<V>({ tag, xml, output, tensors, reading, options = {}, batch = 1e9 }: Given) {
  const spec = { name: 'out', ...output } as OutputSpec;
  const manifest = {
    format: 1 as const,
    title: 'M',
    input: { kind: 'video', width: 1, height: 1 },
    outputs: [{ name: 'out', control: tag, ...options }],
  };
  const { binding } = bindModel({ name: 'm', manifest, outputs: [spec] }, readLabelConfig(xml));
  const source = { key: 'm', label: 'm:1', folder: '', input: manifest.input, outputs: [spec] };
  const whole = new ValueAnswer(source, binding.controls);
  const metas = metasOf(reading);
  for (let row = 0; ; row += batch) {
    const own = metas.slice(row, row + batch);
    const outputs = Object.fromEntries(
      Object.entries(tensors).map(([name, { type, data, dims }]) => {
        const size = data.length / metas.length;
        const part = data.slice(row * size, (row + own.length) * size);
        return [name, { type, data: part, dims: [own.length, ...dims.slice(1)] } as PlainTensor];
      }),
    );
    const answer = { outputs, row: 0, metas: own };
    if (row + batch < metas.length) whole.add(answer);
    else {
      const item = JSON.parse(whole.finish(answer)) as PredictionItem;
      collect(xml, [item]);
      return item as {
        result: { value: V; score: number }[];
        score: number | null;
        error?: { message: string };
      };
    }
  }
}
