import type { RegionKind } from './contract.js';
import { bindDetections, type DetectionBinding, encodeDetections } from './image/control.js';
import { rectangle } from './rectangle.js';
import { regionReader } from './spans/reading.js';

/**
 * `<Labels>` on Image: the labels of what another control of the same model shows as a `<Rectangle>`, an `<Ellipse>` or a
 * `<Polygon>`. A detection's two results have the same id and the same place, as the editor wants them; what has no shape has
 * no label.
 *
 * Format: https://labelstud.io/tags/labels
 */
export const imageLabels: RegionKind<DetectionBinding> = {
  tag: 'Labels',
  name: 'Labels on Image',
  type: 'labels',
  optionsSchema: rectangle.optionsSchema,
  ...(rectangle.overridable && { overridable: rectangle.overridable }),
  outputKinds: rectangle.outputKinds,
  needs: ['image'],
  objectTags: ['Image'],
  describes: true,
  check() {},
  bind: bindDetections,

  encode(answer, output, binding) {
    const { results } = encodeDetections(answer, output, binding, 'labels', () => ({}));
    // Which of them are shown is known once all controls are filled.
    return {
      results: results.map(({ value, score, key }) => ({ value, score: score!, key: key!, regionKey: key! })),
      score: null,
    };
  },

  // Of shapes that are numbers or points; a mask has a word for its format.
  reader: ({ parsed }) =>
    regionReader(parsed.labels, 'labels', ({ labels: _, ...shape }) =>
      Object.values(shape).some(each => typeof each === 'string') ? undefined : shape,
    ),

  example: {
    ...rectangle.example,
    control:
      '<Labels name="control" toName="object"><Label value="Car" predicted_values="car"/><Label value="Bus"/></Labels>',
    encoded: {
      results: [{ value: { labels: ['Car'] }, score: 0.875, key: 'box 0', regionKey: 'box 0' }],
      score: 0.875,
    },
    beside: { tag: 'Rectangle', control: '<Rectangle name="beside" toName="object"/>' },
    target: [{ labels: ['Car'] }],
  },
};
