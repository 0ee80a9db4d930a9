import { AppError } from '../errors.js';
import type { ImageMeta } from '../inputs/image/contract.js';
import type { RegionBody, RegionKind } from './contract.js';
import { FRAME_EXAMPLE, IMAGE_EXAMPLE } from './image/box-kind.js';
import {
  configLabels,
  DETECTION_OPTIONS,
  type DetectionBinding,
  labelsKey,
  leastScore,
  selectionOf,
} from './image/control.js';
import { frameOf, percent } from './image/geometry.js';
import { keyPoints } from './image/key-points.js';
import { KEY_POINTS } from './image/kinds.js';
import { regionReader } from './spans/reading.js';

/** How large the editor draws a point, in percent of the image's width. It tells nothing of the model. */
const POINT_SIZE = 0.5;

/**
 * Points outside of the image are not shown. Where a detector gives boxes and points and a control of the config shows the
 * boxes, they are the points' parents.
 */
function keyPointKind(tag: string): RegionKind<DetectionBinding> {
  const key = labelsKey(tag);
  const label = key === null ? {} : { [key]: ['Nose'] };
  const value = { x: 75, y: 25, width: POINT_SIZE };
  return {
    tag,
    type: tag.toLowerCase(),
    ...DETECTION_OPTIONS,
    outputKinds: KEY_POINTS,
    needs: ['image'],
    objectTags: ['Image'],
    check() {},

    bind(target, output, options, rules = {}) {
      const isDetector = output.kind === 'yolo' || output.kind === 'detections';
      const names = (isDetector ? output.points : output.labels) as readonly string[] | undefined;
      if (names === undefined)
        throw new AppError('no_model_fits', `gives no points for '${output.name}', which ${tag} needs`);
      return {
        labels: key === null ? null : configLabels(target, names, rules),
        ...selectionOf(output, options),
      };
    },

    encode(answer, output, binding) {
      const meta = answer.metas[0] as ImageMeta;
      const results = keyPoints(answer, output, binding).flatMap(
        ({ label, place, score, parentKey }): RegionBody[] => {
          const [x, y] = [percent(place[0], meta.width), percent(place[1], meta.height)];
          const name = binding.labels === null ? '' : binding.labels[label]!;
          if (name === null || ![x, y].every(each => each >= 0 && each <= 100)) return [];
          return [
            {
              value: { x, y, width: POINT_SIZE, ...(key !== null && { [key]: [name] }) },
              ...(score !== null && { score }),
              ...(parentKey !== undefined && { parentKey }),
              ...frameOf(meta),
            },
          ];
        },
      );
      return { results, score: leastScore(results) };
    },

    reader: ({ parsed }) =>
      regionReader(parsed.labels, key, ({ x, y }) =>
        Number.isFinite(x) && Number.isFinite(y) ? { x, y } : undefined,
      ),

    example: {
      control: `<${tag} name="control" toName="object">${key === null ? '' : '<Label value="Nose"/><Label value="Tail"/>'}</${tag}>`,
      options: {},
      input: IMAGE_EXAMPLE,
      output: { name: 'points', kind: 'keypoints', tensors: { points: 'points' }, labels: ['Nose', 'Tail'] },
      outputs: {
        points: { type: 'float32', data: Float32Array.of(1.5, 0.5, 0.75, 1, 1, 0.25), dims: [1, 2, 3] },
      },
      encoded: { results: [{ value: { ...value, ...label }, score: 0.75, ...FRAME_EXAMPLE }], score: 0.75 },
      target: [{ x: 75, y: 25, labels: key === null ? [] : ['Nose'] }],
    },
  };
}

/** Key points to `<KeyPoint>`, without labels. Format: https://labelstud.io/tags/keypoint */
export const keyPoint = keyPointKind('KeyPoint');

/** Key points to `<KeyPointLabels>`, labelled by what they are. Format: https://labelstud.io/tags/keypointlabels */
export const keyPointLabels = keyPointKind('KeyPointLabels');
