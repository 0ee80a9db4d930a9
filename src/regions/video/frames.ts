import type { PlainTensor } from '../../inputs/contract.js';
import type { ImageMeta } from '../../inputs/image/contract.js';
import type { VideoMeta } from '../../inputs/video/contract.js';
import { type OutputSpec, tensorsOf } from '../../registry/version.js';
import type { RowOutputs } from '../contract.js';
import { failed } from '../failed.js';

/** What a graph answers for one frame of a video, as if that were an image. */
export interface FrameOutputs extends RowOutputs {
  /** Which of the video's frames that are read it is; 0 for an image. */
  at: number;
}

/**
 * The frames of the rows of a video, also where a row of the graph's is a clip; of an image the one that it is.
 *
 * @throws AppError `model_failed` when the graph's clips have another number of frames
 */
export function* eachFrame(answer: RowOutputs, output: OutputSpec): Generator<FrameOutputs> {
  const metas = answer.metas as readonly (VideoMeta | ImageMeta)[];
  if (!('image' in metas[0]!)) {
    yield { ...answer, at: 0 };
    return;
  }
  const { outputs, perRow } = framesAsRows(answer, output, metas[0]);
  for (const [index, { first, count, image }] of (metas as readonly VideoMeta[]).entries()) {
    for (let frame = 0; frame < count; frame++)
      yield {
        outputs,
        row: (answer.row + index) * perRow + frame,
        metas: [image],
        at: first + frame,
      };
  }
}

/** The output with a row for each frame. */
function framesAsRows({ outputs }: RowOutputs, output: OutputSpec, { size }: VideoMeta) {
  const { dims } = outputs[output.tensor ?? output.tensors!.boxes!]!;
  const isClip = dims.length === 4;
  if (isClip ? dims[1] !== size : size > 1)
    throw failed(output, `a tensor of [${dims.join(', ')}], and not of ${size} frames a row,`);
  if (!isClip) return { outputs, perRow: 1 };
  const flat = ([rows = 0, frames = 0, ...rest]: readonly number[]) => [rows * frames, ...rest];
  const entries = tensorsOf(output).map((name): [string, PlainTensor] => {
    const tensor = outputs[name]!;
    return [name, { ...tensor, dims: flat(tensor.dims) }];
  });
  return { outputs: Object.fromEntries(entries), perRow: size };
}
